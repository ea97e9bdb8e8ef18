-- What happened, who did it, and in which order: each row is chained to the one before it. Rows are
-- appended by whoever acts and chained a moment later, one batch after another.
CREATE TABLE audit_log (
    id UUID NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor TEXT,
    origin TEXT,
    -- The key by which the origin proved itself.
    key_id TEXT,
    request_id UUID,
    -- What it is about. Neither a place nor an address is ever kept here.
    token_id UUID,
    exposure_id UUID,
    user_id UUID,
    organization_id UUID,
    client_id UUID,
    -- Whatever else is known, as JSON.
    detail TEXT,
    -- Its place in the chain, from 1, and the link to the row before it. None until it is chained.
    seq BIGINT,
    link BYTEA
);

CREATE UNIQUE INDEX audit_log_chain ON audit_log (seq) WHERE seq IS NOT NULL;
CREATE INDEX audit_log_loose ON audit_log (id) WHERE seq IS NULL;
-- Asked at each start, to tell what is configured otherwise than before.
CREATE INDEX audit_log_configuration ON audit_log (id) WHERE event = 'configuration.changed';
CREATE INDEX audit_log_token ON audit_log (token_id) WHERE token_id IS NOT NULL;

CREATE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END
$$;

CREATE TRIGGER audit_log_is_append_only BEFORE UPDATE ON audit_log
    FOR EACH ROW WHEN (OLD.seq IS NOT NULL) EXECUTE FUNCTION audit_log_refuse();

-- The end of the chain, and how much of its beginning is past keeping. One row.
CREATE TABLE audit_head (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    seq BIGINT NOT NULL,
    link BYTEA NOT NULL,
    pruned_seq BIGINT NOT NULL,
    pruned_link BYTEA NOT NULL,
    -- The hash key that vouches for this row; none before the first batch.
    hash_key TEXT,
    seal BYTEA
);

INSERT INTO audit_head (one, seq, link, pruned_seq, pruned_link)
VALUES (1, 0, decode(repeat('00', 32), 'hex'), 0, decode(repeat('00', 32), 'hex'));
