-- What network addresses and credentials used up of what they may do, as all replicas together saw it.
CREATE TABLE limit_uses (
    limit_name TEXT NOT NULL,
    -- A network address, a network of IPv6 or the id of a credential.
    subject TEXT NOT NULL,
    -- When it may do everything again; from then on the row says nothing.
    whole_again BIGINT NOT NULL,
    PRIMARY KEY (limit_name, subject)
);

CREATE INDEX limit_uses_by_end ON limit_uses (whole_again);
