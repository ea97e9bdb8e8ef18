-- Every token of every kind, by the digest of its text. Clustered on the digest, which is how it is
-- looked up: one tree to walk instead of two.
CREATE TABLE tokens (
    digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    id BLOB NOT NULL UNIQUE,
    hash_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    grant_id BLOB REFERENCES grants (id),
    client_id BLOB REFERENCES clients (id),
    user_id BLOB REFERENCES users (id),
    organization_id BLOB REFERENCES organizations (id),
    customer TEXT,
    name TEXT,
    scopes TEXT NOT NULL,
    hint TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    last_used_from TEXT,
    revoked_at INTEGER,
    revoked_reason TEXT,
    CHECK (
        kind IN (
            'personal_access_token', 'organization_access_token', 'access_token', 'refresh_token',
            'authorization_code', 'client_secret', 'client_registration_token',
            'user_session_token', 'customer_session_token', 'service_key'
        )
    ),
    CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX tokens_user ON tokens (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX tokens_organization ON tokens (organization_id, id) WHERE organization_id IS NOT NULL;
CREATE INDEX tokens_client ON tokens (client_id, id) WHERE client_id IS NOT NULL;
CREATE INDEX tokens_grant ON tokens (grant_id) WHERE grant_id IS NOT NULL;
CREATE INDEX tokens_service_keys ON tokens (id) WHERE kind = 'service_key';
