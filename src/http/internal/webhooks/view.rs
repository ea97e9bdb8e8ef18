//! Webhooks as those see them who manage them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::webhooks::{LoggedAttempt, WithSecret};
use crate::model::{Timestamp, WebhookEndpoint};

/// An endpoint.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct WebhookAnswer {
    #[schema(format = "uuid")]
    id: String,
    /// Of whose tokens alone it hears; null hears of all.
    #[schema(format = "uuid")]
    organization_id: Option<String>,
    #[schema(example = "https://hooks.example/in")]
    url: String,
    events: Vec<&'static str>,
    #[schema(format = "date-time")]
    created_at: String,
    /// Since when it is told nothing.
    #[schema(format = "date-time")]
    disabled_at: Option<String>,
    /// `operator` (by hand, whoever did it), `gone` (it answered 410) or `failing`.
    disabled_why: Option<String>,
    /// Since when every try fails.
    #[schema(format = "date-time")]
    failing_since: Option<String>,
    /// Until when it is left alone, because it failed or asked for that.
    #[schema(format = "date-time")]
    paused_until: Option<String>,
    /// What signs, `whsec_` and base64; only when it was made just now.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl WebhookAnswer {
    pub(super) fn new(endpoint: WebhookEndpoint, now: Timestamp) -> Self {
        Self {
            paused_until: endpoint.pause(now).map(|until| until.to_string()),
            id: endpoint.id.to_string(),
            organization_id: endpoint.organization.map(|id| id.to_string()),
            url: endpoint.url.as_str().to_owned(),
            events: endpoint.events.names().collect(),
            created_at: endpoint.created_at.to_string(),
            disabled_at: endpoint.disabled_at.map(|at| at.to_string()),
            disabled_why: endpoint.disabled_why,
            failing_since: endpoint.failing_since.map(|at| at.to_string()),
            secret: None,
        }
    }

    pub(super) fn with_secret(made: WithSecret, now: Timestamp) -> Self {
        Self {
            secret: Some(made.secret.reveal()),
            ..Self::new(made.endpoint, now)
        }
    }
}

/// A page of endpoints.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct WebhookPage {
    /// Oldest first, up to 100.
    pub(super) items: Vec<WebhookAnswer>,
    /// The `cursor` of the next page; null when this is the last.
    pub(super) next_cursor: Option<String>,
}

/// A try.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct TryAnswer {
    #[schema(format = "uuid")]
    message_id: String,
    r#type: Option<String>,
    #[schema(format = "date-time")]
    at: String,
    /// The status of the answer.
    status: Option<u16>,
    /// What kept it from coming.
    error: Option<String>,
    took_ms: i64,
    /// When the message arrived, if it did by now.
    #[schema(format = "date-time")]
    delivered_at: Option<String>,
}

impl From<LoggedAttempt> for TryAnswer {
    fn from(logged: LoggedAttempt) -> Self {
        Self {
            message_id: logged.message.to_string(),
            r#type: logged.kind,
            at: logged.attempt.at.to_string(),
            status: logged.attempt.status,
            error: logged.attempt.error,
            took_ms: logged.attempt.took_ms,
            delivered_at: logged.delivered_at.map(|at| at.to_string()),
        }
    }
}

/// The last tries.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Tries {
    /// The latest first, up to 100.
    pub(super) items: Vec<TryAnswer>,
}

/// How many messages are sent again.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct ReplayAnswer {
    pub(super) replayed: usize,
}

/// The message that is sent.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct TestAnswer {
    #[schema(format = "uuid")]
    pub(super) message_id: String,
}
