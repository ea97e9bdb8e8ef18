-- What became of a delivery: by what was decided about what it brought to light. Before there were
-- several decisions, there was one.
CREATE INDEX exposures_outcome ON exposures (delivery_id, COALESCE(decision, 'revoke'))
    WHERE delivery_id IS NOT NULL;
DROP INDEX exposures_delivery;
