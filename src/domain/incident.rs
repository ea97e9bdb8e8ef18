//! What is done about tokens that were seen where they should not be: they die with everything that
//! came from them, every place is written down, and everybody concerned gets a letter.

use std::collections::HashSet;

use super::cases::{Case, Revoked};
use super::letters::{self, Managers};
use super::{Context, places, sessions};
use crate::model::{
    Delivery, Exposure, Id, KnownToken, Origin, Remedy, Revocation, RevocationReason, Timestamp,
    TokenDigest, TokenKind,
};
use crate::storage::exposures::NewExposure;
use crate::storage::outbox::{self, NewLetter};
use crate::storage::spent_tokens::{self, IssuedToken};
use crate::storage::tokens::{self, ExposedSet, NewDigest, RevokedToken};
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
    cases: &[Case<'_>],
    reasons: Reasons,
    now: Timestamp,
) -> Result<Revoked, StorageError> {
    let mut exposed = exposed_set(cases);
    let revoked =
        tokens::revoke_exposed(tx, &exposed, (reasons.named, reasons.relatives), now).await?;
    let relatives = Revocation {
        at: now,
        reason: reasons.relatives,
    };
    let from_sessions =
        end_what_sessions_made(tx, cases, &mut exposed, &revoked, relatives).await?;
    if !exposed.grants.is_empty() {
        grants::revoke(tx, &exposed.grants, now).await?;
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
    /// What died.
    pub(super) revoked: &'a Revoked,
    /// When.
    pub(super) at: Timestamp,
}

/// What was written down.
pub(super) struct Written {
    /// The exposures that are new.
    pub(super) fresh: HashSet<Id<Exposure>>,
    /// Every exposure, new or known before.
    pub(super) exposures: Vec<NewExposure>,
    /// How many letters wait.
    pub(super) letters: usize,
}

impl Incident<'_> {
    /// Writes down where the tokens were seen, and letters to everybody concerned.
    pub(super) async fn write_down(
        &self,
        ctx: &Context,
        tx: &mut Tx,
    ) -> Result<Written, StorageError> {
        let (owners, exposures): (Vec<&Case<'_>>, Vec<NewExposure>) = self
            .cases
            .iter()
            .flat_map(|case| {
                case.exposures(self.origin, self.at)
                    .map(move |exposure| (case, exposure))
            })
            .unzip();
        let fresh = places::write(ctx, tx, self.delivery, &exposures).await?;
        let fresh: HashSet<_> = fresh.into_iter().collect();
        let told: Vec<_> = owners
            .into_iter()
            .zip(&exposures)
            .filter(|(_, new)| fresh.contains(&new.exposure.id))
            .collect();
        let letters = write_letters(ctx, tx, &told, self.revoked, self.at).await?;
        rehash(ctx, tx, self.cases).await?;
        Ok(Written {
            fresh,
            exposures,
            letters,
        })
    }
}

/// Ends what was minted from the sessions that ended just now, and everything that was granted in
/// a session whose own token was seen: whoever had it could allow any client anything. Tells which
/// tokens died.
async fn end_what_sessions_made(
    tx: &mut Tx,
    cases: &[Case<'_>],
    exposed: &mut ExposedSet,
    revoked: &[RevokedToken],
    revocation: Revocation,
) -> Result<Vec<RevokedToken>, StorageError> {
    let is_session = |kind: TokenKind| kind.remedy() == Remedy::UserSessions;
    let ended = revoked.iter().filter(|token| is_session(token.kind));
    let ended: Vec<_> = ended.map(|token| token.id).collect();
    let mut dead = sessions::wind_up(tx, &ended, revocation).await?;
    let seen = cases.iter().map(|case| &case.found.known.token);
    let seen: Vec<_> = seen
        .filter(|token| is_session(token.kind))
        .map(|token| token.id)
        .collect();
    if !seen.is_empty() {
        let granted = grants::list_by_sessions(tx, &seen).await?;
        dead.extend(tokens::revoke_families(tx, &granted, revocation).await?);
        exposed.grants.extend(granted);
    }
    Ok(dead)
}

fn exposed_set(cases: &[Case<'_>]) -> ExposedSet {
    let mut exposed = ExposedSet::default();
    for known in cases.iter().map(|case| &case.found.known) {
        exposed.tokens.push(known.token.id);
        match known.token.kind.remedy() {
            Remedy::Token => {}
            Remedy::Family => exposed.grants.extend(known.token.grant),
            Remedy::UserSessions => {
                exposed
                    .session_users
                    .extend(known.user.as_ref().map(|user| user.id));
            }
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
    fresh: &[(&Case<'_>, &NewExposure)],
    revoked: &Revoked,
    now: Timestamp,
) -> Result<usize, StorageError> {
    if fresh.is_empty() {
        return Ok(0);
    }
    let concerned: Vec<_> = fresh.iter().map(|(case, _)| &case.found.known).collect();
    let managers = managers(tx, &concerned).await?;
    let mut all = Vec::new();
    for (case, new) in fresh {
        let known = &case.found.known;
        let outcome = case.outcome(revoked, now);
        let relatives = revoked.relatives(case);
        for (recipient, addressee) in letters::addressees(ctx, known, &managers) {
            let exposure = &new.exposure;
            let letter =
                letters::token_exposed(ctx, known, exposure, addressee, outcome, relatives);
            let exposure = Some(exposure.id);
            all.push(NewLetter {
                id: Id::new(now),
                exposure,
                recipient,
                letter,
            });
        }
    }
    outbox::insert(tx, &all, PRIORITY, now).await?;
    Ok(all.len())
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
