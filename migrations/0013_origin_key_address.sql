-- Where a set of keys came from, as SHA-256 in hexadecimal: an address may hold a credential. Without
-- it the set was written by an earlier version.
ALTER TABLE origin_key_sets ADD COLUMN address_digest TEXT;
