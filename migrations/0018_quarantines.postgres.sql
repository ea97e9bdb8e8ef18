-- What was decided about a token that was seen, and by which rule; empty before there was a choice.
-- `revoked_at` is 0 where the token was not dead and was left as it was.
ALTER TABLE exposures ADD COLUMN decision TEXT;
ALTER TABLE exposures ADD COLUMN decided_by TEXT;

-- Set together with `revoked_at` while the grant may come back.
ALTER TABLE grants ADD COLUMN quarantined_at BIGINT;

-- Tokens that were seen, and are dead until somebody decides. A token that is dead by a quarantine says
-- so as the reason of its revocation, so that everybody who asks whether it works needs to know nothing.
CREATE TABLE quarantines (
    id UUID NOT NULL PRIMARY KEY,
    token_id UUID NOT NULL,
    origin TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    -- What happens then: finish or release.
    ending TEXT NOT NULL,
    settled_at BIGINT,
    -- finished or released, and by whom: operator, timer or report.
    settled_as TEXT,
    settled_by TEXT
);

CREATE UNIQUE INDEX quarantines_open ON quarantines (token_id) WHERE settled_at IS NULL;
CREATE INDEX quarantines_origin ON quarantines (origin, id) WHERE settled_at IS NULL;
CREATE INDEX quarantines_due ON quarantines (ends_at) WHERE settled_at IS NULL;

-- What died with each. One token or grant may be in several, and comes back with the last of them.
CREATE TABLE quarantined_tokens (
    quarantine_id UUID NOT NULL REFERENCES quarantines (id),
    token_id UUID NOT NULL,
    PRIMARY KEY (quarantine_id, token_id)
);

CREATE INDEX quarantined_tokens_token ON quarantined_tokens (token_id);

CREATE TABLE quarantined_grants (
    quarantine_id UUID NOT NULL REFERENCES quarantines (id),
    grant_id UUID NOT NULL,
    PRIMARY KEY (quarantine_id, grant_id)
);

CREATE INDEX quarantined_grants_grant ON quarantined_grants (grant_id);

-- How many working tokens an origin had revoked since its window began; one row an origin.
CREATE TABLE breakers (
    origin TEXT NOT NULL PRIMARY KEY,
    window_began_at BIGINT NOT NULL,
    revoked BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    opened_at BIGINT
);
