-- What origins sent, where tokens were seen, and what is still to be told about it.
CREATE TABLE deliveries (
    id UUID NOT NULL PRIMARY KEY,
    origin TEXT NOT NULL,
    body_digest BYTEA NOT NULL,
    key_id TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    report_count BIGINT NOT NULL,
    -- One bit per report, first report in the highest bit of the first byte: 1 is a true positive.
    verdicts BYTEA NOT NULL,
    UNIQUE (origin, body_digest)
);

CREATE TABLE exposures (
    id UUID NOT NULL PRIMARY KEY,
    token_id UUID NOT NULL REFERENCES tokens (id),
    delivery_id UUID REFERENCES deliveries (id),
    origin TEXT NOT NULL,
    place_key BYTEA NOT NULL,
    url TEXT,
    source TEXT,
    first_seen_at BIGINT NOT NULL,
    state_before TEXT NOT NULL,
    revoked_at BIGINT NOT NULL,
    verdict TEXT NOT NULL,
    UNIQUE (token_id, place_key)
);

CREATE TABLE outbox (
    id UUID NOT NULL PRIMARY KEY,
    exposure_id UUID REFERENCES exposures (id),
    recipient TEXT NOT NULL,
    letter TEXT NOT NULL,
    -- Lower leaves first.
    priority BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- When to try next. Whoever claims a letter moves this to the end of the claim.
    due_at BIGINT NOT NULL,
    claim UUID,
    attempts BIGINT NOT NULL,
    last_error TEXT,
    sent_at BIGINT,
    dead_at BIGINT
);

CREATE UNIQUE INDEX outbox_once_per_place ON outbox (exposure_id, recipient)
    WHERE exposure_id IS NOT NULL;
-- What to claim next; whether anything is due; since when the oldest waits.
CREATE INDEX outbox_next ON outbox (priority, due_at) WHERE sent_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_due ON outbox (due_at) WHERE sent_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_age ON outbox (created_at) WHERE sent_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_unsent ON outbox (id) WHERE sent_at IS NULL;
CREATE INDEX outbox_dead ON outbox (dead_at) WHERE dead_at IS NOT NULL;
