-- PostgreSQL keeps samples of what a column holds for its plans, and a place that was removed stays in them
-- until the table is analyzed again, which may take years. Nothing is searched by these columns. Whoever sets
-- a type, be it the same, removes what was sampled.
ALTER TABLE exposures
    ALTER COLUMN url TYPE TEXT,
    ALTER COLUMN source TYPE TEXT,
    ALTER COLUMN url SET STATISTICS 0,
    ALTER COLUMN source SET STATISTICS 0;
ALTER TABLE outbox
    ALTER COLUMN letter TYPE TEXT,
    ALTER COLUMN last_error TYPE TEXT,
    ALTER COLUMN letter SET STATISTICS 0,
    ALTER COLUMN last_error SET STATISTICS 0;
ALTER TABLE digest_entries
    ALTER COLUMN letter TYPE TEXT,
    ALTER COLUMN letter SET STATISTICS 0;
ALTER TABLE webhook_messages
    ALTER COLUMN body TYPE TEXT,
    ALTER COLUMN body SET STATISTICS 0;
