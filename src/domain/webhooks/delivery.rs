//! Signing messages, and settling what became of each try.

use super::secrets;
use crate::domain::{Context, audit, letters};
use crate::model::letter::WebhookDisabled;
use crate::model::webhook::message_name;
use crate::model::{About, Deed, Letter, Timestamp, WebhookEndpoint};
use crate::storage::webhooks::{self as table};
pub use crate::storage::webhooks::{Attempt, ClaimedMessage, Outcome, Subscriber};
use crate::storage::{StorageError, Tx, organizations};

/// A message as it is sent, with the headers that Standard Webhooks names.
#[derive(Debug)]
pub struct Signed {
    /// `webhook-id`, the same at each try.
    pub id: String,
    /// `webhook-timestamp`, of this try.
    pub timestamp: String,
    /// `webhook-signature`: one for each secret that counts, with a space between them.
    pub signature: String,
    /// What is said.
    pub body: String,
}

/// Signs what an endpoint may be told with every secret of it that counts; `None` when none can be
/// opened.
#[must_use]
pub fn sign(
    ctx: &Context,
    to: &Subscriber,
    message: &ClaimedMessage,
    now: Timestamp,
) -> Option<Signed> {
    let id = message_name(message.id);
    let body = match ctx.policy.webhooks.places.include(to.organization) {
        true => message.body.clone(),
        false => without_place(&message.body)?,
    };
    let current = secrets::open(ctx, to.id, &to.secret)?;
    let former = to.former.iter().filter(|former| former.until > now);
    let former = former.filter_map(|former| secrets::open(ctx, to.id, &former.secret));
    let all = std::iter::once(current).chain(former);
    let signatures: Vec<_> = all.map(|secret| secret.sign(&id, now, &body)).collect();
    Some(Signed {
        timestamp: now.as_seconds().to_string(),
        signature: signatures.join(" "),
        id,
        body,
    })
}

/// What a message says, but for where a token was seen.
fn without_place(body: &str) -> Option<String> {
    let mut told: serde_json::Value = serde_json::from_str(body).ok()?;
    let Some(exposure) = told.pointer_mut("/data/exposure") else {
        return Some(body.to_owned());
    };
    for place in ["url", "source"] {
        *exposure.get_mut(place)? = serde_json::Value::Null;
    }
    Some(told.to_string())
}

/// What a try means for its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is well.
    Well,
    /// It failed, and is left alone until it had time to recover.
    Failing,
    /// It does not want to hear anything any more.
    Gone,
}

/// Writes down a try, what became of its message and what that means for the endpoint. One that is gone,
/// or failed at everything for so long as is configured, is disabled, and whoever manages it is told.
///
/// # Errors
/// When the database fails.
pub async fn settle(
    ctx: &Context,
    to: &Subscriber,
    message: &ClaimedMessage,
    (attempt, outcome): (&Attempt, Outcome),
    standing: Standing,
    pause: impl Fn(i64) -> Timestamp,
) -> Result<bool, StorageError> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    // The endpoint first, always: two who settle messages of it wait for each other here.
    let disabled = match standing {
        Standing::Well => {
            table::recover(&mut tx, to.id).await?;
            None
        }
        Standing::Failing => {
            let since = table::pause(&mut tx, to.id, now, pause).await?;
            let patience = ctx.policy.webhooks.disable_after;
            let over = since.is_some_and(|since| now.since(since) >= patience);
            match over {
                true => table::disable(&mut tx, to.id, "failing", now).await?,
                false => None,
            }
        }
        Standing::Gone => table::disable(&mut tx, to.id, "gone", now).await?,
    };
    let held = table::settle(&mut tx, to.id, message, (attempt, outcome), now).await?;
    if let Some(endpoint) = &disabled {
        tell(ctx, &mut tx, endpoint, now).await?;
    }
    tx.commit().await?;
    if disabled.is_some() {
        tracing::warn!(webhook.id = %to.id, "a webhook endpoint was disabled");
        ctx.letters_waiting.ring();
    }
    Ok(held)
}

/// Writes letters to the managers of the endpoint's organization, or to the security contact.
async fn tell(
    ctx: &Context,
    tx: &mut Tx,
    endpoint: &WebhookEndpoint,
    now: Timestamp,
) -> Result<(), StorageError> {
    let managers = match endpoint.organization {
        Some(organization) => organizations::list_managers(tx, &[organization]).await?,
        None => Vec::new(),
    };
    let mut readers: Vec<_> = managers.into_iter().map(|(_, email)| email).collect();
    let operators = readers.is_empty();
    if operators {
        readers.push(ctx.security_contact.clone());
    }
    let letter = Letter::WebhookDisabled(WebhookDisabled {
        endpoint: endpoint.id.to_string(),
        host: endpoint.url.host().to_owned(),
        gone: endpoint.disabled_why.as_deref() == Some("gone"),
        operator: operators,
        failing_since: endpoint.failing_since,
        disabled_at: now,
    });
    letters::write_about_machine(tx, readers, &letter, now).await?;
    let about = About {
        organization: endpoint.organization,
        ..About::default()
    };
    let why = endpoint.disabled_why.as_deref();
    let detail = serde_json::json!({ "webhook_id": endpoint.id, "why": why });
    audit::note(tx, now, Deed::new("webhook.disabled", about).with(detail));
    Ok(())
}
