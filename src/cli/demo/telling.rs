//! Tells the story: step by step for people, as one object for scripts.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::cast::Cast;
use super::eml::ReadLetter;
use super::stage::Stage;
use super::{Find, Story};
use crate::cli::alert::{Answer, Entry};
use crate::cli::screen::{Screen, Tone, elapsed, tame, wrap};
use crate::model::TokenKind;

/// Lines of the letter that fit on the screen with everything else.
const LETTER_LINES: usize = 11;
/// The screen's width without the letter's frame.
const LETTER_WIDTH: usize = 74;

/// For whom, and how.
pub(super) struct Telling {
    screen: Screen,
    json: bool,
}

impl Telling {
    pub(super) fn new(json: bool) -> Self {
        Self {
            screen: Screen::new(),
            json,
        }
    }

    pub(super) fn title(&self) -> anyhow::Result<()> {
        let title = "Tokenward: a token leaks, dies, and its owner is told";
        self.say(&self.screen.paint(Tone::Title, title))
    }

    pub(super) fn stage(&self, stage: &Stage) -> anyhow::Result<()> {
        let service = stage.url.as_str().trim_end_matches('/');
        let lines = [
            ("Tokenward", service, stage.engine),
            ("GitHub", &stage.github.url(), "a stand-in with a key"),
        ];
        self.step(1, "The service runs", "")?;
        for (who, url, note) in lines {
            let note = self.screen.paint(Tone::Quiet, note);
            self.say(&format!("   {who:<23}{url:<24}{note}"))?;
        }
        Ok(())
    }

    pub(super) fn alive(&self, cast: &Cast) -> anyhow::Result<()> {
        self.step(2, "Ada's tokens work", "POST /v1/oauth2/introspect")?;
        for actor in cast.actors() {
            let active = self.screen.column(Tone::Good, "active", 10);
            let note = self.screen.paint(Tone::Quiet, actor.note);
            let title = actor.kind.title();
            self.say(&format!("   {title:<23}{:<20}{active}{note}", actor.shown))?;
        }
        Ok(())
    }

    pub(super) fn answered(
        &self,
        answer: &Answer,
        entries: &[Entry],
        finds: &[Find],
    ) -> anyhow::Result<()> {
        let how = "POST /v1/integrations/github/secret-scanning, signed";
        self.step(3, "GitHub reports leaks", how)?;
        for find in finds {
            let place = find.url.strip_prefix("https://").unwrap_or(&find.url);
            self.say(&format!("   {:<37}{}", find.shown, tame(place, 40)))?;
        }
        let status = format!(
            "and is answered {} in {}:",
            answer.status,
            elapsed(answer.took)
        );
        self.say(&format!("   {}", self.screen.paint(Tone::Quiet, &status)))?;
        for entry in entries {
            let tone = match entry.label.as_str() {
                "true_positive" => Tone::Good,
                _ => Tone::Quiet,
            };
            let label = self.screen.column(tone, &tame(&entry.label, 14), 16);
            let claimed = tame(entry.token_type.as_str().unwrap_or_default(), 40);
            let hash = tame(entry.token_hash.as_deref().unwrap_or_default(), 13);
            let hash = self.screen.paint(Tone::Quiet, &hash);
            self.say(&format!("   {label}{claimed:<31}token_hash {hash}"))?;
        }
        Ok(())
    }

    pub(super) fn dead(&self, cast: &Cast) -> anyhow::Result<()> {
        self.step(4, "They are dead", "POST /v1/oauth2/introspect")?;
        for actor in cast.actors() {
            let inactive = self.screen.column(Tone::Dead, "inactive", 10);
            let why = match actor.kind {
                TokenKind::AccessToken => "its relative leaked",
                _ => "",
            };
            let why = self.screen.paint(Tone::Quiet, why);
            let title = actor.kind.title();
            let line = format!("   {title:<23}{:<20}{inactive}{why}", actor.shown);
            self.say(line.trim_end())?;
        }
        Ok(())
    }

