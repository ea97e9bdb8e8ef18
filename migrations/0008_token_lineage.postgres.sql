-- What a token was minted from, whether it was exchanged for another, and where it may be used.
ALTER TABLE tokens ADD COLUMN parent_id UUID;
ALTER TABLE tokens ADD COLUMN redeemed_at BIGINT;
ALTER TABLE tokens ADD COLUMN audience TEXT;
ALTER TABLE tokens ADD COLUMN modified_at BIGINT;

CREATE INDEX tokens_parent ON tokens (parent_id) WHERE parent_id IS NOT NULL;
