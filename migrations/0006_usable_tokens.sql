-- What other services on this database may rely on: see docs/shared-database.md.
-- A token in here works unless `expires_at` lies in the past.
CREATE VIEW usable_tokens AS
SELECT
    t.digest,
    t.id,
    t.kind,
    t.user_id,
    t.organization_id,
    t.client_id,
    t.customer,
    t.scopes,
    t.created_at,
    t.expires_at
FROM tokens AS t
LEFT JOIN users AS u ON u.id = t.user_id
LEFT JOIN organizations AS o ON o.id = t.organization_id
LEFT JOIN clients AS c ON c.id = t.client_id
LEFT JOIN grants AS g ON g.id = t.grant_id
WHERE t.revoked_at IS NULL
    AND (u.blocked_at IS NULL OR t.kind = 'organization_access_token')
    AND o.blocked_at IS NULL
    AND c.disabled_at IS NULL
    AND g.revoked_at IS NULL;
