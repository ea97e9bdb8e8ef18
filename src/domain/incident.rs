//! What is done about tokens that were seen where they should not be: they die with everything that
//! came from them, every place is written down, and everybody concerned gets a letter.

mod again;

use std::collections::HashSet;

use again::Before;

use super::cases::{Case, Reported, Revoked};
use super::letters::{self, Findings, Letters, Managers};
use super::reactions::Reacted;
use super::repeated_leaks::{self, Repeated};
use super::{Context, digests, places, sessions};
use crate::model::leak_policy::DEFAULT_RULE;
use crate::model::{
    Delivery, Exposure, Id, KnownToken, Origin, Reaction, Remedy, Revocation, RevocationReason,
    Timestamp, TokenDigest, TokenKind,
};
use crate::storage::exposures::NewExposure;
use crate::storage::journal::Event;
use crate::storage::outbox::NewLetter;
use crate::storage::spent_tokens::{self, IssuedToken};
use crate::storage::tokens::{self, EndingToken, ExposedSet, NewDigest, RevokedToken};
use crate::storage::{StorageError, Tx, grants, organizations};

/// Letters about leaks wait behind those that somebody sits and waits for.
pub(super) const PRIORITY: i64 = 10;

/// Why tokens die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reasons {
    /// Those that are spoken of.
    pub(super) named: RevocationReason,
    /// Those that came from the same grant or session.
    pub(super) relatives: RevocationReason,
}

impl Reasons {
    /// Somebody saw them.
    pub(super) const EXPOSED: Self = Self {
        named: RevocationReason::Exposed,
        relatives: RevocationReason::RelativeExposed,
    };

    /// The same for all.
    pub(super) const fn all(reason: RevocationReason) -> Self {
        Self {
            named: reason,
            relatives: reason,
        }
    }
}

/// Those of which only a few facts are kept, by digest.
pub(super) fn spent(issued: &[IssuedToken]) -> Vec<TokenDigest> {
    let spent = issued.iter().filter(|issued| issued.spent);
    spent.map(|issued| issued.found.digest).collect()
}

/// Makes spent tokens tokens again, because something is to be written down about them.
pub(super) async fn bring_back(tx: &mut Tx, spent: &[TokenDigest]) -> Result<(), StorageError> {
    if !spent.is_empty() {
        spent_tokens::bring_back(tx, spent).await?;
        spent_tokens::forget(tx, spent).await?;
    }
    Ok(())
}

/// Ends these tokens, and what has to end with them. Tells which tokens died just now.
pub(super) async fn end_tokens(
    tx: &mut Tx,
    named: &[EndingToken],
    reasons: Reasons,
    now: Timestamp,
) -> Result<Revoked, StorageError> {
    let mut exposed = exposed_set(named);
    let revoked =
        tokens::revoke_exposed(tx, &exposed, (reasons.named, reasons.relatives), now).await?;
    let relatives = Revocation {
        at: now,
        reason: reasons.relatives,
    };
    let from_sessions =
        end_what_sessions_made(tx, named, &mut exposed, &revoked, relatives).await?;
    if !exposed.grants.is_empty() {
        match reasons.relatives.is_quarantine() {
            true => grants::quarantine(tx, &exposed.grants, now).await?,
            false => grants::revoke(tx, &exposed.grants, now).await?,
        }
    }
    Ok(Revoked::new(revoked, from_sessions))
}

/// Tokens that were seen, and what was done about them.
pub(super) struct Incident<'a> {
    /// Who says so.
    pub(super) origin: &'a Origin,
    /// In which delivery, if it is remembered.
    pub(super) delivery: Option<Id<Delivery>>,
    /// The tokens.
    pub(super) cases: &'a [Case<'a>],
    /// What was decided about each, and what died.
    pub(super) reacted: &'a Reacted,
    /// When.
    pub(super) at: Timestamp,
}

/// What was written down.
pub(super) struct Written {
    /// The exposures that are new.
    pub(super) fresh: HashSet<Id<Exposure>>,
    /// Every exposure, new or known before.
    pub(super) exposures: Vec<NewExposure>,
    /// How many letters leave at once.
    pub(super) letters: usize,
}

