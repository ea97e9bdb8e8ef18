-- From where leaked tokens were tried is removed from messages some time later; what this holds has it yet.
CREATE INDEX IF NOT EXISTS webhook_messages_addresses ON webhook_messages (created_at)
    WHERE type = 'exposure.attempted' AND body::jsonb #>> '{data,attempt,address}' IS NOT NULL;
