-- A token that is limited to an organization needs a user who is still a member there.
DROP VIEW IF EXISTS usable_tokens;

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
LEFT JOIN organization_members AS m
    ON m.organization_id = t.organization_id AND m.user_id = t.user_id
LEFT JOIN clients AS c ON c.id = t.client_id
LEFT JOIN grants AS g ON g.id = t.grant_id
WHERE t.revoked_at IS NULL
    AND (u.blocked_at IS NULL OR t.kind = 'organization_access_token')
    AND o.blocked_at IS NULL
    AND c.disabled_at IS NULL
    AND g.revoked_at IS NULL
    AND (
        t.organization_id IS NULL
        OR t.user_id IS NULL
        OR t.kind = 'organization_access_token'
        OR m.user_id IS NOT NULL
    );
