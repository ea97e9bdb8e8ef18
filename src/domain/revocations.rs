//! Revoking for internal services: many tokens at once, each named by its text, its digest or its
//! id, with an answer for each. What one item says wrongly never hurts its neighbours.

mod seen;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::attempts::{Transient, until_settled};
use super::cases::{Case, spares};
use super::exposures::announce;
use super::incident::{self, Incident, Reasons, Written};
use super::reactions::{self, Reacted};
use super::service_keys::Service;
use super::{Context, breakers, retention};
use crate::model::{
    Decision, Exposure, Id, Origin, PlainToken, RevocationReason, Timestamp, Token, TokenDigest,
    TokenKind, TokenState,
};
use crate::storage::idempotency_keys;
pub use crate::storage::idempotency_keys::Repeatable;
use crate::storage::{StorageError, Tx, exposures as exposures_table};
use seen::Seen;

/// The scope that lets a service key revoke.
pub const SCOPE: &str = "tokens:revoke";
/// Most items of one request.
pub const MOST_ITEMS: usize = 1_000;
/// How long an answer is kept for a request that comes again.
pub(super) const REMEMBERED: std::time::Duration = std::time::Duration::from_secs(24 * 3_600);
/// How many forgotten answers one request takes away.
const FORGOTTEN_AT_ONCE: i64 = 50;

/// What a service wants revoked.
#[derive(Debug)]
pub struct RevocationRequest {
    /// Each item, or what is wrong with it.
    pub items: Vec<Result<Item, &'static str>>,
    /// Whether only to tell what would happen.
    pub dry_run: bool,
    /// The name under which it may come again, with the digest of what it says.
    pub repeatable: Option<Repeatable>,
}

/// One token.
#[derive(Debug)]
pub struct Item {
    /// Which.
    pub token: Named,
    /// Why.
    pub cause: Cause,
    /// Where it was seen, as an address.
    pub url: Option<String>,
    /// Where it was seen, as a kind of place.
    pub source: Option<String>,
}

/// How a service speaks of a token.
#[derive(Debug)]
pub enum Named {
    /// By its text.
    Text(PlainToken),
    /// By its digest, as the shared database has it.
    Digest(TokenDigest),
    /// By its id.
    Id(Id<Token>),
}

/// Why a token is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// It was seen where it should not be: the place is written down and everybody concerned told.
    Exposed,
    /// Its owner wants it. Nobody is told.
    Owner,
    /// An operator wants it. Nobody is told.
    Operator,
}

impl Cause {
    const ALL: [Self; 3] = [Self::Exposed, Self::Owner, Self::Operator];

    const fn reasons(self) -> Reasons {
        match self {
            Self::Exposed => Reasons::EXPOSED,
            Self::Owner => Reasons::all(RevocationReason::Owner),
            Self::Operator => Reasons::all(RevocationReason::Operator),
        }
    }
}

/// What became of one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome {
    /// The token died just now or, in a dry run, would.
    Revoked(Facts),
    /// It is in quarantine, since just now or before: dead, and an operator may bring it back.
    Quarantined(Facts),
    /// Policy says to leave it as it is.
    NotRevoked(Facts),
    /// It was dead for good already.
    AlreadyRevoked(Facts),
    /// We never issued such a token.
    Unknown,
    /// The item makes no sense.
    Invalid {
        /// For people; never repeats what was sent.
        detail: String,
    },
}

/// What is told about a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Which.
    pub token_id: String,
    /// Of which kind, such as `personal_access_token`.
    pub kind: String,
    /// `live`, `expired`, `suspended` or `revoked`.
    pub state_before: String,
    /// How many other tokens died with it.
    pub revoked_with_it: u64,
    /// The record of the place where it was seen, if it was seen.
    pub exposure_id: Option<String>,
}

/// What a service is answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// One per item, in their order.
    pub outcomes: Vec<Outcome>,
    /// The tokens that this request, and no earlier event, has revoked.
    pub revoked: Vec<(TokenKind, RevocationReason)>,
    /// Whether it is the answer to a request that came before.
    pub repeated: bool,
}

