-- Services name tokens by their id as well, also those that ended long ago.
CREATE INDEX spent_tokens_id ON spent_tokens (id);
