-- What owners keep, by age. Until now by when it ended as well: with that in any index, PostgreSQL writes to
-- every index of the table when a token dies, and a leak waits for it.
CREATE INDEX tokens_kept_by_user ON tokens (user_id, id)
    WHERE kind = 'personal_access_token';
CREATE INDEX tokens_kept_by_organization ON tokens (organization_id, id)
    WHERE kind = 'organization_access_token';
DROP INDEX tokens_personal;
DROP INDEX tokens_of_organizations;
