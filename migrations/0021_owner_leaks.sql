-- When each owner of tokens last leaked one. The row is held while a leak is written down, so that of
-- two leaks at once the later one knows of the other. Null until the first was written down.
CREATE TABLE owner_leaks (
    -- user or organization
    owner_kind TEXT NOT NULL,
    owner_id UUID NOT NULL,
    leaked_at BIGINT,
    PRIMARY KEY (owner_kind, owner_id)
);
