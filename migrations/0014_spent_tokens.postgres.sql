-- What stays of a token that ended long ago: enough to know it again, whose it was and what dies with
-- it. Only its digest is ever asked for.
CREATE TABLE spent_tokens (
    digest BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(digest) = 32),
    id UUID NOT NULL,
    hash_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    grant_id UUID,
    client_id UUID,
    user_id UUID,
    organization_id UUID,
    customer TEXT,
    hint TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    revoked_reason TEXT,
    spent_at BIGINT NOT NULL
);

-- From when a token counts as expired that expired earlier, because it was still needed then.
ALTER TABLE tokens ADD COLUMN needed_at BIGINT;

-- Not by `revoked_at`: what is in no index is changed without touching any (PostgreSQL: HOT).
CREATE INDEX tokens_expired ON tokens (kind, COALESCE(needed_at, expires_at))
    WHERE COALESCE(needed_at, expires_at) IS NOT NULL;
