-- What its readers are told later and together: a token that had been dead before was seen. An entry is
-- a letter as it would have been sent alone.
CREATE TABLE digest_entries (
    id UUID NOT NULL PRIMARY KEY,
    exposure_id UUID REFERENCES exposures (id),
    recipient TEXT NOT NULL,
    letter TEXT NOT NULL,
    collected_at BIGINT NOT NULL,
    -- How many others of the same reader were let go in favour of this one, and are only counted.
    unnamed BIGINT NOT NULL,
    -- The letter that tells it, and goes together with it. Null while it is collected.
    digest_id UUID REFERENCES outbox (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX digest_entries_once_per_place ON digest_entries (exposure_id, recipient)
    WHERE exposure_id IS NOT NULL;
-- What is collected: whose time has come, and all of one reader.
CREATE INDEX digest_entries_first ON digest_entries (collected_at) WHERE digest_id IS NULL;
CREATE INDEX digest_entries_reader ON digest_entries (recipient, collected_at, id)
    WHERE digest_id IS NULL;
-- What goes with a letter, which is asked whenever one is deleted.
CREATE INDEX digest_entries_told ON digest_entries (digest_id);
