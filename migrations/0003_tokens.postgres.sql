-- Every token of every kind, by the digest of its text. Pages keep room, so that writing down the
-- last use stays within the page and touches no index.
CREATE TABLE tokens (
    id UUID NOT NULL PRIMARY KEY,
    digest BYTEA NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    hash_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    grant_id UUID REFERENCES grants (id),
    client_id UUID REFERENCES clients (id),
    user_id UUID REFERENCES users (id),
    organization_id UUID REFERENCES organizations (id),
    customer TEXT,
    name TEXT,
    scopes TEXT NOT NULL,
    hint TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    last_used_from TEXT,
    revoked_at BIGINT,
    revoked_reason TEXT,
    CHECK (
        kind IN (
            'personal_access_token', 'organization_access_token', 'access_token', 'refresh_token',
            'authorization_code', 'client_secret', 'client_registration_token',
            'user_session_token', 'customer_session_token', 'service_key'
        )
    ),
    CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
) WITH (fillfactor = 90);

CREATE INDEX tokens_user ON tokens (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX tokens_organization ON tokens (organization_id, id) WHERE organization_id IS NOT NULL;
CREATE INDEX tokens_client ON tokens (client_id, id) WHERE client_id IS NOT NULL;
CREATE INDEX tokens_grant ON tokens (grant_id) WHERE grant_id IS NOT NULL;
CREATE INDEX tokens_service_keys ON tokens (id) WHERE kind = 'service_key';
