-- Endpoints that are not told for now, and hear later what they missed.
CREATE INDEX IF NOT EXISTS webhook_endpoints_failing ON webhook_endpoints (disabled_at)
    WHERE disabled_why IN ('gone', 'failing') AND deleted_at IS NULL;

-- What an endpoint missed, however much it was told besides.
CREATE INDEX IF NOT EXISTS webhook_messages_missed ON webhook_messages (endpoint_id, id)
    WHERE delivered_at IS NULL;
