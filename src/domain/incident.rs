//! What is done about tokens that were seen where they should not be: they die with everything that
//! came from them, every place is written down, and everybody concerned gets a letter.

use std::collections::HashSet;

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
use crate::storage::exposures::{self, NewExposure};
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
        let observed = written.iter().filter(|fresh| fresh.was_observed);
        let observed: HashSet<_> = observed.map(|fresh| fresh.id).collect();
        let fresh: HashSet<_> = written.iter().map(|fresh| fresh.id).collect();
        let mut told: Vec<&Record<'_>> = Vec::new();
        for record in records.iter().filter(|record| record.is_in(&fresh)) {
            self.note(tx, record);
            if record.new.is_told {
                told.push(record);
            }
        }
        let mut letters = write_letters(ctx, tx, &told, &self.reacted.revoked, self.at).await?;
        self.decide_anew(tx, &records, &fresh, &observed).await?;
        letters += self.tell_again(ctx, tx, &records, &fresh).await?;
        rehash(ctx, tx, self.cases).await?;
        Ok(Written {
            fresh,
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

    /// A token may die although every place of it was known: it lived on when they were written
    /// down, or came back since. Its owner was told something else, or nothing.
    async fn tell_again(
        &self,
        ctx: &Context,
        tx: &mut Tx,
        records: &[Record<'_>],
        fresh: &HashSet<Id<Exposure>>,
    ) -> Result<usize, StorageError> {
        let dead = |record: &&Record<'_>| self.reacted.revoked.holds(record.case);
        let stale = |record: &&Record<'_>| !record.is_in(fresh);
        let mut again: Vec<_> = records.iter().filter(dead).filter(stale).collect();
        again.dedup_by_key(|record| record.case.id());
        if again.is_empty() {
            return Ok(0);
        }
        // Who hears of a new place hears what became of the token as well.
        let heard: HashSet<_> = records
            .iter()
            .filter(|record| record.is_in(fresh))
            .map(|record| record.case.id())
            .collect();
        again.retain(|record| !heard.contains(&record.case.id()));
        let news = News {
            revoked: &self.reacted.revoked,
            // What was seen where it had been seen before is no other leak.
            repeated: Repeated::new(),
        };
        let letters = letters_about(ctx, tx, &again, &news, self.at).await?;
        letters.without_places().write(tx, self.at).await
    }

    /// What was decided about the places of dead tokens that were known, or only observed at a place that
    /// is not in this delivery, is what is decided now.
    async fn decide_anew(
        &self,
        tx: &mut Tx,
        records: &[Record<'_>],
        fresh: &HashSet<Id<Exposure>>,
        observed: &HashSet<Id<Exposure>>,
    ) -> Result<(), StorageError> {
        let dead = |record: &&Record<'_>| self.reacted.revoked.holds(record.case);
        let known = |record: &&Record<'_>| !record.is_in(fresh) || record.is_in(observed);
        let mut changed: Vec<_> = records.iter().filter(dead).filter(known).collect();
        changed.dedup_by_key(|record| record.case.id());
        let changed: Vec<_> = changed.iter().map(|record| &record.new.exposure).collect();
        if changed.is_empty() {
            return Ok(());
        }
        exposures::redecide(tx, &changed, self.at).await
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

async fn write_letters(
    ctx: &Context,
    tx: &mut Tx,
    told: &[&Record<'_>],
    revoked: &Revoked,
    now: Timestamp,
) -> Result<usize, StorageError> {
    if told.is_empty() {
        return Ok(0);
    }
    let alarming = |record: &&&Record<'_>| !digests::is_informational(record.case, revoked, now);
    let leaked = told.iter().filter(alarming);
    let leaked: Vec<_> = leaked.map(|record| record.seen()).collect();
    let repeated = repeated_leaks::note(ctx, tx, &leaked, now).await?;
    let news = News { revoked, repeated };
    let letters = letters_about(ctx, tx, told, &news, now).await?;
    letters.write(tx, now).await
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
