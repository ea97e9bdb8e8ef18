-- People who may operate the service from its pages.
CREATE TABLE operators (
    user_id UUID NOT NULL PRIMARY KEY REFERENCES users (id),
    since BIGINT NOT NULL
);

-- What was counted, by the hour: what operators see over time.
CREATE TABLE figures (
    -- When the hour began.
    at BIGINT NOT NULL,
    series TEXT NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (at, series)
);

CREATE INDEX consents_organization ON consents (organization_id, used_at)
    WHERE organization_id IS NOT NULL;
