-- `UUID` is a number to SQLite and `BLOB` is none, so that the index of one is of no use for finding the
-- other: deleting a grant would read every token, to see that none names it. What is stored stays the
-- same. https://www.sqlite.org/lang_altertable.html, "making other kinds of table schema changes"
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(sql, 'id UUID NOT NULL PRIMARY KEY', 'id BLOB NOT NULL PRIMARY KEY')
WHERE type = 'table' AND name = 'grants';

-- What stays of a token that ended long ago: enough to know it again, whose it was and what dies with
-- it. Only its digest is ever asked for.
CREATE TABLE spent_tokens (
    digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    id BLOB NOT NULL,
    hash_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    grant_id BLOB,
    client_id BLOB,
    user_id BLOB,
    organization_id BLOB,
    customer TEXT,
    hint TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    revoked_reason TEXT,
    spent_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- From when a token counts as expired that expired earlier, because it was still needed then.
ALTER TABLE tokens ADD COLUMN needed_at INTEGER;

-- Not by `revoked_at`: what is in no index is changed without touching any (PostgreSQL: HOT).
CREATE INDEX tokens_expired ON tokens (kind, COALESCE(needed_at, expires_at))
    WHERE COALESCE(needed_at, expires_at) IS NOT NULL;

-- Reads the schema anew. Other connections do so because of the statements above.
PRAGMA writable_schema = RESET;
