//! What reports say about our tokens, before anything is written.

use std::collections::{HashMap, HashSet};

use super::Context;
use crate::model::letter::Outcome;
use crate::model::{
    Concerned, Decision, Exposure, Grant, Id, Origin, Place, Reaction, Remedy, Report,
    RevocationReason, Timestamp, Token, TokenDigest, TokenKind, TokenState, User, Verdict,
};
use crate::storage::exposures::NewExposure;
use crate::storage::tokens::{EndingToken, FoundToken, RevokedToken};

/// Which digests were seen in which reports.
#[derive(Default)]
pub(super) struct Sightings {
    by_digest: HashMap<TokenDigest, Sighting>,
}

#[derive(Default)]
struct Sighting {
    reports: Vec<usize>,
    /// What the current hash key makes of the text, if the text was seen.
    current_digest: Option<TokenDigest>,
}

impl Sightings {
    pub(super) fn in_reports(ctx: &Context, reports: &[Report]) -> Self {
        let mut sightings = Self::default();
        for (index, report) in reports.iter().enumerate() {
            for candidate in ctx.detector.candidates(report.text.reveal()) {
                sightings.add_text(ctx, candidate.text.as_bytes(), index);
            }
        }
        sightings
    }

    /// A token's text was seen in this report.
    pub(super) fn add_text(&mut self, ctx: &Context, text: &[u8], report: usize) {
        let mut digests = ctx.hash_keys.candidates(text).peekable();
        // The current key's comes first.
        let current_digest = digests.peek().copied();
        for digest in digests {
            let sighting = self.add(digest, report);
            sighting.current_digest = current_digest;
        }
    }

    /// A token was named by its digest in this report, by whoever may know it.
    pub(super) fn add_digest(&mut self, digest: TokenDigest, report: usize) {
        self.add(digest, report);
    }

    fn add(&mut self, digest: TokenDigest, report: usize) -> &mut Sighting {
        let sighting = self.by_digest.entry(digest).or_default();
        // A text may hold the same token many times; it is one report all the same.
        if sighting.reports.last() != Some(&report) {
            sighting.reports.push(report);
        }
        sighting
    }

    pub(super) fn digests(&self) -> Vec<TokenDigest> {
        self.by_digest.keys().copied().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_digest.is_empty()
    }
}

/// One of our tokens and everything that is said about it.
pub(super) struct Case<'f> {
    pub(super) found: &'f FoundToken,
    pub(super) state: TokenState,
    /// Which reports speak of it, each with the key of its place.
    pub(super) seen: Vec<(usize, [u8; 32])>,
    places: Vec<Place>,
    pub(super) rehash: Option<TokenDigest>,
    /// Whether somebody who may say so wants it dead whatever policy makes of the reports.
    pub(super) is_doomed: bool,
}

impl<'f> Case<'f> {
    pub(super) fn new(
        ctx: &Context,
        reports: &[Report],
        found: &'f FoundToken,
        sightings: &Sightings,
        now: Timestamp,
    ) -> Self {
        let sighting = sightings.by_digest.get(&found.digest);
        let indices = sighting.map(|sighting| sighting.reports.as_slice());
        let mut seen = Vec::new();
        let mut places: Vec<Place> = Vec::new();
        let mut keys = HashSet::new();
        for index in indices.unwrap_or_default() {
            let Some(report) = reports.get(*index) else {
                continue;
            };
            let (url, source) = (report.url.as_deref(), report.source.as_deref());
            let place = Place::new(url, source, &ctx.detector);
            seen.push((*index, *place.key()));
            if keys.insert(*place.key()) {
                places.push(place);
            }
        }
        let outdated = found.hash_key != *ctx.hash_keys.current().id();
        Self {
            found,
            state: found.known.state(now),
            seen,
            places,
            rehash: sighting
                .filter(|_| outdated)
                .and_then(|sighting| sighting.current_digest),
            is_doomed: false,
        }
    }

    pub(super) const fn id(&self) -> Id<Token> {
        self.found.known.token.id
    }

    /// The token as one that is to end.
    pub(super) fn ending(&self) -> EndingToken {
        let known = &self.found.known;
        EndingToken {
            id: known.token.id,
            kind: known.token.kind,
            grant: known.token.grant,
            user: known.user.as_ref().map(|user| user.id),
        }
    }

    /// Whether it was in quarantine when the report came.
    pub(super) fn is_quarantined(&self) -> bool {
        self.found.known.is_quarantined()
    }

    /// Whether it or its family was in quarantine when the report came.
    pub(super) fn is_held(&self) -> bool {
        self.is_quarantined() || self.found.known.grant_is_quarantined
    }

    /// Whether it was dead because another token of its family or user had been seen.
    pub(super) fn died_as_relative(&self) -> bool {
        let revocation = self.found.known.token.revocation;
        revocation.is_some_and(|revocation| {
            matches!(
                revocation.reason,
                RevocationReason::RelativeExposed | RevocationReason::RelativeQuarantined
            )
        })
    }