impl Incident<'_> {
    /// Writes down where the tokens were seen, and letters to everybody concerned.
    pub(super) async fn write_down(
        &self,
        ctx: &Context,
        tx: &mut Tx,
    ) -> Result<Written, StorageError> {
        let records: Vec<Record<'_>> = self.records();
        let exposures: Vec<_> = records.iter().map(|record| record.new.clone()).collect();
        let written = places::write(ctx, tx, self.delivery, &exposures).await?;
        let before = Before::list(tx, &records, &written).await?;
        let mut told: Vec<&Record<'_>> = Vec::new();
        for record in records.iter().filter(|record| record.is_in(&before.fresh)) {
            self.note(tx, record);
            if record.new.is_told {
                told.push(record);
            }
        }
        let again = self.again(&records, &before);
        let letters = self.write_letters(ctx, tx, (told.as_slice(), again.as_slice()), &before);
        let letters = letters.await?;
        self.decide_anew(tx, &records, &before).await?;
        rehash(ctx, tx, self.cases).await?;
        Ok(Written {
            fresh: before.fresh,
            exposures,
            letters,
        })
    }

    /// What nobody decided otherwise needs no row of its own beside those of the exposure and of the
    /// token's end.
    fn note(&self, tx: &mut Tx, record: &Record<'_>) {
        let decision = &record.new.exposure.decision;
        if decision.reaction != Reaction::Revoke || decision.rule != DEFAULT_RULE {
            let decided = Event::ReactionDecided {
                token: record.case.id(),
                origin: self.origin.clone(),
                decision: decision.clone(),
            };
            tx.note(self.at, decided);
        }
    }

    fn records(&self) -> Vec<Record<'_>> {
        let both = self.cases.iter().zip(&self.reacted.decisions);
        both.flat_map(|(case, decision)| {
            let reported = Reported {
                origin: self.origin,
                decision,
                at: self.at,
            };
            let new = case.exposures(reported, &self.reacted.revoked);
            new.map(move |new| Record { case, new })
        })
        .collect()
    }

    /// Letters about places that are new, and about tokens of which something else is to be said than before.
    /// Whatever leaks in one delivery is one leak of its owner.
    async fn write_letters(
        &self,
        ctx: &Context,
        tx: &mut Tx,
        (told, again): (&[&Record<'_>], &[&Record<'_>]),
        before: &Before,
    ) -> Result<usize, StorageError> {
        let (revoked, now) = (&self.reacted.revoked, self.at);
        let alarming =
            |record: &&&Record<'_>| !digests::is_informational(record.case, revoked, now);
        // What was seen where it had been seen before is no other leak, unless it was only observed.
        let first = again.iter().filter(|record| before.observes(record));
        let leaked = told.iter().chain(first).filter(alarming);
        let leaked: Vec<_> = leaked.map(|record| record.seen()).collect();
        let repeated = match leaked.is_empty() {
            true => Repeated::new(),
            false => repeated_leaks::note(ctx, tx, &leaked, now).await?,
        };
        let news = News { revoked, repeated };
        let about_places = letters_about(ctx, tx, told, &news, now).await?;
        let about_tokens = letters_about(ctx, tx, again, &news, now).await?;
        let places = about_places.write(tx, now).await?;
        Ok(places + about_tokens.without_places().write(tx, now).await?)
    }
}

/// A token at a place.
struct Record<'a> {
    case: &'a Case<'a>,
    new: NewExposure,
}

impl Record<'_> {
    fn is_in(&self, fresh: &HashSet<Id<Exposure>>) -> bool {
        fresh.contains(&self.new.exposure.id)
    }

    fn seen(&self) -> repeated_leaks::Seen<'_> {
        (&self.case.found.known, self.new.exposure.id)
    }
}

