//! The letter about tokens that were dead before they were seen, in words.

use askama::Template;

use super::brand::Brand;
use super::facts::{About, Fact, LONGEST_NAME, last_four, moment};
use super::shown::{Line, tame};
use super::words::Words;
use crate::model::letter::{Addressee, LeakDigest, Outcome, TokenExposed};

/// Everything both templates show.
struct Page {
    brand: Line,
    accent: String,
    headline: Line,
    paragraphs: Vec<Line>,
    entries: Vec<Entry>,
    more: Option<Line>,
    caution: Option<Line>,
    steps: Vec<Line>,
    genuine: Line,
    contact: Line,
    why_you: Line,
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
    page: &'a Page,
}

#[derive(Template)]
#[template(path = "leak_digest.html", config = "src/mail/askama.toml")]
struct HtmlPage<'a> {
    page: &'a Page,
}

/// Tokens that were dead before were seen.
pub(super) fn leak_digest(digest: &LeakDigest, brand: &Brand) -> Result<Words, askama::Error> {
    let named = u64::try_from(digest.seen.len()).unwrap_or(u64::MAX);
    let places = match named.saturating_add(digest.more) {
        1 => "in one place".to_owned(),
        number => format!("in {number} places"),
    };
    let subject = format!("For your information: tokens that no longer work were found {places}");
    let page = page(digest, brand, &places);
    Ok(Words {
        subject,
        text: TextPage { page: &page }.render()?,
        html: HtmlPage { page: &page }.render()?,
    })
}

fn page(digest: &LeakDigest, brand: &Brand, places: &str) -> Page {
    let name = tame(&brand.name, LONGEST_NAME);
    let entries: Vec<_> = digest.seen.iter().map(|seen| entry(seen, brand)).collect();
    let unknown = |entry: &Entry| entry.address.is_some() && entry.link.is_none();
    let caution = entries.iter().any(unknown).then(|| {
        Line::new(
            "We do not know every site named here: look at those with care, and enter nothing \
             there.",
        )
    });
    let more = (digest.more > 0).then(|| more(digest.more, entries.is_empty()));
    Page {
        headline: Line::new(format!("Tokens that no longer work were found {places}.")),
        paragraphs: vec![Line::new(format!(
            "Each of them had expired or been revoked before, so it opened nothing when it was \
             found, and nothing stops working because of it. This letter gathers what was \
             reported since {}.",
            moment(digest.since)
        ))],
        entries,
        more,
        caution,
        steps: steps(),
        genuine: Line::new(format!(
            "It has no login link, and it never asks for a password or for a token. You need not \
             click anything: type the address of {name} into your browser yourself and go to {}.",
            tame(&brand.settings, 200)
        )),
        contact: Line::new(format!(
            "Questions, or something you did not expect? Ask {}.",
            tame(&brand.security_contact, 200)
        )),
        why_you: Line::new(why_you(digest, &name)),
        brand: Line::new(name),
        accent: brand.accent.to_string(),
    }
}

fn more(number: u64, alone: bool) -> Line {
    Line::new(match (number, alone) {
        (1, false) => "It was seen in one more place, which is not listed here.".to_owned(),
        (number, false) => format!("{number} more places are not listed here."),
        (number, true) => format!("Places that cannot be listed here: {number}."),
    })
}

fn steps() -> Vec<Line> {
    vec![
        Line::new(
            "Look at how the token got there. What wrote it down once may write down the next \
             one, which works.",
        ),
        Line::new(
            "Other secrets in the same place may work still: replace those that are yours, and \
             only then remove them there.",
        ),
    ]
}

fn entry(seen: &TokenExposed, brand: &Brand) -> Entry {
    let about = About::new(seen, brand);
    let hint = last_four(&seen.token.hint);
    let ends = (!hint.is_empty()).then(|| fact("Ends in", hint));
    let dead = match seen.outcome {
        Outcome::AlreadyExpired { at } => Some(fact("Expired", moment(at))),
        Outcome::AlreadyRevoked { at } => Some(fact("Revoked", moment(at))),
        _ => seen
            .token
            .expires_at
            .filter(|at| *at <= seen.seen_at)
            .map(|at| fact("Expired", moment(at))),
    };
    let mut facts: Vec<_> = ends.into_iter().chain(dead).collect();
    facts.extend(about.sighting());
    Entry {
        headline: about.headline(),
        facts,
        address: about.place.address,
        link: about.place.link,
    }
}

fn fact(label: &'static str, value: String) -> Fact {
    Fact {
        label,
        value: Line::new(value),
    }
}

fn why_you(digest: &LeakDigest, brand: &str) -> String {
    let is = |wanted: Addressee| move |seen: &TokenExposed| seen.addressee == wanted;
    let because = if digest.seen.is_empty() {
        "you answer for these tokens".to_owned()
    } else if digest.seen.iter().all(is(Addressee::Operator)) {
        format!("you run {brand}")
    } else if digest.seen.iter().all(is(Addressee::Owner)) {
        "these tokens were yours".to_owned()
    } else {
        "each of these tokens was yours, was made by you, or belonged to an organization or an \
         application that you own or manage"
            .to_owned()
    };
    // Names such as "Acme Inc." bring their own full stop.
    let because = because.trim_end_matches('.');
    format!("You receive this letter because {because}.")
}

#[cfg(test)]
#[path = "digest_tests.rs"]
mod tests;
