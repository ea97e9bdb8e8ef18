-- `UUID` is a number to SQLite and `BLOB` is none, so that the index of one is of no use for finding the
-- other: whoever looked for the token of an exposure read all tokens. What is stored stays the same.
-- Tables of others that share the file stay as they are.
-- https://www.sqlite.org/lang_altertable.html, "making other kinds of table schema changes"
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, ' UUID', ' BLOB') WHERE type = 'table' AND name IN (
    'bulk_revocation_actors', 'bulk_revocations', 'clients', 'consents', 'deliveries',
    'digest_entries', 'event_messages', 'event_stream_subjects', 'event_streams', 'exposures',
    'former_webhook_secrets', 'grants', 'idempotency_keys', 'leaked_use_alarms', 'leaked_uses',
    'login_codes', 'logout_notices', 'operators', 'organization_members', 'organizations', 'outbox',
    'owner_leaks', 'sessions', 'signing_keys', 'users', 'webhook_attempts', 'webhook_endpoints',
    'webhook_messages'
);

-- What a customer has.
CREATE INDEX IF NOT EXISTS tokens_customer ON tokens (customer, id) WHERE customer IS NOT NULL;

-- Reads the schema anew. Other connections do so because of the statement above.
PRAGMA writable_schema = RESET;
