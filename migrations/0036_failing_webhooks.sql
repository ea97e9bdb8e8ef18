-- Endpoints that are not told for now, and hear later what they missed.
CREATE INDEX IF NOT EXISTS webhook_endpoints_failing ON webhook_endpoints (disabled_at)
    WHERE disabled_why IN ('gone', 'failing') AND deleted_at IS NULL;
