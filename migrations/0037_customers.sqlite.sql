-- `UUID` is a number to SQLite and `BLOB` is none, so that the index of one is of no use for finding the
-- other: whoever looked for the token of an exposure read all tokens. What is stored stays the same.
-- https://www.sqlite.org/lang_altertable.html, "making other kinds of table schema changes"
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, ' UUID', ' BLOB') WHERE type = 'table';

-- What a customer has.
CREATE INDEX IF NOT EXISTS tokens_customer ON tokens (customer, id) WHERE customer IS NOT NULL;

-- Reads the schema anew. Other connections do so because of the statement above.
PRAGMA writable_schema = RESET;
