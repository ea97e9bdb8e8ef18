//! Who is told about an exposed token, and what.

use std::collections::HashMap;

use super::Context;
use super::incident::PRIORITY;
use crate::model::letter::{Addressee, LetterToken, Outcome, TokenExposed};
use crate::model::{
    Email, Exposure, Id, KnownToken, Letter, Organization, Timestamp, TokenKind, TokenName,
};
use crate::storage::outbox::{self, NewLetter};
use crate::storage::{StorageError, Tx, digests};

/// What is told at once, and what is told later and together.
#[derive(Default)]
pub(super) struct Letters {
    pub(super) at_once: Vec<NewLetter>,
    pub(super) in_digests: Vec<NewLetter>,
}

impl Letters {
    /// Without the places that they tell of.
    pub(super) fn without_places(self) -> Self {
        let without = |letters: Vec<NewLetter>| {
            let letters = letters.into_iter().map(NewLetter::without_place);
            letters.collect()
        };
        Self {
            at_once: without(self.at_once),
            in_digests: without(self.in_digests),
        }
    }

    /// Writes them, and tells how many leave at once.
    pub(super) async fn write(&self, tx: &mut Tx, now: Timestamp) -> Result<usize, StorageError> {
        if !self.at_once.is_empty() {
            outbox::insert(tx, &self.at_once, PRIORITY, now).await?;
        }
        if !self.in_digests.is_empty() {
            digests::collect(tx, &self.in_digests, now).await?;
        }
        Ok(self.at_once.len())
    }
}

/// Behind what makes a person wait, ahead of nothing.
const ABOUT_MACHINES: i64 = 20;

/// Writes to each of these readers that a machine is not told any more.
pub(super) async fn write_about_machine(
    tx: &mut Tx,
    readers: Vec<Email>,
    letter: &Letter,
    now: Timestamp,
) -> Result<(), StorageError> {
    let letters = readers.into_iter().map(|recipient| NewLetter {
        id: Id::new(now),
        exposure: None,
        recipient,
        letter: letter.clone(),
    });
    let letters: Vec<_> = letters.collect();
    outbox::insert(tx, &letters, ABOUT_MACHINES, now).await
}

/// The owners and admins of organizations.
pub(super) type Managers = HashMap<Id<Organization>, Vec<Email>>;

/// Everybody who must be told about a token, each once, the nearest relation first.
pub(super) fn addressees(
    ctx: &Context,
    known: &KnownToken,
    managers: &Managers,
) -> Vec<(Email, Addressee)> {
    let mut told = Vec::new();
    let user = known.user.as_ref().map(|user| user.email.clone());
    match known.token.kind {
        TokenKind::OrganizationAccessToken => {
            told.extend(managers_of(known, managers));
            told.extend(user.map(|email| (email, Addressee::Creator)));
        }
        TokenKind::ClientSecret | TokenKind::ClientRegistrationToken => {
            let owner = known
                .client
                .as_ref()
                .and_then(|client| client.owner.clone());
            told.extend(owner.map(|email| (email, Addressee::ClientOwner)));
        }
        TokenKind::ServiceKey => {}
        _ => match user {
            Some(email) => told.push((email, Addressee::Owner)),
            None => told.extend(managers_of(known, managers)),
        },
    }
    let mut seen = Vec::new();
    told.retain(|(email, _)| {
        let first = !seen.contains(email);
        seen.push(email.clone());
        first
    });
    // A leak that nobody hears of is a leak that goes on.
    if told.is_empty() {
        told.push((ctx.security_contact.clone(), Addressee::Operator));
    }
    told
}

/// Adds those who get a copy when the owner of a token leaked again: whoever owns or manages the
/// organization for which it worked.
pub(super) fn copy_to_managers(
    told: &mut Vec<(Email, Addressee)>,
    known: &KnownToken,
    managers: &Managers,
) {
    for (email, _) in managers_of(known, managers) {
        if !told.iter().any(|(other, _)| *other == email) {
            told.push((email, Addressee::ManagerOfOwner));
        }
    }
}

fn managers_of(known: &KnownToken, managers: &Managers) -> Vec<(Email, Addressee)> {
    let of_organization = known
        .organization
        .as_ref()
        .and_then(|o| managers.get(&o.id));
    of_organization
        .into_iter()
        .flatten()
        .map(|email| (email.clone(), Addressee::OrganizationManager))
        .collect()
}

/// What was found and done.
#[derive(Clone, Copy)]
pub(super) struct Findings {
    pub(super) outcome: Outcome,
    pub(super) relatives_revoked: u64,
    /// When its owner leaked before, if they did.
    pub(super) leaked_before: Option<Timestamp>,
}

/// What one of them is told about one exposure.
pub(super) fn token_exposed(
    ctx: &Context,
    known: &KnownToken,
    exposure: &Exposure,
    addressee: Addressee,
    findings: Findings,
) -> Letter {
    let copied = addressee == Addressee::ManagerOfOwner;
    let owner = known.user.as_ref().filter(|_| copied);
    Letter::TokenExposed(Box::new(TokenExposed {
        token: letter_token(ctx, known),
        addressee,
        reported_by: exposure.origin.title().to_owned(),
        url: exposure.place.url.clone(),
        source: exposure.place.source.clone(),
        seen_at: exposure.first_seen_at,
        outcome: findings.outcome,
        relatives_revoked: findings.relatives_revoked,
        leaked_before: findings.leaked_before,
        copied_from: owner.map(|user| user.email.to_string()),
    }))
}

pub(super) fn letter_token(ctx: &Context, known: &KnownToken) -> LetterToken {
    let token = &known.token;
    let written = token.last_used_at.map(|at| (at, token.last_used_from));
    let latest = ctx.pending_uses.latest(token.id).max(written);
    LetterToken {
        id: token.id.to_string(),
        kind: token.kind.name().to_owned(),
        name: token
            .name
            .as_ref()
            .map(|name: &TokenName| name.as_str().to_owned()),
        hint: token.hint.clone(),
        scopes: token.scopes.iter().map(str::to_owned).collect(),
        organization: known
            .organization
            .as_ref()
            .map(|o| o.name.as_str().to_owned()),
        client: known.client.as_ref().map(|client| client.name.clone()),
        customer: token.customer.clone(),
        created_at: token.created_at,
        expires_at: token.expires_at,
        last_used_at: latest.map(|(at, _)| at),
        last_used_from: latest
            .and_then(|(_, from)| from)
            .map(|from| from.to_string()),
    }
}
