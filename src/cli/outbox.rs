//! `tokenward outbox`: letters that have not been sent.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::output::{Output, Shown};
use super::progress::Progress;
use super::values::{self, LARGEST_PAGE, PAGE};
use crate::domain::{Context, digests, outbox};
use crate::model::{Email, Id, Letter, Timestamp};
use crate::storage::outbox::ListedLetter;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List letters that wait and dead letters, oldest first
    List(List),
    /// List what is collected for digests about dead tokens, by reader
    Digests(List),
    /// Bring dead letters back, due at once
    Requeue(Requeue),
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Most to list
    #[arg(long, default_value_t = PAGE, value_parser = clap::value_parser!(u32).range(1..=LARGEST_PAGE))]
    limit: u32,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Requeue {
    /// One dead letter, by its id
    #[arg(long, value_parser = values::id::<Letter>)]
    id: Option<Id<Letter>>,
    /// Every dead letter
    #[arg(long)]
    all: bool,
}

#[derive(Serialize)]
struct LetterView {
    id: Id<Letter>,
    /// Which letter it is, such as `token_exposed`; null when it cannot be read.
    kind: Option<String>,
    state: &'static str,
    recipient: Email,
    created_at: String,
    attempts: i64,
    due_at: Option<String>,
    dead_at: Option<String>,
    last_error: Option<String>,
    #[serde(skip)]
    age: String,
}

impl LetterView {
    fn new(letter: ListedLetter, now: Timestamp) -> Self {
        let dead = letter.dead_at.is_some();
        Self {
            id: letter.id,
            kind: letter.kind,
            state: if dead { "dead" } else { "waiting" },
            age: values::span(now.since(letter.created_at)),
            recipient: letter.recipient,
            created_at: letter.created_at.to_string(),
            attempts: letter.attempts,
            due_at: values::moment(Some(letter.due_at).filter(|_| !dead)),
            dead_at: values::moment(letter.dead_at),
            last_error: letter.last_error,
        }
    }
}

impl Shown for LetterView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("id", self.id.to_string()),
            ("kind", values::or(self.kind.as_ref(), "unreadable")),
            ("recipient", self.recipient.to_string()),
            ("state", self.state.to_owned()),
            ("age", self.age.clone()),
            ("attempts", self.attempts.to_string()),
            ("next try", values::or(self.due_at.as_ref(), "-")),
            ("dead since", values::or(self.dead_at.as_ref(), "-")),
            ("last error", values::or(self.last_error.as_ref(), "-")),
        ]
    }
}

#[derive(Serialize)]
struct DigestView {
    recipient: Email,
    places: i64,
    since: String,
    due_at: String,
}

impl Shown for DigestView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("recipient", self.recipient.to_string()),
            ("places", self.places.to_string()),
            ("since", self.since.clone()),
            ("due", self.due_at.clone()),
        ]
    }
}

async fn list_digests(limit: u32, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    let collected = digests::list(ctx, limit).await?;
    let views = collected.into_iter().map(|(collected, due_at)| DigestView {
        recipient: collected.reader,
        places: collected.places,
        since: collected.since.to_string(),
        due_at: due_at.to_string(),
    });
    out.list(
        &views.collect::<Vec<_>>(),
        "Nothing is collected for a digest.",
    )
}

#[derive(Serialize)]
struct Requeued {
    requeued: usize,
}

pub(super) async fn run(command: &Command, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    match command {
        Command::List(List { limit }) => {
            let now = ctx.clock.now();
            let letters = outbox::list(ctx, None, *limit).await?;
            let letters = letters.into_iter().map(|one| LetterView::new(one, now));
            out.list(
                &letters.collect::<Vec<_>>(),
                "No letter waits and none is dead.",
            )
        }
        Command::Digests(List { limit }) => list_digests(*limit, ctx, out).await,
        Command::Requeue(Requeue { id, .. }) => {
            let requeued = match id {
                Some(id) => outbox::requeue(ctx, *id).await.map(|()| 1)?,
                None => {
                    let _progress = Progress::start("bringing dead letters back".to_owned());
                    outbox::requeue_all(ctx).await?
                }
            };
            let text = match requeued {
                0 => "No letter was dead.".to_owned(),
                1 => "One letter is due again; a running service sends it.".to_owned(),
                many => format!("{many} letters are due again; a running service sends them."),
            };
            out.either(&Requeued { requeued }, &text)
        }
    }
}
