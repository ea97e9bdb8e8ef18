//! What happened to a token that was seen, in its order.

use std::time::Duration;

use super::super::page::Page;
use super::seen::{PlaceView, Reporter};
use crate::domain::exposures::owned::{StoredExposure, Story};
use crate::domain::leaked_uses::StoredUse;
use crate::model::Timestamp;

/// Most places that are told of one by one.
const MOST_PLACES: usize = 50;

/// Something that happened.
pub(in crate::http) struct Moment {
    pub(super) at: Timestamp,
    pub(super) tone: &'static str,
    /// What, in a few words.
    pub(super) title: String,
    pub(super) more: More,
}

/// What else is known about it.
pub(in crate::http) enum More {
    Nothing,
    /// From this address.
    From(Option<String>),
    Place(Box<PlaceView>),
    Attempts(AttemptView),
}

/// Attempts by one way in, from one address.
pub(in crate::http) struct AttemptView {
    pub(super) via: &'static str,
    pub(super) from: Option<String>,
    pub(super) times: i64,
    pub(super) last: Option<Timestamp>,
}

impl AttemptView {
    fn new(attempt: &StoredUse) -> Self {
        Self {
            via: match &*attempt.via {
                "introspection" => "via-introspection",
                "session" => "via-session",
                "token_endpoint" => "via-token-endpoint",
                "client" => "via-client",
                "service" => "via-service",
                _ => "via-api",
            },
            from: attempt.from.clone(),
            times: attempt.times,
            last: Some(attempt.last_at).filter(|last| *last != attempt.first_at),
        }
    }
}

/// Everything that happened, first to last.
pub(super) fn of(story: &Story, page: &Page) -> Vec<Moment> {
    let mut moments = life(story, page);
    let places = story.places.iter().take(MOST_PLACES);
    moments.extend(places.map(|place| sighting(place, page)));
    moments.extend(end(story, page));
    moments.extend(story.attempts.iter().map(|attempt| Moment {
        at: attempt.first_at,
        tone: "bad",
        title: page.say("timeline-attempt").to_string(),
        more: More::Attempts(AttemptView::new(attempt)),
    }));
    // What happened at one moment stays in the order of its telling.
    moments.sort_by_key(|moment| moment.at);
    moments
}

/// How many places are not told of.
pub(super) fn left_out(story: &Story) -> usize {
    story.places.len().saturating_sub(MOST_PLACES)
}

fn life(story: &Story, page: &Page) -> Vec<Moment> {
    let token = &story.seen.known.token;
    let mut moments = vec![Moment {
        at: token.created_at,
        tone: "",
        title: page.say("timeline-made").to_string(),
        more: More::Nothing,
    }];
    if let Some(at) = token.last_used_at {
        moments.push(Moment {
            at,
            tone: "",
            title: page.say("timeline-used").to_string(),
            more: More::From(token.last_used_from.map(|from| from.to_string())),
        });
    }
    moments
}

fn sighting(place: &StoredExposure, page: &Page) -> Moment {
    let place_view = PlaceView::new(place);
    let title = page.say("timeline-seen");
    let title = match &place_view.reporter {
        Reporter::Named(name) => title.with("reporter", name.clone()).to_string(),
        Reporter::Said(text) => title
            .with("reporter", page.say(text).to_string())
            .to_string(),
    };
    Moment {
        at: place.first_seen_at,
        tone: "warn",
        title,
        more: More::Place(Box::new(place_view)),
    }
}

/// When it died, and how long after it had been reported first.
fn end(story: &Story, page: &Page) -> Option<Moment> {
    let token = &story.seen.known.token;
    if let Some(end) = token.revocation {
        let first = story.places.first().map(|place| place.first_seen_at);
        let after = first
            .filter(|first| *first <= end.at)
            .map(|first| end.at.since(first));
        let quarantine = end.reason.is_quarantine();
        let (title, tone) = match (after, quarantine) {
            (Some(Duration::ZERO), false) => (page.say("timeline-revoked-at-once"), "good"),
            (Some(after), false) => {
                let span = page.span(&after).to_string();
                (
                    page.say("timeline-revoked-after").with("span", span),
                    "good",
                )
            }
            (_, true) => (page.say("timeline-quarantined"), "warn"),
            (None, false) => (page.say("timeline-revoked"), ""),
        };
        return Some(Moment {
            at: end.at,
            tone,
            title: title.to_string(),
            more: More::Nothing,
        });
    }
    let expired = token.expires_at.filter(|end| *end <= page.now())?;
    Some(Moment {
        at: expired,
        tone: "",
        title: page.say("timeline-expired").to_string(),
        more: More::Nothing,
    })
}