    pub(super) fn letter(&self, letter: &ReadLetter, count: usize) -> anyhow::Result<()> {
        let how = format!("{count} letters to {}, the first of them:", letter.to);
        self.step(5, "Ada is told", &how)?;
        let bar = self.screen.paint(Tone::Quiet, "   │");
        let subject = format!("Subject: {}", letter.subject);
        for line in wrap(&subject, LETTER_WIDTH) {
            self.say(&format!("{bar} {}", self.screen.paint(Tone::Title, &line)))?;
        }
        self.say(&bar)?;
        let (lines, more) = excerpt(&letter.text);
        for line in lines {
            self.say(format!("{bar} {line}").trim_end())?;
        }
        let more = format!("… {more} more lines: what to do next, how to tell it from a fake");
        self.say(&format!("{bar} {}", self.screen.paint(Tone::Quiet, &more)))
    }

    pub(super) fn measured(&self, to_death: Duration, to_mailbox: Duration) -> anyhow::Result<()> {
        let death = self.screen.paint(Tone::Good, &elapsed(to_death));
        let mailbox = self.screen.paint(Tone::Good, &elapsed(to_mailbox));
        let how = format!("{death} to death, {mailbox} to the last letter");
        let title = self.screen.column(Tone::Title, "From delivery", 23);
        self.say(&format!("\n6  {title}{how}"))
    }

    /// What to try next, or the whole story for scripts.
    pub(super) fn end(&self, story: &Story, kept: Option<&Path>) -> anyhow::Result<()> {
        if self.json {
            self.screen.say(object(story, kept))?;
            return Ok(());
        }
        self.say("")?;
        if let Some(folder) = kept {
            self.say(&format!(
                "Kept in {}; the letters are in mail/.",
                folder.display()
            ))?;
        }
        for (before, command, what) in [
            ("Next:", "tokenward serve", "runs it with data of its own"),
            (
                "",
                "tokenward alert stand-in --key github.pem",
                "lets you be GitHub",
            ),
        ] {
            let what = self.screen.paint(Tone::Quiet, what);
            self.say(&format!("{before:<6}{command:<43}{what}"))?;
        }
        Ok(())
    }

    fn step(&self, number: u8, title: &str, how: &str) -> anyhow::Result<()> {
        let title = self.screen.column(Tone::Title, title, 23);
        let how = self.screen.paint(Tone::Quiet, how);
        self.say(format!("\n{number}  {title}{how}").trim_end_matches(' '))
    }

    fn say(&self, line: &str) -> anyhow::Result<()> {
        if !self.json {
            self.screen.say(line)?;
        }
        Ok(())
    }
}

/// The beginning of a letter without doubled blank lines, and how many lines follow.
fn excerpt(text: &str) -> (Vec<&str>, usize) {
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.dedup_by(|next, line| next.is_empty() && line.is_empty());
    let rest = lines.split_off(LETTER_LINES.min(lines.len()));
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    (lines, rest.iter().filter(|line| !line.is_empty()).count())
}

fn object(story: &Story, kept: Option<&Path>) -> Value {
    let tokens: Vec<_> = story
        .cast
        .actors()
        .iter()
        .map(|actor| {
            json!({
                "kind": actor.kind.name(),
                "token": actor.shown,
                "before": super::activity(true),
                "after": super::activity(false),
            })
        })
        .collect();
    let reports: Vec<_> = story
        .finds
        .iter()
        .zip(&story.entries)
        .map(|(find, entry)| {
            json!({
                "found": find.shown,
                "url": find.url,
                "source": find.source,
                "token_type": entry.token_type,
                "token_hash": entry.token_hash,
                "label": entry.label,
            })
        })
        .collect();
    let millis = |time: Duration| (time.as_secs_f64() * 10_000.0).round() / 10.0;
    json!({
        "tokens": tokens,
        "status": story.answer.status.as_u16(),
        "reports": reports,
        "letters": story.letters,
        "letter": {
            "to": story.letter.to,
            "subject": story.letter.subject,
            "text": story.letter.text,
        },
        "milliseconds_to_death": millis(story.to_death),
        "milliseconds_to_mailbox": millis(story.to_mailbox),
        "kept": kept,
    })
}