/// Ends what was minted from the sessions that ended just now, and everything that was granted in
/// a session whose own token was seen: whoever had it could allow any client anything. Tells which
/// tokens died.
async fn end_what_sessions_made(
    tx: &mut Tx,
    named: &[EndingToken],
    exposed: &mut ExposedSet,
    revoked: &[RevokedToken],
    revocation: Revocation,
) -> Result<Vec<RevokedToken>, StorageError> {
    let is_session = |kind: TokenKind| kind.remedy() == Remedy::UserSessions;
    let ended = revoked.iter().filter(|token| is_session(token.kind));
    let ended: Vec<_> = ended.map(|token| token.id).collect();
    let mut dead = sessions::wind_up(tx, &ended, revocation).await?;
    let seen = named.iter().filter(|token| is_session(token.kind));
    let seen: Vec<_> = seen.map(|token| token.id).collect();
    if !seen.is_empty() {
        let granted = grants::list_by_sessions(tx, &seen).await?;
        dead.extend(tokens::revoke_families(tx, &granted, revocation).await?);
        exposed.grants.extend(granted);
    }
    Ok(dead)
}

fn exposed_set(named: &[EndingToken]) -> ExposedSet {
    let mut exposed = ExposedSet::default();
    for token in named {
        exposed.tokens.push(token.id);
        match token.kind.remedy() {
            Remedy::Token => {}
            Remedy::Family => exposed.grants.extend(token.grant),
            Remedy::UserSessions => exposed.session_users.extend(token.user),
        }
    }
    exposed.grants.sort_unstable();
    exposed.grants.dedup();
    exposed.session_users.sort_unstable();
    exposed.session_users.dedup();
    exposed
}

/// What is new about tokens that were seen.
struct News<'a> {
    revoked: &'a Revoked,
    repeated: Repeated,
}

async fn letters_about(
    ctx: &Context,
    tx: &mut Tx,
    told: &[&Record<'_>],
    news: &News<'_>,
    now: Timestamp,
) -> Result<Letters, StorageError> {
    let concerned: Vec<_> = told.iter().map(|record| &record.case.found.known).collect();
    let managers = managers(tx, &concerned).await?;
    let mut all = Letters::default();
    for Record { case, new } in told {
        let known = &case.found.known;
        let findings = Findings {
            outcome: case.outcome(&new.exposure.decision, news.revoked, now),
            relatives_revoked: news.revoked.relatives(case),
            leaked_before: news.repeated.get(&case.id()).copied(),
        };
        let mut readers = letters::addressees(ctx, known, &managers);
        if findings.leaked_before.is_some() {
            letters::copy_to_managers(&mut readers, known, &managers);
        }
        let exposure = &new.exposure;
        let letters = readers.into_iter().map(|(recipient, addressee)| NewLetter {
            id: Id::new(now),
            exposure: Some(exposure.id),
            recipient,
            letter: letters::token_exposed(ctx, known, exposure, addressee, findings),
        });
        let later =
            ctx.policy.digest_every.is_some() && digests::is_informational(case, news.revoked, now);
        match later {
            true => all.in_digests.extend(letters),
            false => all.at_once.extend(letters),
        }
    }
    Ok(all)
}

/// The owners and admins of the organizations of these tokens.
pub(super) async fn managers(
    tx: &mut Tx,
    concerned: &[&KnownToken],
) -> Result<Managers, StorageError> {
    let organizations = concerned
        .iter()
        .filter_map(|known| known.organization.as_ref());
    let mut ids: Vec<_> = organizations.map(|organization| organization.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut managers = Managers::new();
    if !ids.is_empty() {
        for (organization, email) in organizations::list_managers(tx, &ids).await? {
            managers.entry(organization).or_default().push(email);
        }
    }
    Ok(managers)
}

async fn rehash(ctx: &Context, tx: &mut Tx, cases: &[Case<'_>]) -> Result<(), StorageError> {
    let digests: Vec<NewDigest> = cases
        .iter()
        .filter_map(|case| {
            Some(NewDigest {
                token: case.id(),
                digest: case.rehash?,
            })
        })
        .collect();
    if digests.is_empty() {
        return Ok(());
    }
    tokens::rehash(tx, ctx.hash_keys.current().id(), &digests).await
}
