-- Hash keys that were ever used, to recognise a wrong one; and the public keys of origins.
CREATE TABLE hash_keys (
    id TEXT NOT NULL PRIMARY KEY,
    canary BYTEA NOT NULL,
    first_used_at BIGINT NOT NULL
);

CREATE TABLE origin_key_sets (
    origin TEXT NOT NULL PRIMARY KEY,
    etag TEXT,
    fetched_at BIGINT NOT NULL
);

CREATE TABLE origin_keys (
    origin TEXT NOT NULL REFERENCES origin_key_sets (origin) ON DELETE CASCADE,
    key_id TEXT NOT NULL,
    pem TEXT NOT NULL,
    is_current BOOLEAN NOT NULL,
    PRIMARY KEY (origin, key_id)
);
