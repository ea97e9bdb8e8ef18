//! What the API about webhooks reads, and what webhooks are told.

use utoipa::ToSchema;

/// An endpoint to add. Members besides these are refused.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `NewWebhook` reads")]
pub(in crate::http) struct NewWebhookBody {
    /// Where to post: an https address.
    #[schema(example = "https://hooks.example/in", max_length = 2000)]
    url: String,
    /// Of whose tokens alone it hears; without, it hears of all. An organization's token need not name its own,
    /// and can name no other.
    #[schema(format = "uuid")]
    organization_id: Option<String>,
    /// For what it listens: `exposure.created`, `exposure.attempted`, `token.revoked`; without, for
    /// everything.
    #[schema(example = json!(["token.revoked"]))]
    events: Option<Vec<String>>,
}

/// What changes about an endpoint. Members besides these are refused.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `ChangedWebhook` reads")]
pub(in crate::http) struct ChangedWebhookBody {
    /// Whether it is told.
    enabled: bool,
}

/// What is sent again: one of the two. Members besides these are refused.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `ReplayRequest` reads")]
pub(in crate::http) struct ReplayBody {
    /// This message.
    #[schema(format = "uuid")]
    message_id: Option<String>,
    /// Every message that was made then or later (RFC 3339).
    #[schema(format = "date-time")]
    since: Option<String>,
}

/// What an endpoint is posted, with the headers `webhook-id`, `webhook-timestamp` and
/// `webhook-signature` of Standard Webhooks. A message may come twice, under the same id.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the queue holds")]
pub(in crate::http) struct WebhookEvent {
    /// `exposure.created`, `exposure.attempted`, `token.revoked` or `webhook.test`.
    #[schema(example = "token.revoked")]
    r#type: String,
    /// When it happened.
    #[schema(format = "date-time")]
    timestamp: String,
    data: WebhookData,
}

/// What it is about.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the queue holds")]
pub(in crate::http) struct WebhookData {
    /// With `exposure.created`.
    exposure: Option<WebhookExposure>,
    /// With everything but `webhook.test`.
    token: Option<WebhookToken>,
    /// With `exposure.attempted`: the ids of the token's exposures, the latest 20, the latest first.
    #[schema(example = json!(["01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c11"]))]
    exposures: Option<Vec<String>>,
    /// With `exposure.attempted`.
    attempt: Option<WebhookAttempt>,
    /// With `webhook.test`.
    #[schema(format = "uuid")]
    endpoint_id: Option<String>,
}

/// The first attempt to use a token after it leaked.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the queue holds")]
pub(in crate::http) struct WebhookAttempt {
    /// `introspection`, `api`, `session`, `token_endpoint`, `client` or `service`.
    #[schema(example = "introspection")]
    via: String,
    /// From where, if that was told.
    #[schema(example = "203.0.113.7")]
    address: Option<String>,
    #[schema(format = "date-time")]
    first_at: String,
}

/// Where a token was seen.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the queue holds")]
pub(in crate::http) struct WebhookExposure {
    #[schema(format = "uuid")]
    id: String,
    /// Who reported it first.
    #[schema(example = "github")]
    origin: String,
    /// Where, as an address; null once it is no longer kept, and where places are not told.
    url: Option<String>,
    /// Where, as a kind of place; likewise.
    source: Option<String>,
    #[schema(format = "date-time")]
    first_seen_at: String,
    /// `live`, `expired`, `suspended` or `revoked`.
    state_before: String,
    /// What was decided: `revoke`, `quarantine` or `notify`.
    #[schema(example = "revoke")]
    decision: String,
}

/// A token, never its text.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the queue holds")]
pub(in crate::http) struct WebhookToken {
    #[schema(format = "uuid")]
    id: String,
    #[schema(example = "personal_access_token")]
    kind: String,
    /// Its last four characters.
    hint: String,
    user_id: Option<String>,
    organization_id: Option<String>,
    client_id: Option<String>,
    /// The customer it acts for, as the issuing service named them.
    #[schema(example = "customer-17")]
    customer: Option<String>,
    #[schema(format = "date-time")]
    revoked_at: Option<String>,
    /// Such as `exposed`, `owner` or `operator`.
    revoked_reason: Option<String>,
}
