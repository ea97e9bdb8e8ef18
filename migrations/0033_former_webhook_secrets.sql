-- What signed for an endpoint before and still does, each until its own time. It replaces the columns
-- previous_* of webhook_endpoints, which have room for one. They stay, and empty, so that a former version can
-- run beside this one; it signs with the current secret alone meanwhile.
CREATE TABLE former_webhook_secrets (
    endpoint_id UUID NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    -- Encrypted under a hash key, with a nonce that is never used again.
    secret BYTEA NOT NULL,
    hash_key TEXT NOT NULL,
    replaced_at BIGINT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (endpoint_id, secret)
);

CREATE INDEX former_webhook_secrets_until ON former_webhook_secrets (until);

-- When it was replaced is not known; it was before anything that follows.
INSERT INTO former_webhook_secrets (endpoint_id, secret, hash_key, replaced_at, until)
SELECT id, previous_secret, previous_hash_key, created_at, previous_until
FROM webhook_endpoints
WHERE previous_secret IS NOT NULL
    AND previous_hash_key IS NOT NULL
    AND previous_until IS NOT NULL;

UPDATE webhook_endpoints
SET previous_secret = NULL, previous_hash_key = NULL, previous_until = NULL
WHERE previous_secret IS NOT NULL;
