-- Attempts to use a token after it leaked: how often, from where, by which way in.
CREATE TABLE leaked_uses (
    token_id UUID NOT NULL REFERENCES tokens (id),
    -- introspection, api, session, token_endpoint, client or service
    via TEXT NOT NULL,
    -- Empty when nobody said.
    address TEXT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    times BIGINT NOT NULL,
    PRIMARY KEY (token_id, via, address)
);

-- Whose owner was told that somebody tries it: once per token.
CREATE TABLE leaked_use_alarms (
    token_id UUID NOT NULL PRIMARY KEY REFERENCES tokens (id),
    raised_at BIGINT NOT NULL
);
