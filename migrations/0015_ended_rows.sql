-- By which time what is over is found; and what refers to rows that go, so that nothing is searched
-- from end to end when they do.
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX deliveries_received ON deliveries (received_at);
CREATE INDEX exposures_delivery ON exposures (delivery_id) WHERE delivery_id IS NOT NULL;
CREATE INDEX logout_notices_settled ON logout_notices (COALESCE(sent_at, dead_at))
    WHERE sent_at IS NOT NULL OR dead_at IS NOT NULL;
