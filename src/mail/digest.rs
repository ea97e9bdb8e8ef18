//! The letter about tokens that were dead before they were seen, in words.

use askama::Template;

use super::facts::{About, last_four};
use super::shown::Line;
use super::voice::{Fact, Foot, Frame, Tone, Voice};
use super::words::Words;
use crate::model::letter::{Addressee, LeakDigest, Outcome, TokenExposed};

/// Everything both templates show.
struct Page<'a> {
    frame: Frame<'a>,
    paragraphs: Vec<Line>,
    entries: Vec<Entry>,
    more: Option<Line>,
    caution: Option<Line>,
    steps: Vec<Line>,
}

/// One token at one place.
struct Entry {
    headline: Line,
    address: Option<Line>,
    link: Option<String>,
    facts: Vec<Fact>,
}

#[derive(Template)]
#[template(
    path = "leak_digest.txt",
    config = "src/mail/askama.toml",
    escape = "none"
)]
struct TextPage<'a> {
    page: &'a Page<'a>,
}

#[derive(Template)]
#[template(path = "leak_digest.html", config = "src/mail/askama.toml")]
struct HtmlPage<'a> {
    page: &'a Page<'a>,
}

/// Tokens that were dead before were seen.
pub(super) fn leak_digest(digest: &LeakDigest, voice: Voice<'_>) -> Result<Words, askama::Error> {
    let named = u64::try_from(digest.seen.len()).unwrap_or(u64::MAX);
    let places = named.saturating_add(digest.more);
    let page = page(digest, voice, places);
    let subject = voice.say("letter-digest-subject").with("count", places);
    Ok(Words {
        subject: subject.to_string(),
        text: TextPage { page: &page }.render()?,
        html: HtmlPage { page: &page }.render()?,
    })
}

fn page<'a>(digest: &LeakDigest, voice: Voice<'a>, places: u64) -> Page<'a> {
    let entries: Vec<_> = digest.seen.iter().map(|seen| entry(seen, voice)).collect();
    let unknown = |entry: &Entry| entry.address.is_some() && entry.link.is_none();
    let caution = entries.iter().any(unknown);
    let more = match entries.is_empty() {
        true => "letter-digest-only-more",
        false => "letter-digest-more",
    };
    let more = voice.say(more).with("count", digest.more);
    let lead = voice.say("letter-digest-lead");
    let lead = lead.put("moment", voice.moment(digest.since));
    let heading = voice.say("letter-digest-heading").with("count", places);
    let foot = Foot {
        genuine: voice.genuine("letter-check-settings"),
        contact: voice.contact(),
        why_you: why_you(digest, voice),
    };
    let badge = voice.badge(Tone::Calm, "letter-digest-badge");
    Page {
        frame: voice.frame(heading.to_string(), badge, foot),
        paragraphs: vec![Line::new(lead.to_string())],
        more: (digest.more > 0).then(|| Line::new(more.to_string())),
        caution: caution.then(|| voice.line("letter-unknown-sites")),
        steps: ["letter-digest-look", "letter-digest-others"]
            .map(|id| voice.line(id))
            .into(),
        entries,
    }
}

fn entry(seen: &TokenExposed, voice: Voice<'_>) -> Entry {
    let about = About::new(seen, voice);
    let hint = last_four(&seen.token.hint);
    let ends = (!hint.is_empty()).then(|| voice.fact("letter-fact-hint", hint));
    let dead = match seen.outcome {
        Outcome::AlreadyExpired { at } => Some(("letter-fact-expired", at)),
        Outcome::AlreadyRevoked { at } => Some(("letter-fact-revoked", at)),
        _ => {
            let over = seen.token.expires_at.filter(|at| *at <= seen.seen_at);
            over.map(|at| ("letter-fact-expired", at))
        }
    };
    let dead = dead.map(|(id, at)| voice.fact(id, voice.moment(at)));
    let mut facts: Vec<_> = ends.into_iter().chain(dead).collect();
    facts.extend(about.sighting());
    Entry {
        headline: Line::new(about.headline()),
        facts,
        address: about.place.address,
        link: about.place.link,
    }
}

fn why_you(digest: &LeakDigest, voice: Voice<'_>) -> String {
    let is = |wanted: Addressee| move |seen: &TokenExposed| seen.addressee == wanted;
    let id = if digest.seen.is_empty() {
        "letter-because-answerable"
    } else if digest.seen.iter().all(is(Addressee::Operator)) {
        return voice.because(Addressee::Operator);
    } else if digest.seen.iter().all(is(Addressee::Owner)) {
        "letter-because-owner-of-all"
    } else {
        "letter-because-all-sorts"
    };
    voice.say(id).to_string()
}

#[cfg(test)]
#[path = "digest_tests.rs"]
mod tests;
