-- What a customer has.
CREATE INDEX IF NOT EXISTS tokens_customer ON tokens (customer, id) WHERE customer IS NOT NULL;