/// Why a request is not answered.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The same name came before with another request.
    #[error("the idempotency key was used for another request")]
    NameTaken,
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Transient for Refusal {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Storage(StorageError::Conflict(_)))
    }
}

/// Revokes what a service names. When this returns `Ok`, every token of ours in it is dead with what
/// came from it, for good, and an item that was exposed is written down and told.
///
/// # Errors
/// See [`Refusal`]. Nothing was changed then, or, when the database failed during the commit,
/// perhaps everything; repeating the request is right in both cases.
pub async fn revoke(
    ctx: &Context,
    service: Service,
    request: &RevocationRequest,
) -> Result<Answer, Refusal> {
    let now = ctx.clock.now();
    let seen = Seen::find(ctx, request).await?;
    let groups = seen.groups(ctx, request, now);
    let attempt = async || record(ctx, request, &seen, &groups, now).await;
    let answer = match attempt().await {
        Err(refusal) if refusal.is_conflict() => {
            retention::spare(ctx, &seen.found).await?;
            until_settled(attempt).await?
        }
        outcome => outcome?,
    };
    tracing::info!(
        service_key.id = %service.key, items = request.items.len(), tokens = answer.revoked.len(),
        dry_run = request.dry_run, repeated = answer.repeated, "a service revoked tokens"
    );
    Ok(answer)
}

