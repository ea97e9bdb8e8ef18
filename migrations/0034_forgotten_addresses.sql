-- Network addresses are forgotten some time later.
CREATE INDEX IF NOT EXISTS leaked_uses_addresses ON leaked_uses (last_at) WHERE address <> '';
CREATE INDEX IF NOT EXISTS clients_addresses ON clients (created_at)
    WHERE registered_from IS NOT NULL;

-- As deleting a client does from now on.
UPDATE clients SET metadata = '{}' WHERE deleted_at IS NOT NULL AND metadata <> '{}';
