//! Introspection (RFC 7662): what a token is, told to those who may ask.

use std::net::IpAddr;

use super::Context;
use super::service_keys::{self, Refusal};
use crate::model::{
    HashKeys, KnownToken, PlainToken, RegisteredClient, Timestamp, TokenKind, TokenState, WayIn,
};
use crate::storage::tokens::{self, FoundToken};

/// The scope that lets a service key introspect.
pub const SCOPE: &str = "tokens:introspect";

/// One question.
#[derive(Debug)]
pub struct Question {
    /// Who asks.
    pub asker: Asker,
    /// The token in question.
    pub token: PlainToken,
    /// From where the caller asks.
    pub from: Option<IpAddr>,
    /// Where the token was presented to the caller, if the caller says.
    pub used_from: Option<IpAddr>,
}

/// Who may ask.
#[derive(Debug)]
pub enum Asker {
    /// Whoever presents this service key, about every token.
    ServiceKey(PlainToken),
    /// A client that proved who it is, about its own tokens or, as a resource server, about all.
    Client(Box<RegisteredClient>),
}

/// What the caller learns.
#[derive(Debug)]
pub enum Answer {
    /// The token works.
    Active(Box<KnownToken>),
    /// It does not, and nobody learns why (RFC 7662 2.2).
    Inactive,
}

/// Tells whether a token works and what it may do. Nothing is cached, so a key or token that was
/// revoked before the question is dead in the answer.
///
/// # Errors
/// See [`Refusal`]. A caller who may not ask learns nothing about the token.
pub async fn introspect(ctx: &Context, question: &Question) -> Result<Answer, Refusal> {
    let now = ctx.clock.now();
    match &question.asker {
        Asker::ServiceKey(key) => for_service(ctx, key, question, now).await,
        Asker::Client(client) => for_client(ctx, client, question, now).await,
    }
}

/// The key of the caller and the token in question are looked up by one statement.
async fn for_service(
    ctx: &Context,
    text: &PlainToken,
    question: &Question,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let key = Wanted::new(ctx, text).ok_or(Refusal::InvalidKey)?;
    let token = Wanted::new(ctx, &question.token);
    let mut digests = key.digests.clone();
    digests.extend(token.iter().flat_map(|token| &token.digests));
    let found = tokens::find_by_digests(&ctx.db, &digests).await?;

    let key = key.among(&found).ok_or(Refusal::InvalidKey)?;
    service_keys::check(ctx, &key.known, SCOPE, question.from)?;
    note(ctx, key, text, now, question.from);
    let token = token.and_then(|token| token.among(&found));
    Ok(answer(ctx, token, question, now))
}

async fn for_client(
    ctx: &Context,
    client: &RegisteredClient,
    question: &Question,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let Some(token) = Wanted::new(ctx, &question.token) else {
        return Ok(Answer::Inactive);
    };
    let found = tokens::find_by_digests(&ctx.db, &token.digests).await?;
    let token = token
        .among(&found)
        .filter(|token| may_see(client, &token.known));
    Ok(answer(ctx, token, question, now))
}

/// A client sees the tokens that were issued to it; a resource server sees all.
fn may_see(client: &RegisteredClient, known: &KnownToken) -> bool {
    let issued = [TokenKind::AccessToken, TokenKind::RefreshToken].contains(&known.token.kind);
    let own = known.client.as_ref().is_some_and(|c| c.id == client.id);
    client.standing.introspects_all || (issued && own)
}

fn answer(
    ctx: &Context,
    token: Option<&FoundToken>,
    question: &Question,
    now: Timestamp,
) -> Answer {
    match token.filter(|token| token.known.state(now) == TokenState::Live) {
        Some(live) => {
            note(ctx, live, &question.token, now, question.used_from);
            Answer::Active(Box::new(live.known.clone()))
        }
        None => {
            if let Some(dead) = token {
                let from = question.used_from;
                ctx.leaked_uses
                    .note(&dead.known, WayIn::Introspection, from, now);
            }
            Answer::Inactive
        }
    }
}

/// A string that could be a token, by all digests it may be stored under.
struct Wanted {
    digests: Vec<crate::model::TokenDigest>,
}

impl Wanted {
    fn new(ctx: &Context, text: &PlainToken) -> Option<Self> {
        let candidate = ctx.detector.whole(text.reveal())?;
        let keys: &HashKeys = &ctx.hash_keys;
        Some(Self {
            digests: keys.candidates(candidate.text.as_bytes()).collect(),
        })
    }

    fn among<'f>(&self, found: &'f [FoundToken]) -> Option<&'f FoundToken> {
        found
            .iter()
            .find(|found| self.digests.contains(&found.digest))
    }
}

fn note(
    ctx: &Context,
    found: &FoundToken,
    text: &PlainToken,
    now: Timestamp,
    from: Option<IpAddr>,
) {
    let outdated = found.hash_key != *ctx.hash_keys.current().id();
    let digest = outdated.then(|| ctx.hash_keys.digest(text));
    ctx.pending_uses
        .note_found(&found.known.token, now, from, digest);
}