    /// Whether to revoke it could take something from somebody: the token itself, its family or, of a
    /// session, others of its user, as far as they work, would work again, or may come back from a
    /// quarantine.
    pub(super) fn can_end_something(&self) -> bool {
        let known = &self.found.known;
        let itself = match self.state {
            TokenState::Live | TokenState::Suspended { .. } => true,
            TokenState::Expired { .. } => false,
            TokenState::Revoked { .. } => self.is_quarantined(),
        };
        let family_is_over = known.grant_revoked_at.is_some() && !known.grant_is_quarantined;
        itself
            || match known.token.kind.remedy() {
                Remedy::Token => false,
                Remedy::Family => known.token.grant.is_some() && !family_is_over,
                Remedy::UserSessions => true,
            }
    }

    /// What we found and did, given the tokens that were revoked just now.
    pub(super) fn outcome(
        &self,
        decision: &Decision,
        revoked: &Revoked,
        now: Timestamp,
    ) -> Outcome {
        let since = self.dead_since(now);
        let Some(reason) = revoked.reason(self) else {
            return match self.state {
                TokenState::Revoked { at } if self.is_quarantined() => Outcome::Quarantined { at },
                TokenState::Revoked { at } => Outcome::AlreadyRevoked { at },
                state if spares(decision) => Outcome::NotRevoked {
                    works: state == TokenState::Live,
                },
                // Another transaction was faster: dead since about now, and not by us.
                _ => Outcome::AlreadyRevoked { at: since },
            };
        };
        match self.state {
            _ if reason.is_quarantine() => Outcome::Quarantined { at: now },
            TokenState::Live => Outcome::Revoked { at: now },
            TokenState::Expired { at } => Outcome::AlreadyExpired { at },
            TokenState::Suspended { at } => Outcome::AlreadySuspended { at },
            TokenState::Revoked { .. } if self.is_quarantined() => Outcome::Revoked { at: now },
            TokenState::Revoked { at } => Outcome::AlreadyRevoked { at },
        }
    }

    fn dead_since(&self, now: Timestamp) -> Timestamp {
        match self.state {
            TokenState::Revoked { at } => at,
            _ => now,
        }
    }

    /// Whether it is as dead or alive after this decision as it was before, and not revoked.
    pub(super) fn lives_on(&self, decision: &Decision, revoked: &Revoked) -> bool {
        spares(decision)
            && !revoked.holds(self)
            && !matches!(self.state, TokenState::Revoked { .. })
    }

    pub(super) fn exposures<'c>(
        &'c self,
        reported: Reported<'c>,
        revoked: &Revoked,
    ) -> impl Iterator<Item = NewExposure> + use<'c, 'f> {
        let alive = self.lives_on(reported.decision, revoked);
        let observes = reported.decision.reaction == Reaction::Observe;
        let decision = match revoked.reason(self) {
            Some(reason) if observes => Decision::with_relatives(reason),
            _ => reported.decision.clone(),
        };
        let is_told = decision.reaction != Reaction::Observe;
        let dead_since = (!alive).then(|| self.dead_since(reported.at));
        self.places.iter().map(move |place| NewExposure {
            exposure: Exposure {
                id: Id::new(reported.at),
                token: self.id(),
                origin: reported.origin.clone(),
                place: place.clone(),
                first_seen_at: reported.at,
                revoked_at: dead_since,
                decision: decision.clone(),
                verdict: Verdict::TruePositive,
            },
            state_before: self.state.name(),
            concerned: Concerned::by(&self.found.known),
            is_told,
        })
    }
}

/// Whether a token lives on that is reported.
pub(super) const fn spares(decision: &Decision) -> bool {
    matches!(decision.reaction, Reaction::Notify | Reaction::Observe)
}

/// What was said and decided about a token.
#[derive(Clone, Copy)]
pub(super) struct Reported<'a> {
    pub(super) origin: &'a Origin,
    pub(super) decision: &'a Decision,
    pub(super) at: Timestamp,
}

/// The tokens that died just now, and how many of each family.
#[derive(Default)]
pub(super) struct Revoked {
    reasons: HashMap<Id<Token>, RevocationReason>,
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
            revoked.reasons.insert(token.id, token.reason);
            if let Some(grant) = token.grant {
                *revoked.by_grant.entry(grant).or_default() += 1;
            }
        }
        revoked.all = all;
        revoked
    }

    /// Whether this token is one of them.
    pub(super) fn holds(&self, case: &Case<'_>) -> bool {
        self.reasons.contains_key(&case.id())
    }

    /// Why this token died, if it is one of them.
    pub(super) fn reason(&self, case: &Case<'_>) -> Option<RevocationReason> {
        self.reasons.get(&case.id()).copied()
    }

    /// Adds those that died otherwise.
    pub(super) fn absorb(&mut self, other: Self) {
        self.reasons.extend(other.reasons);
        for (grant, number) in other.by_grant {
            *self.by_grant.entry(grant).or_default() += number;
        }
        for (user, number) in other.with_sessions {
            *self.with_sessions.entry(user).or_default() += number;
        }
        self.all.extend(other.all);
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
        let itself = u64::from(self.holds(case));
        together.copied().unwrap_or_default().saturating_sub(itself)
    }

    pub(super) fn by_kind_and_reason(&self) -> Vec<(TokenKind, RevocationReason)> {
        let both = |token: &RevokedToken| (token.kind, token.reason);
        self.all.iter().map(both).collect()
    }
}
