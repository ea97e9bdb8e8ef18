//! What the API for internal services reads.

use utoipa::ToSchema;

/// Tokens to revoke. Members besides these are refused: one that is misspelt might have limited what is
/// done.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `Revocations` reads")]
pub(in crate::http) struct RevocationsBody {
    /// Which, and why.
    #[schema(max_items = 1000)]
    items: Vec<RevocationItem>,
    /// Whether only to tell what would happen. Nothing is changed then, and an idempotency key
    /// does not count.
    #[schema(default = false)]
    dry_run: Option<bool>,
}

/// One token, named by its text, its digest or its id, and by one of them.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `Revocations` reads")]
pub(in crate::http) struct RevocationItem {
    /// Its text.
    #[schema(example = "polar_pat_…")]
    token: Option<String>,
    /// Its digest as the shared database has it: 64 hexadecimal digits.
    digest: Option<String>,
    /// Its id.
    id: Option<String>,
    /// Where it was seen, as an address.
    #[schema(example = "https://github.com/acme/app/blob/main/.env")]
    url: Option<String>,
    /// Where it was seen, as a kind of place.
    #[schema(example = "chat")]
    source: Option<String>,
    /// `exposed` (unless said): the place is written down and everybody concerned is told; `owner`
    /// or `operator`: whoever wants it, and no letter is written.
    #[schema(example = "exposed")]
    reason: Option<String>,
}

/// Which tokens to revoke: those that fit everything that is said, at least one thing. Members besides
/// these are refused.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `BulkRequest` reads")]
pub(in crate::http) struct BulkRevocationBody {
    /// Of this user, those included that they made for an organization.
    #[schema(format = "uuid")]
    user_id: Option<String>,
    /// Of this organization, or limited to it.
    #[schema(format = "uuid")]
    organization_id: Option<String>,
    /// Issued to this client, or its own credentials.
    client_id: Option<String>,
    /// Acting for this customer, as the issuing service named them.
    #[schema(example = "customer-17", min_length = 1, max_length = 200)]
    customer: Option<String>,
    /// Minted from this grant.
    #[schema(format = "uuid")]
    grant_id: Option<String>,
    /// Such as `access_token`.
    kind: Option<String>,
    /// Made earlier, or from a grant that was (RFC 3339).
    #[schema(format = "date-time")]
    created_before: Option<String>,
    /// `operator` (unless said) or `owner`: whoever wants it.
    reason: Option<String>,
    /// Whether only to count.
    #[schema(default = false)]
    dry_run: Option<bool>,
}

/// A token to issue. Members besides these are refused.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `NewIssuedToken` reads")]
pub(in crate::http) struct IssuedTokenBody {
    /// `personal_access_token`, `organization_access_token`, `access_token` or
    /// `customer_session_token`.
    #[schema(example = "customer_session_token")]
    kind: String,
    /// The user who owns it: with a personal access token; with an access token unless an
    /// organization does.
    #[schema(format = "uuid")]
    user_id: Option<String>,
    /// The organization that owns it, or to which it is limited.
    #[schema(format = "uuid")]
    organization_id: Option<String>,
    /// The customer it acts for: with a customer session token.
    #[schema(example = "customer-17", min_length = 1, max_length = 200)]
    customer: Option<String>,
    /// What it is called. Must not hold a token.
    #[schema(example = "checkout", min_length = 1, max_length = 100)]
    name: Option<String>,
    /// What it may do; nothing unless said.
    #[schema(example = json!(["orders:read"]))]
    scopes: Option<Vec<String>>,
    /// How long it lives: seconds, or an ISO 8601 duration. Unless said, an hour for an access token
    /// and a customer session token, and until it is revoked for the others, where operators allow
    /// that.
    expires_in: Option<super::token_bodies::Lifetime>,
}
