//! `tokenward origin`: who may report leaks, and how far they are trusted.

use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::known::Unknown;
use super::output::{Output, Shown};
use super::values::{moment, or};
use crate::app;
use crate::config::{KeySource, Settings};
use crate::domain::{Context, breakers, revocations};
use crate::mail;
use crate::model::Origin;
use crate::origins::{Fetched, KeySet, OriginKey, OriginSpec};
use crate::storage::origin_keys;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List who may report leaks, with how much they had revoked and their breaker
    List,
    /// Fetch an origin's keys as the service does, or look at those that are configured
    ///
    /// Of an origin that signs nothing it tells where its reports are taken, and by what they are proven.
    /// Fails when there is no key that can be used, or when the origin is not enabled. Nothing is stored.
    Test(Named),
    /// Trust an origin again whose breaker is open; what is in quarantine stays there
    Reset(Named),
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The origin's name
    name: String,
}

#[derive(Serialize)]
struct OriginView {
    origin: String,
    breaker: &'static str,
    opened_at: Option<String>,
    /// Working tokens that it had revoked since its window began.
    revoked: i64,
    window_began_at: Option<String>,
}

impl Shown for OriginView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("origin", self.origin.clone()),
            ("breaker", self.breaker.to_owned()),
            ("open since", or(self.opened_at.as_ref(), "-")),
            ("revoked", self.revoked.to_string()),
            ("counted since", or(self.window_began_at.as_ref(), "-")),
        ]
    }
}

#[derive(Serialize)]
struct ResetView {
    origin: String,
    was_open: bool,
}

pub(super) async fn run(
    command: &Command,
    settings: &Settings,
    ctx: &Context,
    out: &mut Output,
) -> anyhow::Result<()> {
    let origins = settings.origins.reporting();
    match command {
        Command::List => list(&origins, ctx, out).await,
        Command::Test(Named { name }) => test(name, settings, ctx, out).await,
        Command::Reset(Named { name }) => {
            let Some(origin) = origins.into_iter().find(|one| one.as_str() == name) else {
                return Err(not_enabled(name, settings));
            };
            let was_open = breakers::close(ctx, &origin).await?;
            let text = match was_open {
                true => "The breaker is closed; what it reports is revoked again.",
                false => "The breaker was not open.",
            };
            let origin = origin.to_string();
            out.either(&ResetView { origin, was_open }, text)
        }
    }
}

async fn list(origins: &[Origin], ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    let known = breakers::list(ctx).await?;
    let (policy, now) = (ctx.leak_policy.current(), ctx.clock.now());
    let view = |origin: &Origin| {
        let breaker = known.iter().find(|breaker| breaker.origin == *origin);
        let open = breaker.is_some_and(|breaker| breaker.is_open(&policy, now));
        OriginView {
            origin: origin.to_string(),
            breaker: if open { "open" } else { "closed" },
            opened_at: moment(breaker.and_then(|b| b.opened_at).filter(|_| open)),
            revoked: breaker.map_or(0, |breaker| breaker.revoked),
            window_began_at: moment(breaker.map(|breaker| breaker.window_began_at)),
        }
    };
    let views: Vec<_> = origins.iter().map(view).collect();
    out.list(&views, "Nobody may report leaks.")
}

#[derive(Serialize)]
struct KeyView {
    origin: String,
    key_id: String,
    current: bool,
    /// Whether the service knows it already.
    known: bool,
    /// When the keys that the service knows were fetched.
    known_since: Option<String>,
}

impl Shown for KeyView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let or_not = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
        vec![
            ("key", self.key_id.clone()),
            ("current", or_not(self.current)),
            ("known", or_not(self.known)),
            ("known keys fetched", or(self.known_since.as_ref(), "-")),
        ]
    }
}

/// An origin that signs nothing.
#[derive(Serialize)]
struct UnsignedView {
    origin: String,
    enabled: bool,
    path: &'static str,
    proven_by: String,
}

impl Shown for UnsignedView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("origin", self.origin.clone()),
            (
                "enabled",
                if self.enabled { "yes" } else { "no" }.to_owned(),
            ),
            ("path", self.path.to_owned()),
            ("proven by", self.proven_by.clone()),
        ]
    }
}

/// Where its reports are taken, and by what they are proven; there are no keys to fetch.
fn test_unsigned(name: &str, settings: &Settings, out: &mut Output) -> anyhow::Result<()> {
    let origins = settings.origins.reporting();
    let Some(origin) = origins.into_iter().find(|one| one.as_str() == name) else {
        return Err(not_enabled(name, settings));
    };
    let (path, proven_by) = match name {
        "gitlab_revocation" => (
            "/v1/integrations/gitlab/revoke_tokens",
            "a secret of origins.gitlab_revocation.token".to_owned(),
        ),
        "possession" => (
            "/v1/credentials/revoke",
            "nothing: whoever has a token may give it up".to_owned(),
        ),
        _ => (
            "/v1/revocations",
            format!("a service key with the scope {}", revocations::SCOPE),
        ),
    };
    let view = UnsignedView {
        origin: origin.to_string(),
        enabled: true,
        path,
        proven_by,
    };
    out.result(&view, "It signs nothing, so there is no key to fetch.")
}

/// Why an origin may not report: it is known and not enabled, or it is not known.
pub(super) fn not_enabled(name: &str, settings: &Settings) -> anyhow::Error {
    let known = &settings.origins.known;
    if !known.iter().any(|origin| origin.as_str() == name) {
        return Unknown::origin(name, known).into();
    }
    let key = match name {
        "gitlab_revocation" => "origins.gitlab_revocation.token".to_owned(),
        "possession" => "origins.possession.enabled".to_owned(),
        name if OriginSpec::find(name).is_some() => format!("origins.{name}.enabled"),
        name => format!("origins.in_house.{name}.enabled"),
    };
    anyhow!("{name} is not enabled: see {key} in the configuration")
}

async fn test(
    name: &str,
    settings: &Settings,
    ctx: &Context,
    out: &mut Output,
) -> anyhow::Result<()> {
    let Some(signed) = settings.origins.find(name) else {
        return test_unsigned(name, settings, out);
    };
    let origin = &signed.spec.origin;
    let (keys, skipped) = match &signed.keys {
        KeySource::Fixed(keys) => (keys.clone(), 0),
        KeySource::Published(published) => {
            mail::install_crypto_provider();
            let fetcher = app::key_fetcher(signed, published)?;
            match fetcher.fetch(&KeySet::default()).await {
                Ok(Fetched::Keys { keys, skipped }) => (keys, skipped),
                Ok(Fetched::NotModified) => (KeySet::default(), 0),
                Err(error) => return Err(error).context("the keys cannot be fetched"),
            }
        }
    };
    let stored = origin_keys::find(&ctx.db, origin).await?;
    let view = |key: &Arc<OriginKey>| KeyView {
        origin: origin.to_string(),
        key_id: key.id.as_str().to_owned(),
        current: key.is_current,
        known: stored.as_ref().is_some_and(|set| {
            let mut known = set.keys.iter();
            known.any(|stored| stored.key_id == key.id.as_str())
        }),
        known_since: moment(stored.as_ref().map(|set| set.fetched_at)),
    };
    let views: Vec<_> = keys.keys().map(view).collect();
    out.list(&views, "It has no key that can be used.")?;
    match (views.is_empty(), skipped) {
        (true, _) => bail!("there is no key that can be used"),
        (false, 0) => Ok(()),
        (false, skipped) => out.note(&format!("{skipped} more keys cannot be used.")),
    }
}
