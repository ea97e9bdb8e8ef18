//! `tokenward quarantine`: tokens that are dead until somebody decides.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::known;
use super::output::{Output, Shown};
use super::progress::Progress;
use super::values::{self, LARGEST_PAGE, PAGE};
use crate::config::Settings;
use crate::domain::quarantines::{self, Quarantine, Settled};
use crate::domain::{Context, DomainError};
use crate::model::{Id, Origin, QuarantineEnd, Token};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List tokens in quarantine, the one that the timer ends next first
    List(List),
    /// Bring tokens back as they were, with what went with them
    ///
    /// What was revoked meanwhile for another reason stays revoked.
    Release(Which),
    /// Revoke them for good, with what went with them
    Finish(Which),
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Most to list
    #[arg(long, default_value_t = PAGE, value_parser = clap::value_parser!(u32).range(1..=LARGEST_PAGE))]
    limit: u32,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Which {
    /// One, by its own id
    #[arg(long, value_parser = values::id::<Quarantine>)]
    id: Option<Id<Quarantine>>,
    /// The one of this token
    #[arg(long, value_parser = values::id::<Token>)]
    token: Option<Id<Token>>,
    /// All that this origin reported
    #[arg(long, value_name = "NAME")]
    origin: Option<String>,
}

#[derive(Serialize)]
struct QuarantineView {
    id: String,
    token_id: String,
    origin: String,
    decided_by: String,
    began_at: String,
    ends_at: String,
    ends_with: &'static str,
}

impl From<Quarantine> for QuarantineView {
    fn from(open: Quarantine) -> Self {
        Self {
            id: open.id.to_string(),
            token_id: open.token.to_string(),
            origin: open.origin.to_string(),
            decided_by: open.decided_by,
            began_at: open.began_at.to_string(),
            ends_at: open.ends_at.to_string(),
            ends_with: open.ending.name(),
        }
    }
}

impl Shown for QuarantineView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("id", self.id.clone()),
            ("token", self.token_id.clone()),
            ("reported by", self.origin.clone()),
            ("by rule", self.decided_by.clone()),
            ("since", self.began_at.clone()),
            ("until", self.ends_at.clone()),
            ("then", self.ends_with.to_owned()),
        ]
    }
}

#[derive(Serialize)]
struct SettledView {
    id: String,
    ended_as: &'static str,
    tokens: Vec<String>,
}

const fn ended_as(ending: QuarantineEnd) -> &'static str {
    match ending {
        QuarantineEnd::Finish => "finished",
        QuarantineEnd::Release => "released",
    }
}

impl From<Settled> for SettledView {
    fn from(settled: Settled) -> Self {
        Self {
            id: settled.id.to_string(),
            ended_as: ended_as(settled.ending),
            tokens: settled
                .tokens
                .iter()
                .map(|token| token.id.to_string())
                .collect(),
        }
    }
}

impl Shown for SettledView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("id", self.id.clone()),
            ("ended as", self.ended_as.to_owned()),
            ("tokens", self.tokens.len().to_string()),
        ]
    }
}

pub(super) async fn run(
    command: &Command,
    settings: &Settings,
    ctx: &Context,
    out: &mut Output,
) -> anyhow::Result<()> {
    match command {
        Command::List(List { limit }) => {
            let open = quarantines::list(ctx, None, *limit).await?;
            let open: Vec<_> = open.into_iter().map(QuarantineView::from).collect();
            out.list(&open, "Nothing is in quarantine.")
        }
        Command::Release(which) => end(which, QuarantineEnd::Release, (settings, ctx), out).await,
        Command::Finish(which) => end(which, QuarantineEnd::Finish, (settings, ctx), out).await,
    }
}

async fn end(
    which: &Which,
    ending: QuarantineEnd,
    (settings, ctx): (&Settings, &Context),
    out: &mut Output,
) -> anyhow::Result<()> {
    let id = match (which.id, which.token, &which.origin) {
        (_, _, Some(origin)) => {
            let origin = Origin::from_stored(origin.clone());
            let all = quarantines::list_of_origin(ctx, &origin).await?;
            if all.is_empty() {
                known::origin(&origin, settings, ctx).await?;
            }
            return end_all(&all, ending, ctx, out).await;
        }
        (_, Some(token), _) => quarantines::find(ctx, token).await?.id,
        (Some(id), ..) => id,
        // The group asks for one of them.
        _ => return Ok(()),
    };
    let settled = quarantines::settle(ctx, id, ending).await?;
    out.result(&SettledView::from(settled), "")
}

/// One transaction each: whatever is ended stays ended when this is interrupted, and was told before.
async fn end_all(
    ids: &[Id<Quarantine>],
    ending: QuarantineEnd,
    ctx: &Context,
    out: &mut Output,
) -> anyhow::Result<()> {
    let (all, what) = (ids.len(), ended_as(ending));
    if all == 0 {
        return out.note("Nothing that this origin reported is in quarantine.");
    }
    let mut done = 0;
    let progress = Progress::start(format!("{done} of {all} are {what}"));
    for id in ids {
        match quarantines::settle(ctx, *id, ending).await {
            Ok(settled) => {
                let view = SettledView::from(settled);
                progress.beside(|| out.row(&view, done == 0))?;
                done += 1;
                progress.say(format!("{done} of {all} are {what}"));
            }
            // Somebody else ended it meanwhile.
            Err(DomainError::NotFound(_)) => {}
            Err(error) => {
                let so_far = || format!("{done} of {all} are {what}, the next one failed");
                return Err(error).with_context(so_far);
            }
        }
    }
    drop(progress);
    out.note(&format!("\n{done} of {all} are {what}."))
}
