-- Whose token was seen, so that whoever it concerns finds it: the user who owns or made it, or whose
-- client's credential it is, and the organization. Zero is nobody; a user that is null was not looked
-- up yet, because an earlier version wrote the row.
ALTER TABLE exposures ADD COLUMN user_id UUID;
ALTER TABLE exposures ADD COLUMN organization_id UUID;

CREATE INDEX exposures_user ON exposures (user_id, id);
CREATE INDEX exposures_organization ON exposures (organization_id, id)
    WHERE organization_id IS NOT NULL;
CREATE INDEX exposures_unowned ON exposures (id) WHERE user_id IS NULL;

-- Tokens as their owners see them, by when they ended.
CREATE INDEX tokens_personal ON tokens (user_id, COALESCE(revoked_at, expires_at))
    WHERE kind = 'personal_access_token';
CREATE INDEX tokens_of_organizations ON tokens (organization_id, COALESCE(revoked_at, expires_at))
    WHERE kind = 'organization_access_token';
