-- Who is told by machine, and how it is going.
CREATE TABLE webhook_endpoints (
    id UUID NOT NULL PRIMARY KEY,
    -- Whose tokens it hears of; none for operators, who hear of all.
    organization_id UUID REFERENCES organizations (id),
    url TEXT NOT NULL,
    -- Types of event, with a space between them.
    events TEXT NOT NULL,
    -- What signs, encrypted under a hash key; two while they are exchanged.
    secret BYTEA NOT NULL,
    hash_key TEXT NOT NULL,
    previous_secret BYTEA,
    previous_hash_key TEXT,
    previous_until BIGINT,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT,
    disabled_why TEXT,
    deleted_at BIGINT,
    -- Since when every try fails, how many did, and until when it is left alone because of that.
    failing_since BIGINT,
    failures BIGINT NOT NULL,
    paused_until BIGINT NOT NULL,
    -- When its messages were last claimed: whoever waits longest is next.
    served_at BIGINT NOT NULL
);

CREATE INDEX webhook_endpoints_active ON webhook_endpoints (served_at)
    WHERE disabled_at IS NULL AND deleted_at IS NULL;
CREATE INDEX webhook_endpoints_organization ON webhook_endpoints (organization_id);
CREATE INDEX webhook_endpoints_deleted ON webhook_endpoints (deleted_at)
    WHERE deleted_at IS NOT NULL;

-- What they are told. No reference to the endpoint: whoever deletes one must stop nobody who revokes.
CREATE TABLE webhook_messages (
    id UUID NOT NULL PRIMARY KEY,
    endpoint_id UUID NOT NULL,
    type TEXT NOT NULL,
    exposure_id UUID,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- Since when it is tried: when it was made, or asked for again.
    queued_at BIGINT NOT NULL,
    -- When to try next. Whoever claims a message moves this to the end of the claim.
    due_at BIGINT NOT NULL,
    claim UUID,
    attempts BIGINT NOT NULL,
    delivered_at BIGINT,
    dead_at BIGINT
);

CREATE INDEX webhook_messages_next ON webhook_messages (endpoint_id, due_at)
    WHERE delivered_at IS NULL AND dead_at IS NULL;
CREATE INDEX webhook_messages_endpoint ON webhook_messages (endpoint_id, id);
CREATE INDEX webhook_messages_exposure ON webhook_messages (exposure_id)
    WHERE exposure_id IS NOT NULL;
CREATE INDEX webhook_messages_age ON webhook_messages (created_at);
CREATE INDEX webhook_messages_dead ON webhook_messages (dead_at) WHERE dead_at IS NOT NULL;

-- How each try went.
CREATE TABLE webhook_attempts (
    id UUID NOT NULL PRIMARY KEY,
    endpoint_id UUID NOT NULL,
    message_id UUID NOT NULL,
    at BIGINT NOT NULL,
    -- The status of the answer, or what kept it from coming.
    status BIGINT,
    error TEXT,
    took_ms BIGINT NOT NULL
);

CREATE INDEX webhook_attempts_endpoint ON webhook_attempts (endpoint_id, id);
CREATE INDEX webhook_attempts_age ON webhook_attempts (at);
