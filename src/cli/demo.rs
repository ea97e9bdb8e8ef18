//! `tokenward demo`: the whole story on one screen, over real HTTP, leaving nothing behind.
//!
//! Every step states what it expects, so the demo is a self-test as well.

mod cast;
mod eml;
mod scratch;
mod stage;
mod telling;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde_json::json;
use tokio::time::Instant;

use cast::{Actor, Cast};
use eml::ReadLetter;
use scratch::Scratch;
use stage::Stage;
use telling::Telling;

use super::alert::{Answer, Entry};
use super::interrupt;
use crate::config::Settings;
use crate::model::{TokenFormat, Verdict, random};
use crate::storage::DatabaseUrl;
use crate::telemetry::LogFormat;
use crate::telemetry::logs::{self, LogError};

/// Letters that the delivery causes: one per token and place.
const LETTERS: usize = 3;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Play on this database instead of a passing SQLite file; it must be empty, or of a demo
    #[arg(long, value_name = "URL")]
    database: Option<DatabaseUrl>,
    /// Keep the data in this folder
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

pub(super) async fn run(arguments: &Arguments, json: bool) -> anyhow::Result<()> {
    log()?;
    let telling = Telling::new(json);
    telling.title()?;
    let scratch = match &arguments.keep {
        Some(folder) => Scratch::kept(folder)?,
        None => Scratch::passing()?,
    };
    let playing = async {
        let stage = Stage::raise(arguments.database.clone(), scratch).await;
        let stage = stage.context("step 1, starting the service")?;
        let played = play(&stage, &telling).await;
        let cleared = stage.clear().await;
        let story = played?;
        cleared.context("clearing up")?;
        anyhow::Ok(story)
    };
    // Whoever is interrupted clears up as well: dropping the story removes its folder.
    let story = tokio::select! {
        story = playing => story?,
        asked = interrupt::asked() => {
            asked?;
            bail!("interrupted");
        }
    };
    telling.end(&story, arguments.keep.as_deref())
}

