//! Names that say what to list: a misspelt one is an error, and not a list without anything in it.

use crate::config::{Settings, closest};
use crate::domain::audit::{self, AuditFilter};
use crate::domain::exposures::{self, ExposureFilter};
use crate::domain::{Context, clients, quarantines};
use crate::model::Origin;
use crate::model::audit::EVENTS;

/// A name that nobody knows, with the one that may have been meant.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unknown(String);

impl Unknown {
    /// No origin is called that.
    pub(super) fn origin(given: &str, known: &[Origin]) -> Self {
        let known: Vec<_> = known.iter().map(Origin::as_str).collect();
        Self::new("origin", given, &known)
    }

    fn new(what: &str, given: &str, known: &[&str]) -> Self {
        let unknown = format!("there is no {what} `{}`", given.escape_debug());
        Self(match closest(given, known.iter().copied()) {
            Some(meant) => format!("{unknown}; did you mean `{meant}`?"),
            None => format!("{unknown}; it is one of {}", known.join(", ")),
        })
    }
}

/// An origin is known when the configuration names it, or when there is something that it reported: it
/// may have been removed since.
///
/// # Errors
/// [`Unknown`] when it is not.
pub(super) async fn origin(
    origin: &Origin,
    settings: &Settings,
    ctx: &Context,
) -> anyhow::Result<()> {
    // What the service notices itself is in nobody's configuration.
    let mut known = settings.origins.known.clone();
    known.push(Origin::REPLAY);
    if known.contains(origin) || quarantines::has_reported(ctx, origin).await? {
        return Ok(());
    }
    let filter = ExposureFilter {
        origin: Some(origin.as_str().to_owned()),
        ..ExposureFilter::default()
    };
    if !exposures::list(ctx, &filter, None, 1).await?.is_empty() {
        return Ok(());
    }
    Err(Unknown::origin(origin.as_str(), &known).into())
}

/// A client is known when it is there, or when tokens of it were seen: it may have been deleted since.
///
/// # Errors
/// When it is not.
pub(super) async fn client(client_id: &str, ctx: &Context) -> anyhow::Result<()> {
    let filter = ExposureFilter {
        client: Some(client_id.to_owned()),
        ..ExposureFilter::default()
    };
    if exposures::list(ctx, &filter, None, 1).await?.is_empty() {
        clients::find(ctx, client_id).await?;
    }
    Ok(())
}

/// An event is known when this version writes it down, or when another one did.
///
/// # Errors
/// [`Unknown`] when it is not.
pub(super) async fn event(name: &str, ctx: &Context) -> anyhow::Result<()> {
    let filter = AuditFilter {
        event: Some(name.to_owned()),
        ..AuditFilter::default()
    };
    if EVENTS.contains(&name) || !audit::latest(ctx, &filter, 1).await?.is_empty() {
        return Ok(());
    }
    Err(Unknown::new("event", name, &EVENTS).into())
}