/// The transaction.
async fn record(
    ctx: &Context,
    request: &RevocationRequest,
    seen: &Seen,
    groups: &[(Cause, Vec<Case<'_>>)],
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let mut tx = ctx.db.begin().await?;
    if let Some(repeatable) = request.repeatable.as_ref().filter(|_| !request.dry_run)
        && let Some(earlier) = earlier(&mut tx, repeatable, now).await?
    {
        return Ok(earlier);
    }
    incident::bring_back(&mut tx, &incident::spent(&seen.found)).await?;
    let mut outcomes: Vec<Outcome> = request.items.iter().map(unknown).collect();
    let mut revoked = Vec::new();
    let (mut letters, mut opened) = (0, false);
    for (cause, cases) in groups {
        let reacted = end(ctx, &mut tx, *cause, cases, now).await?;
        let mut exposures = HashMap::new();
        if *cause == Cause::Exposed {
            let incident = Incident {
                origin: &Origin::INTERNAL,
                delivery: None,
                cases,
                reacted: &reacted,
                at: now,
            };
            let written = incident.write_down(ctx, &mut tx).await?;
            letters += written.letters + reacted.letters;
            exposures = ids(ctx, &mut tx, written).await?;
        }
        // An id that nobody will find is none.
        if request.dry_run {
            exposures.clear();
        }
        for (case, decision) in cases.iter().zip(&reacted.decisions) {
            tell((case, decision), &reacted, &exposures, &mut outcomes);
        }
        opened |= reacted.breaker_opened;
        revoked.extend(reacted.revoked.by_kind_and_reason());
    }
    if request.dry_run {
        revoked.clear();
    } else {
        if let Some(repeatable) = &request.repeatable {
            let text = serde_json::to_string(&outcomes).unwrap_or_default();
            idempotency_keys::answer(&mut tx, repeatable, &text).await?;
        }
        tx.commit().await?;
        announce(&ctx.letters_waiting, letters);
        if opened {
            breakers::announce(&Origin::INTERNAL);
        }
    }
    Ok(Answer {
        outcomes,
        revoked,
        repeated: false,
    })
}

/// Policy speaks of what was seen; what an owner or operator wants is done.
async fn end(
    ctx: &Context,
    tx: &mut Tx,
    cause: Cause,
    cases: &[Case<'_>],
    now: Timestamp,
) -> Result<Reacted, StorageError> {
    if cause == Cause::Exposed {
        return reactions::react(ctx, tx, &Origin::INTERNAL, cases, now).await;
    }
    let all: Vec<_> = cases.iter().map(Case::ending).collect();
    Ok(Reacted {
        decisions: vec![Decision::always(); cases.len()],
        revoked: incident::end_tokens(tx, &all, cause.reasons(), now).await?,
        letters: 0,
        breaker_opened: false,
    })
}

/// The answer to the same request when it came before, or nothing and its name is taken now.
async fn earlier(
    tx: &mut Tx,
    repeatable: &Repeatable,
    now: Timestamp,
) -> Result<Option<Answer>, Refusal> {
    let Some(earlier) = take_name(tx, repeatable, now).await? else {
        return Ok(None);
    };
    let outcomes = serde_json::from_str(&earlier).map_err(|_| Refusal::NameTaken)?;
    Ok(Some(Answer {
        outcomes,
        revoked: Vec::new(),
        repeated: true,
    }))
}

/// Takes the name of a request for it, or tells what it was answered when it came before.
pub(super) async fn take_name(
    tx: &mut Tx,
    repeatable: &Repeatable,
    now: Timestamp,
) -> Result<Option<String>, Refusal> {
    idempotency_keys::forget(tx, now.minus(REMEMBERED), FORGOTTEN_AT_ONCE).await?;
    if idempotency_keys::take(tx, repeatable, now).await? {
        return Ok(None);
    }
    let earlier = idempotency_keys::find(tx, repeatable).await?;
    let earlier = earlier.filter(|earlier| earlier.request == repeatable.request);
    let earlier = earlier.ok_or(Refusal::NameTaken)?;
    Ok(Some(earlier.answer))
}

/// What is said about an item as long as nothing was found.
fn unknown(item: &Result<Item, &'static str>) -> Outcome {
    match item {
        Ok(_) => Outcome::Unknown,
        Err(detail) => Outcome::Invalid {
            detail: (*detail).to_owned(),
        },
    }
}

type Places = HashMap<(Id<Token>, [u8; 32]), String>;

/// The ids of exposures, those included that were written down before.
async fn ids(ctx: &Context, tx: &mut Tx, written: Written) -> Result<Places, StorageError> {
    let exposures = written.exposures.iter().map(|new| &new.exposure);
    let mut tokens: Vec<_> = exposures.clone().map(|exposure| exposure.token).collect();
    tokens.dedup();
    let known = exposures_table::list_keys(tx, &tokens).await?;
    let known: HashMap<_, _> = known
        .into_iter()
        .map(|(token, sealed, id)| ((token, sealed), id.to_string()))
        .collect();
    let seal = ctx.hash_keys.current();
    let id = |exposure: &Exposure| {
        let place = *exposure.place.key();
        let id = known.get(&(exposure.token, seal.seal(&place)))?;
        Some(((exposure.token, place), id.clone()))
    };
    Ok(exposures.filter_map(id).collect())
}

fn tell(
    (case, decision): (&Case<'_>, &Decision),
    reacted: &Reacted,
    exposures: &Places,
    outcomes: &mut [Outcome],
) {
    let token = &case.found.known.token;
    let revoked = &reacted.revoked;
    let dead = matches!(case.state, TokenState::Revoked { .. });
    for (index, place) in &case.seen {
        let facts = Facts {
            token_id: token.id.to_string(),
            kind: token.kind.name().to_owned(),
            state_before: case.state.name().to_owned(),
            revoked_with_it: revoked.relatives(case),
            exposure_id: exposures.get(&(token.id, *place)).cloned(),
        };
        if let Some(outcome) = outcomes.get_mut(*index) {
            *outcome = match revoked.reason(case) {
                Some(reason) if reason.is_quarantine() => Outcome::Quarantined(facts),
                Some(_) => Outcome::Revoked(facts),
                None if case.is_quarantined() => Outcome::Quarantined(facts),
                None if !dead && spares(decision) => Outcome::NotRevoked(facts),
                // Be it that another item of this request, or somebody else, was faster.
                None => Outcome::AlreadyRevoked(facts),
            };
        }
    }
}
