-- Where a token was seen is kept for a while after everybody was told. What stays tells the same
-- place again, and is made with the hash key named here, so that nobody can try addresses on it.
-- Null is a plain digest, as earlier versions wrote it.
ALTER TABLE exposures ADD COLUMN place_hash_key TEXT;
ALTER TABLE exposures ADD COLUMN scrubbed_at BIGINT;

CREATE INDEX exposures_places ON exposures (origin, first_seen_at, id) WHERE scrubbed_at IS NULL;
CREATE INDEX exposures_unsealed ON exposures (id) WHERE place_hash_key IS NULL;
