-- What an OAuth 2 and OpenID Connect server keeps besides tokens.
ALTER TABLE users ADD COLUMN name TEXT;
-- When somebody first proved to read the mail that goes to the address.
ALTER TABLE users ADD COLUMN email_verified_at BIGINT;

-- What a client registered (RFC 7591 2), as JSON; the other columns are the operator's decisions.
ALTER TABLE clients ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';
ALTER TABLE clients ADD COLUMN first_party BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE clients ADD COLUMN require_pkce BOOLEAN NOT NULL DEFAULT TRUE;
-- A resource server: it may introspect tokens of every kind and audience.
ALTER TABLE clients ADD COLUMN introspects_all BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE clients ADD COLUMN registered_from TEXT;
ALTER TABLE clients ADD COLUMN modified_at BIGINT;
-- Set together with disabled_at, so that every lookup of a token sees it.
ALTER TABLE clients ADD COLUMN deleted_at BIGINT;

CREATE INDEX clients_registered ON clients (registered_from, created_at)
    WHERE registered_from IS NOT NULL;

-- What the authorization request said, as far as its tokens need it.
ALTER TABLE grants ADD COLUMN sid UUID;
ALTER TABLE grants ADD COLUMN auth_time BIGINT;
ALTER TABLE grants ADD COLUMN redirect_uri TEXT;
ALTER TABLE grants ADD COLUMN code_challenge TEXT;
ALTER TABLE grants ADD COLUMN nonce TEXT;
ALTER TABLE grants ADD COLUMN claims TEXT;
ALTER TABLE grants ADD COLUMN resources TEXT;
-- No refresh token of the family lives longer.
ALTER TABLE grants ADD COLUMN ends_at BIGINT;

CREATE INDEX grants_sid ON grants (sid) WHERE sid IS NOT NULL;

-- What a user allowed a client, remembered from one authorization to the next. Whoever mints a
-- grant holds this row, and whoever withdraws consent takes it away first.
CREATE TABLE consents (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    client_id UUID NOT NULL REFERENCES clients (id),
    organization_id UUID REFERENCES organizations (id),
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX consents_of_user ON consents (user_id, client_id)
    WHERE organization_id IS NULL;
CREATE UNIQUE INDEX consents_for_organization ON consents (user_id, client_id, organization_id)
    WHERE organization_id IS NOT NULL;
CREATE INDEX consents_client ON consents (client_id);
-- Neither index above finds a row where it is not known whether it is about an organization.
CREATE INDEX consents_user ON consents (user_id, client_id);

-- What is known about a user_session_token besides the token.
CREATE TABLE sessions (
    token_id UUID NOT NULL PRIMARY KEY REFERENCES tokens (id),
    -- Stays the same when somebody signs in again in the same browser (OpenID Connect `sid`).
    sid UUID NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id),
    -- When the person really signed in.
    auth_time BIGINT NOT NULL,
    method TEXT NOT NULL,
    user_agent TEXT,
    address TEXT
);

CREATE INDEX sessions_sid ON sessions (sid);

-- Codes for signing in, bound to the browser that asked; the latest one of a browser counts. A code
-- is made from the id and the hash key named here, so it is written down nowhere.
CREATE TABLE login_codes (
    id UUID NOT NULL PRIMARY KEY,
    browser_digest BYTEA NOT NULL,
    email TEXT NOT NULL,
    -- Whether a code may answer it: one was mailed, or the address has a fixed one.
    answerable BOOLEAN NOT NULL,
    hash_key TEXT NOT NULL,
    address TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    used_at BIGINT
);

CREATE INDEX login_codes_browser ON login_codes (browser_digest, created_at);
CREATE INDEX login_codes_email ON login_codes (email, created_at);
CREATE INDEX login_codes_address ON login_codes (address, created_at) WHERE address IS NOT NULL;
CREATE INDEX login_codes_expiry ON login_codes (expires_at);

-- Keys that sign ID tokens and logout tokens. A key is next until `active_from`, active until a
-- later one is, and retired until it is deleted. The private half is encrypted under a key that is
-- derived from the hash key named here.
CREATE TABLE signing_keys (
    id UUID NOT NULL PRIMARY KEY,
    kid TEXT NOT NULL UNIQUE,
    algorithm TEXT NOT NULL CHECK (algorithm IN ('RS256', 'ES256')),
    public_jwk TEXT NOT NULL,
    private_key BYTEA NOT NULL,
    hash_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    active_from BIGINT NOT NULL
);

CREATE INDEX signing_keys_schedule ON signing_keys (algorithm, active_from);

-- Logout tokens that clients have yet to be sent (OpenID Connect Back-Channel Logout 1.0). Claimed
-- as letters are: a claim is a due time moved into the future.
CREATE TABLE logout_notices (
    id UUID NOT NULL PRIMARY KEY,
    client_id UUID NOT NULL REFERENCES clients (id),
    user_id UUID NOT NULL REFERENCES users (id),
    sid UUID NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    claim UUID,
    attempts BIGINT NOT NULL,
    last_error TEXT,
    sent_at BIGINT,
    dead_at BIGINT,
    UNIQUE (client_id, sid)
);

CREATE INDEX logout_notices_due ON logout_notices (due_at)
    WHERE sent_at IS NULL AND dead_at IS NULL;
