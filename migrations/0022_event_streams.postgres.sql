-- Machines that are sent Security Event Tokens (OpenID Shared Signals Framework 1.0).
CREATE TABLE event_streams (
    id UUID NOT NULL PRIMARY KEY,
    -- Whose it is: a service key or an organization's token, or else a client. It ends with that.
    token_id UUID,
    client_id UUID,
    -- Whose events it may carry: everything, organization or client.
    sees TEXT NOT NULL,
    organization_id UUID,
    -- push or poll; where it is pushed, and with what header, encrypted under a hash key.
    method TEXT NOT NULL,
    endpoint_url TEXT,
    sealed_header BYTEA,
    hash_key TEXT,
    -- What was asked for, as a JSON list; null is everything.
    requested TEXT,
    format TEXT NOT NULL,
    description TEXT,
    -- ALL or NONE; the rows of event_stream_subjects are exceptions from it.
    default_subjects TEXT NOT NULL,
    -- enabled, paused or disabled, who set that, and why.
    status TEXT NOT NULL,
    status_by TEXT NOT NULL,
    reason TEXT,
    created_at BIGINT NOT NULL,
    -- When it was last asked to be verified.
    verified_at BIGINT,
    deleted_at BIGINT,
    -- Since when every push fails, how many did, and until when it is left alone because of that.
    failing_since BIGINT,
    failures BIGINT NOT NULL,
    paused_until BIGINT NOT NULL,
    -- Who pushes, and until when nobody else does: what is sent keeps its order.
    claim UUID,
    claimed_until BIGINT NOT NULL,
    served_at BIGINT NOT NULL
);

CREATE INDEX event_streams_active ON event_streams (sees, id)
    WHERE deleted_at IS NULL AND status <> 'disabled';
CREATE INDEX event_streams_push ON event_streams (served_at)
    WHERE deleted_at IS NULL AND method = 'push';
CREATE INDEX event_streams_stopped ON event_streams (status_by)
    WHERE deleted_at IS NULL AND status = 'disabled';
CREATE INDEX event_streams_token ON event_streams (token_id) WHERE token_id IS NOT NULL;
CREATE INDEX event_streams_client ON event_streams (client_id) WHERE client_id IS NOT NULL;
CREATE INDEX event_streams_organization ON event_streams (organization_id)
    WHERE organization_id IS NOT NULL;
CREATE INDEX event_streams_deleted ON event_streams (deleted_at) WHERE deleted_at IS NOT NULL;

-- What they are sent; the id is the `jti`. No reference to the stream: whoever deletes one must stop
-- nobody who revokes.
CREATE TABLE event_messages (
    id UUID NOT NULL PRIMARY KEY,
    stream_id UUID NOT NULL,
    type TEXT NOT NULL,
    -- What happened, by ids, as JSON.
    body TEXT NOT NULL,
    user_id UUID,
    created_at BIGINT NOT NULL,
    -- The order within one transaction.
    position BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    -- When it was taken, refused or given up, and why.
    settled_at BIGINT,
    outcome TEXT,
    error TEXT
);

CREATE INDEX event_messages_next ON event_messages (stream_id, created_at, position, id)
    WHERE settled_at IS NULL;
CREATE INDEX event_messages_waiting ON event_messages (created_at) WHERE settled_at IS NULL;
CREATE INDEX event_messages_settled ON event_messages (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX event_messages_stream ON event_messages (stream_id, id);

-- Who was removed from a stream about everybody, or added to one about nobody.
CREATE TABLE event_stream_subjects (
    stream_id UUID NOT NULL,
    -- user, organization or client
    kind TEXT NOT NULL,
    subject_id UUID NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (stream_id, kind, subject_id)
);
