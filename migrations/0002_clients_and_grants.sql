-- Applications, and what users allowed them. The tokens minted from one grant are its family.
CREATE TABLE clients (
    id UUID NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    owner_user_id UUID REFERENCES users (id),
    created_at BIGINT NOT NULL,
    disabled_at BIGINT
);

CREATE INDEX clients_owner ON clients (owner_user_id) WHERE owner_user_id IS NOT NULL;

CREATE TABLE grants (
    id UUID NOT NULL PRIMARY KEY,
    client_id UUID NOT NULL REFERENCES clients (id),
    user_id UUID NOT NULL REFERENCES users (id),
    organization_id UUID REFERENCES organizations (id),
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

CREATE INDEX grants_user ON grants (user_id);
CREATE INDEX grants_client ON grants (client_id);
