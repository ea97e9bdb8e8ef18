-- Those that are done, by when they were.
CREATE INDEX IF NOT EXISTS bulk_revocations_finished ON bulk_revocations (finished_at)
    WHERE finished_at IS NOT NULL;
