//! What origins, and others who report, send and read.

use utoipa::{IntoResponses, ToSchema};

use super::ErrorBody;

/// One string that an origin found.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `origins` reads leniently")]
pub(in crate::http) struct ReportItem {
    /// The string. A string that only contains a token counts for it.
    #[schema(example = "polar_pat_…")]
    token: String,
    /// What the origin takes it for; echoed, never believed.
    #[schema(example = "polar_personal_access_token")]
    r#type: String,
    /// Where it was found; may be empty or missing.
    url: Option<String>,
    /// In what kind of place; may be missing.
    #[schema(example = "commit")]
    source: Option<String>,
}

/// One string that a GitLab of one's own found. Other members are passed over.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `origins` reads")]
pub(in crate::http) struct GitlabReportItem {
    /// One of the revocable types.
    #[schema(example = "gitleaks_rule_id_polar_personal_access_token")]
    r#type: String,
    /// The string.
    token: String,
    /// Where it was found.
    #[schema(example = "https://gitlab.example/acme/app/-/blob/main/.env")]
    location: Option<String>,
}

/// Tokens that somebody has.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `Credentials` reads")]
pub(in crate::http) struct CredentialsBody {
    /// Up to 1,000 of them.
    #[schema(min_items = 1, max_items = 1000, example = json!(["polar_pat_…"]))]
    credentials: Vec<String>,
}

/// Whom to sign out everywhere.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `SubId` reads")]
pub(in crate::http) struct GlobalRevocationBody {
    /// A subject identifier (RFC 9493) of the format `email` (with `email`), `opaque` (with `id`, our
    /// name for the user) or `iss_sub` (with `iss`, our issuer, and `sub`).
    #[schema(example = json!({ "format": "email", "email": "ada@example.com" }))]
    sub_id: serde_json::Value,
}

/// What became of one report.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `origins` writes")]
pub(in crate::http) struct FeedbackItem {
    /// SHA-256 of the string as sent, in lower-case hexadecimal.
    token_hash: Option<String>,
    /// The string itself, instead of its hash, where that is configured.
    token_raw: Option<String>,
    /// The type as received.
    token_type: String,
    /// Whether we ever issued it.
    label: Label,
}

/// A verdict.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes what `origins` writes")]
pub(in crate::http) enum Label {
    /// We issued it, whatever became of it since.
    TruePositive,
    /// We never did.
    FalsePositive,
}

/// What is said when a delivery was handled.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes what `reports` answers")]
pub(in crate::http) enum Done {
    /// One verdict per report, in order, where the origin reads verdicts.
    #[response(status = 200)]
    Verdicts(Vec<FeedbackItem>),
    /// Done, where it reads none.
    #[response(status = 204)]
    Silence,
}

/// What is said when it was not.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes what `reports` answers")]
pub(in crate::http) enum Refusals {
    /// Headers or body cannot be read.
    #[response(status = 400)]
    Malformed(ErrorBody),
    /// Not signed by the origin that this address belongs to.
    #[response(status = 403)]
    Forged(ErrorBody),
    /// There is no such origin, or it may not report here.
    #[response(status = 404)]
    Unknown(ErrorBody),
    /// The body did not arrive in time.
    #[response(status = 408)]
    Late(ErrorBody),
    /// Larger than is read.
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// Signed by the origin, and compressed.
    #[response(status = 415)]
    Compressed(ErrorBody),
    /// Too much from this network address that was not signed by the origin; see `Retry-After`.
    #[response(status = 429)]
    TooOften(ErrorBody),
    /// The truth cannot be known now; see `Retry-After`.
    #[response(status = 503)]
    Unavailable(ErrorBody),
}
