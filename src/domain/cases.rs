//! What a delivery says about our tokens, before anything is written.

use std::collections::{HashMap, HashSet};

use super::Context;
use crate::model::letter::Outcome;
use crate::model::{
    Delivery, Exposure, Grant, Id, Place, Remedy, RevocationReason, Timestamp, Token, TokenDigest,
    TokenKind, TokenState, User, Verdict,
};
use crate::storage::exposures::NewExposure;
use crate::storage::tokens::{FoundToken, RevokedToken};

/// Which digests were seen in which reports.
pub(super) struct Sightings {
    pub(super) by_digest: HashMap<TokenDigest, Sighting>,
}

pub(super) struct Sighting {
    reports: Vec<usize>,
    current_digest: TokenDigest,
}

impl Sightings {
    pub(super) fn in_delivery(ctx: &Context, delivery: &Delivery) -> Self {
        let mut by_digest: HashMap<TokenDigest, Sighting> = HashMap::new();
        for (index, report) in delivery.reports.iter().enumerate() {
            for candidate in ctx.detector.candidates(report.text.reveal()) {
                let text = candidate.text.as_bytes();
                let mut digests = ctx.hash_keys.candidates(text).peekable();
                // The current key's comes first.
                let Some(current_digest) = digests.peek().copied() else {
                    continue;
                };
                for digest in digests {
                    let sighting = by_digest.entry(digest).or_insert_with(|| Sighting {
                        reports: Vec::new(),
                        current_digest,
                    });
                    // A text may hold the same token many times; it is one report all the same.
                    if sighting.reports.last() != Some(&index) {
                        sighting.reports.push(index);
                    }
                }
            }
        }
        Self { by_digest }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_digest.is_empty()
    }
}

/// One of our tokens and everything this delivery says about it.
pub(super) struct Case<'f> {
    pub(super) found: &'f FoundToken,
    state: TokenState,
    pub(super) reports: Vec<usize>,
    places: Vec<Place>,
    pub(super) rehash: Option<TokenDigest>,
}

impl<'f> Case<'f> {
    pub(super) fn new(
        ctx: &Context,
        delivery: &Delivery,
        found: &'f FoundToken,
        sightings: &Sightings,
    ) -> Self {
        let sighting = sightings.by_digest.get(&found.digest);
        let reports = sighting
            .map(|sighting| sighting.reports.clone())
            .unwrap_or_default();
        let mut seen = HashSet::new();
        let places = reports
            .iter()
            .filter_map(|index| delivery.reports.get(*index))
            .map(|report| {
                Place::new(
                    report.url.as_deref(),
                    report.source.as_deref(),
                    &ctx.detector,
                )
            })
            .filter(|place| seen.insert(*place.key()))
            .collect();
        let outdated = found.hash_key != *ctx.hash_keys.current().id();
        Self {
            found,
            state: found.known.state(delivery.received_at),
            reports,
            places,
            rehash: sighting
                .filter(|_| outdated)
                .map(|sighting| sighting.current_digest),
        }
    }

    pub(super) const fn id(&self) -> Id<Token> {
        self.found.known.token.id
    }

    /// What we found and did, given the tokens that were revoked just now.
    pub(super) fn outcome(&self, revoked: &Revoked, now: Timestamp) -> Outcome {
        match self.state {
            // Another transaction was faster: dead since about now, and not by us.
            _ if !revoked.ids.contains(&self.id()) => Outcome::AlreadyRevoked {
                at: self.dead_since(now),
            },
            TokenState::Live => Outcome::Revoked { at: now },
            TokenState::Expired { at } => Outcome::AlreadyExpired { at },
            TokenState::Suspended { at } => Outcome::AlreadySuspended { at },
            TokenState::Revoked { at } => Outcome::AlreadyRevoked { at },
        }
    }

    fn dead_since(&self, now: Timestamp) -> Timestamp {
        match self.state {
            TokenState::Revoked { at } => at,
            _ => now,
        }
    }

    pub(super) fn exposures(&self, delivery: &Delivery) -> impl Iterator<Item = NewExposure> {
        let now = delivery.received_at;
        self.places.iter().map(move |place| NewExposure {
            exposure: Exposure {
                id: Id::new(now),
                token: self.id(),
                origin: delivery.origin.clone(),
                place: place.clone(),
                first_seen_at: now,
                revoked_at: self.dead_since(now),
                verdict: Verdict::TruePositive,
            },
            state_before: self.state.name(),
        })
    }
}

/// The tokens that died just now, and how many of each family.
#[derive(Default)]
pub(super) struct Revoked {
    ids: HashSet<Id<Token>>,
    by_grant: HashMap<Id<Grant>, u64>,
    with_sessions: HashMap<Id<User>, u64>,
    all: Vec<RevokedToken>,
}

impl Revoked {
    /// `from_sessions` died because sessions did.
    pub(super) fn new(mut all: Vec<RevokedToken>, from_sessions: Vec<RevokedToken>) -> Self {
        let mut revoked = Self::default();
        let sessions = all
            .iter()
            .filter(|token| token.kind == TokenKind::UserSessionToken);
        for user in sessions
            .chain(&from_sessions)
            .filter_map(|token| token.user)
        {
            *revoked.with_sessions.entry(user).or_default() += 1;
        }
        all.extend(from_sessions);
        for token in &all {
            revoked.ids.insert(token.id);
            if let Some(grant) = token.grant {
                *revoked.by_grant.entry(grant).or_default() += 1;
            }
        }
        revoked.all = all;
        revoked
    }

    /// How many other tokens died with this one.
    pub(super) fn relatives(&self, case: &Case<'_>) -> u64 {
        let known = &case.found.known;
        let together = match known.token.kind.remedy() {
            Remedy::Token => None,
            Remedy::Family => known
                .token
                .grant
                .and_then(|grant| self.by_grant.get(&grant)),
            Remedy::UserSessions => known
                .user
                .as_ref()
                .and_then(|user| self.with_sessions.get(&user.id)),
        };
        let itself = u64::from(self.ids.contains(&case.id()));
        together.copied().unwrap_or_default().saturating_sub(itself)
    }

    pub(super) fn by_kind_and_reason(
        &self,
        exposed: &[Id<Token>],
    ) -> Vec<(TokenKind, RevocationReason)> {
        let exposed: HashSet<_> = exposed.iter().collect();
        let reason = |token: &RevokedToken| match exposed.contains(&token.id) {
            true => RevocationReason::Exposed,
            false => RevocationReason::RelativeExposed,
        };
        self.all
            .iter()
            .map(|token| (token.kind, reason(token)))
            .collect()
    }
}
