-- What internal services were answered, so that a repeated request is the same request.
CREATE TABLE idempotency_keys (
    -- The service key that sent it.
    service_key_id UUID NOT NULL REFERENCES tokens (id),
    -- SHA-256 of the header Idempotency-Key.
    key_digest BYTEA NOT NULL,
    -- SHA-256 of the request.
    request_digest BYTEA NOT NULL,
    -- Holds ids and states, never a token or a place.
    answer TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (service_key_id, key_digest)
);

CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- Revoking everything of an owner, a client or a kind, in batches.
CREATE TABLE bulk_revocations (
    id UUID NOT NULL PRIMARY KEY,
    -- The service key that asked for it; none when an operator did.
    service_key_id UUID REFERENCES tokens (id),
    -- Which tokens, as JSON.
    selection TEXT NOT NULL,
    reason TEXT NOT NULL,
    -- Tokens that are made later are spared.
    requested_at BIGINT NOT NULL,
    -- How many were counted when it was asked for, and how many have died of it.
    counted BIGINT NOT NULL,
    revoked BIGINT NOT NULL,
    -- The last token that was looked at.
    position UUID NOT NULL,
    -- When to go on. Whoever claims it moves this to the end of the claim.
    due_at BIGINT NOT NULL,
    claim UUID,
    finished_at BIGINT
);

CREATE INDEX bulk_revocations_next ON bulk_revocations (due_at) WHERE finished_at IS NULL;
-- Asked whenever tokens are deleted, because service keys are tokens.
CREATE INDEX bulk_revocations_service_key ON bulk_revocations (service_key_id);