/// Of what the service says, only what must not be overlooked.
fn log() -> anyhow::Result<()> {
    let defaults = Settings::from_overlay("")?;
    match logs::start(LogFormat::Text, "warn", defaults.tokens.detector()?) {
        // The command line may have been faster.
        Ok(()) | Err(LogError::Taken(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What happened.
struct Story {
    cast: Cast,
    finds: Vec<Find>,
    answer: Answer,
    entries: Vec<Entry>,
    letter: ReadLetter,
    letters: usize,
    to_death: Duration,
    to_mailbox: Duration,
}

/// One thing that GitHub found.
struct Find {
    /// The text as found.
    text: String,
    /// The same, fit for a screen.
    shown: String,
    claimed: String,
    url: String,
    source: &'static str,
    expected: Verdict,
}

async fn play(stage: &Stage, telling: &Telling) -> anyhow::Result<Story> {
    telling.stage(stage)?;
    let cast = Cast::assemble(&stage.ctx).await;
    let cast = cast.context("step 2, making tokens")?;
    let before = ask(stage, &cast, true).await;
    before.context("step 2, the tokens work")?;
    telling.alive(&cast)?;

    let finds = finds(&stage.ctx.format, &cast);
    let delivered = leak(stage, &cast, &finds).await;
    let delivered = delivered.context("step 3, GitHub reports")?;
    telling.answered(&delivered.answer, &delivered.entries, &finds)?;

    let after = ask(stage, &cast, false).await;
    after.context("step 4, the tokens are dead")?;
    telling.dead(&cast)?;

    let letter = letter(&delivered.letters, &cast, &finds);
    let letter = letter.context("step 5, the letter")?;
    telling.letter(&letter, delivered.letters.len())?;
    telling.measured(delivered.to_death, delivered.to_mailbox)?;
    Ok(Story {
        cast,
        finds,
        answer: delivered.answer,
        entries: delivered.entries,
        letter,
        letters: delivered.letters.len(),
        to_death: delivered.to_death,
        to_mailbox: delivered.to_mailbox,
    })
}

/// Asks about every token; each must be as `expected`.
async fn ask(stage: &Stage, cast: &Cast, expected: bool) -> anyhow::Result<()> {
    for Actor { token, shown, .. } in cast.actors() {
        let active = stage.introspect(&cast.service_key, token).await?;
        ensure!(active == expected, "{shown} is {}", activity(active));
    }
    Ok(())
}

const fn activity(active: bool) -> &'static str {
    if active { "active" } else { "inactive" }
}

/// A token in a line of code, the same token elsewhere, a relative of another one, a stranger.
fn finds(format: &TokenFormat, cast: &Cast) -> Vec<Find> {
    let Cast {
        personal, refresh, ..
    } = cast;
    let run = random::alphanumeric(8).to_lowercase();
    let line = |token: &str| format!("export POLAR_TOKEN=\"{token}\"");
    let stranger = random::alphanumeric(24);
    let stranger_hint = stranger.get(20..).unwrap_or_default();
    vec![
        Find {
            text: line(personal.token.reveal()),
            shown: line(&personal.shown),
            claimed: format.wire_type(personal.kind),
            url: "https://github.com/ada/app/blob/main/run.sh#L3".to_owned(),
            source: "commit",
            expected: Verdict::TruePositive,
        },
        Find {
            text: personal.token.reveal().to_owned(),
            shown: personal.shown.clone(),
            claimed: format.wire_type(personal.kind),
            url: format!("https://gist.github.com/ada/{run}"),
            source: "gist_content",
            expected: Verdict::TruePositive,
        },
        Find {
            text: refresh.token.reveal().to_owned(),
            shown: refresh.shown.clone(),
            claimed: format.wire_type(refresh.kind),
            url: "https://www.npmjs.com/package/invoice-robot".to_owned(),
            source: "npm",
            expected: Verdict::TruePositive,
        },
        Find {
            text: format!("acme_live_{stranger}"),
            shown: format!("acme_live_…{stranger_hint}"),
            claimed: format.wire_type(personal.kind),
            url: "https://github.com/acme/shop/blob/main/.env#L1".to_owned(),
            source: "commit",
            expected: Verdict::FalsePositive,
        },
    ]
}

/// The delivery and what followed.
struct Delivered {
    answer: Answer,
    entries: Vec<Entry>,
    letters: Vec<ReadLetter>,
    to_death: Duration,
    to_mailbox: Duration,
}

/// Reports the finds, asks about a token as soon as there is an answer, and waits for the letters
/// meanwhile.
async fn leak(stage: &Stage, cast: &Cast, finds: &[Find]) -> anyhow::Result<Delivered> {
    let reports: Vec<_> = finds
        .iter()
        .map(|find| {
            json!({
                "token": find.text,
                "type": find.claimed,
                "url": find.url,
                "source": find.source,
            })
        })
        .collect();
    let body = serde_json::to_vec(&reports)?;
    let before = stage.mailbox.letters()?;
    let began = Instant::now();
    let death = async {
        let answer = stage.deliver(body).await?;
        let token = &cast.personal;
        let active = stage.introspect(&cast.service_key, &token.token).await?;
        ensure!(!active, "{} is active after the answer", token.shown);
        Ok((answer, began.elapsed()))
    };
    let places: Vec<&str> = finds.iter().map(|find| find.url.as_str()).collect();
    let mail = stage.mailbox.receive(&before, &places, LETTERS);
    let ((answer, to_death), (letters, there)) = tokio::try_join!(death, mail)?;
    let entries = answer
        .entries()
        .context("the answer is no list of verdicts")?;
    ensure!(
        entries.len() == finds.len(),
        "{} verdicts for {} reports",
        entries.len(),
        finds.len()
    );
    for (entry, find) in entries.iter().zip(finds) {
        ensure!(
            entry.label == find.expected.name(),
            "{} was called {}",
            find.shown,
            entry.label
        );
    }
    Ok(Delivered {
        answer,
        entries,
        letters,
        to_death,
        to_mailbox: there.duration_since(began),
    })
}

/// The letter about the first find.
fn letter(letters: &[ReadLetter], cast: &Cast, finds: &[Find]) -> anyhow::Result<ReadLetter> {
    ensure!(
        letters.len() == LETTERS,
        "{} letters instead of {LETTERS}",
        letters.len()
    );
    for letter in letters {
        let leaks = |actor: &&Actor| letter.text.contains(actor.token.reveal());
        if let Some(actor) = cast.actors().into_iter().find(leaks) {
            bail!("a letter tells all of {}", actor.shown);
        }
    }
    let place = finds.first().context("nothing was found")?.url.as_str();
    let letter = letters.iter().find(|letter| letter.text.contains(place));
    let letter = letter.with_context(|| format!("no letter names {place}"))?;
    ensure!(
        letter.to == cast.owner.as_str(),
        "the letter is not to the owner"
    );
    ensure!(
        letter.text.contains(&cast.personal.token.hint()) && letter.subject.contains("revoked"),
        "the letter does not say what happened"
    );
    Ok(letter.clone())
}
