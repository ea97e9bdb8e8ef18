-- Who ordered what a job does: the tokens that end by it end in their name.
CREATE TABLE IF NOT EXISTS bulk_revocation_actors (
    bulk_revocation_id UUID NOT NULL PRIMARY KEY REFERENCES bulk_revocations (id) ON DELETE CASCADE,
    -- As in audit_log.
    actor_kind TEXT NOT NULL,
    actor TEXT,
    request_id UUID
);
