-- What a customer has; and the latest places where a token was seen.
CREATE INDEX IF NOT EXISTS tokens_customer ON tokens (customer, id) WHERE customer IS NOT NULL;
CREATE INDEX IF NOT EXISTS exposures_token ON exposures (token_id, id);
