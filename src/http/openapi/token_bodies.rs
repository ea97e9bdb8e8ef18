//! What the token APIs and userinfo read.

use serde::Serialize;
use utoipa::ToSchema;

/// An access token in a form (RFC 6750 2.2).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `AccessToken` reads")]
pub(in crate::http) struct UserInfoForm {
    /// The access token, unless it is in the header.
    #[schema(example = "polar_at_u_…")]
    access_token: Option<String>,
}

/// A new personal access token.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `NewAccessToken` reads")]
pub(in crate::http) struct NewPersonalTokenBody {
    /// What it is called. Must not hold a token.
    #[schema(example = "deployment", min_length = 1, max_length = 100)]
    comment: String,
    /// What it may do; may be empty.
    #[schema(example = json!(["orders:read"]))]
    scopes: Vec<String>,
    /// How long it lives.
    #[schema(required)]
    expires_in: Option<Lifetime>,
}

/// A new organization access token.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `NewOrganizationToken` reads")]
pub(in crate::http) struct NewOrganizationTokenBody {
    /// Whose it is.
    #[schema(format = "uuid", example = "01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c22")]
    organization_id: String,
    /// What it is called. Must not hold a token.
    #[schema(example = "deployment", min_length = 1, max_length = 100)]
    comment: String,
    /// What it may do; may be empty.
    #[schema(example = json!(["orders:read"]))]
    scopes: Vec<String>,
    /// How long it lives.
    #[schema(required)]
    expires_in: Option<Lifetime>,
}

/// Seconds, or an ISO 8601 duration; null is until it is revoked, where operators allow that.
#[derive(Serialize, ToSchema)]
#[schema(example = "P30D")]
#[serde(untagged)]
#[expect(dead_code, reason = "describes what `NewAccessToken` reads")]
pub(in crate::http) enum Lifetime {
    Seconds(u64),
    Duration(String),
}

/// What shall be different about an organization access token.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `Change` reads")]
pub(in crate::http) struct ChangedOrganizationTokenBody {
    /// What it is called.
    #[schema(example = "deployment", min_length = 1, max_length = 100)]
    comment: Option<String>,
    /// What it may do.
    #[schema(example = json!(["orders:read"]))]
    scopes: Option<Vec<String>>,
}
