//! Signed-in sessions: begun, found, listed, ended.

use std::net::IpAddr;

use super::attempts::until_settled;
use super::{Context, DomainError, provenance};
use crate::model::{
    Actor, Id, Language, PlainToken, Revocation, RevocationReason, ScopeSet, Session, Timestamp,
    Token, TokenKind, TokenState, User, WayIn,
};
use crate::storage::logout_notices;
use crate::storage::sessions::{self as table, Ending, NewSession, StoredSession};
use crate::storage::tokens::{self, NewToken, RevokedToken};
use crate::storage::{StorageError, Tx};

/// The circumstances in which somebody signs in.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    /// The browser, as it calls itself.
    pub user_agent: Option<String>,
    /// Its network address.
    pub address: Option<IpAddr>,
    /// The session that the browser brought along.
    pub previous: Option<Session>,
    /// The language of the pages it is shown.
    pub language: Language,
}

/// How somebody proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// By a code that was mailed.
    MailedCode,
    /// By the fixed code of the review account.
    ReviewCode,
    /// A trusted proxy said so.
    Proxy,
}

impl Method {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::MailedCode => "mailed_code",
            Self::ReviewCode => "review_code",
            Self::Proxy => "proxy",
        }
    }
}

/// A session that just began. Its token is shown to the browser once.
#[derive(Debug)]
pub struct Begun {
    /// The session.
    pub session: Session,
    /// Its token.
    pub token: PlainToken,
}

/// Longest name of a browser that is kept.
const LONGEST_USER_AGENT: usize = 300;

/// Begins a session in this transaction. The session that the browser had ends; whoever signs in
/// again as the same person stays in the same session towards clients.
pub(super) async fn begin(
    ctx: &Context,
    tx: &mut Tx,
    user: User,
    method: Method,
    circumstances: &Circumstances,
    now: Timestamp,
) -> Result<Begun, StorageError> {
    let mut sid = Id::<Session>::new(now).uuid();
    if let Some(previous) = &circumstances.previous {
        let ended = table::end(tx, previous.user.id, Ending::One(previous.token), now).await?;
        match previous.user.id == user.id {
            true => {
                sid = previous.sid;
                tokens::revoke_minted_from(tx, &ended, signed_out(now)).await?;
            }
            false => wind_up(tx, &ended, signed_out(now)).await.map(drop)?,
        }
    }
    let text = ctx.format.mint(TokenKind::UserSessionToken, false);
    let token = new_token(ctx, &user, &text, now);
    let expires_at = token.expires_at.unwrap_or(now);
    tokens::insert(tx, &token).await?;
    let user_agent = circumstances.user_agent.as_deref();
    let session = NewSession {
        token: token.id,
        sid,
        user: user.id,
        auth_time: now,
        method: method.name(),
        user_agent: user_agent.map(|name| {
            let tame = ctx.detector.redact(name);
            tame.chars().take(LONGEST_USER_AGENT).collect()
        }),
        address: circumstances.address.map(|address| address.to_string()),
    };
    table::insert(tx, &session).await?;
    Ok(Begun {
        session: Session {
            token: token.id,
            sid,
            user,
            auth_time: now,
            expires_at,
        },
        token: text,
    })
}

fn new_token(ctx: &Context, user: &User, text: &PlainToken, now: Timestamp) -> NewToken {
    NewToken {
        id: Id::new(now),
        kind: TokenKind::UserSessionToken,
        digest: ctx.hash_keys.digest(text),
        hash_key: ctx.hash_keys.current().id().clone(),
        grant: None,
        parent: None,
        client: None,
        user: Some(user.id),
        organization: None,
        customer: None,
        name: None,
        scopes: ScopeSet::default(),
        audience: None,
        hint: text.hint(),
        created_at: now,
        expires_at: Some(now.plus(ctx.policy.sign_in.session_lifetime)),
    }
}

/// The session that a browser presents, if it works.
///
/// # Errors
/// When the database fails.
pub async fn find(
    ctx: &Context,
    text: &PlainToken,
    address: Option<IpAddr>,
) -> Result<Option<Session>, StorageError> {
    let Some(candidate) = ctx.detector.whole(text.reveal()) else {
        return Ok(None);
    };
    let digests: Vec<_> = ctx
        .hash_keys
        .candidates(candidate.text.as_bytes())
        .collect();
    let found = table::find_by_digests(&ctx.db, &digests).await?;
    let now = ctx.clock.now();
    let Some(found) = found else {
        return Ok(None);
    };
    if found.known().state(now) != TokenState::Live {
        ctx.leaked_uses
            .note(found.known(), WayIn::Session, address, now);
        return Ok(None);
    }
    if let Some(user) = &found.known().user {
        provenance::act_as(Actor::User(user.id));
    }
    let outdated = found.found.hash_key != *ctx.hash_keys.current().id();
    let digest = outdated.then(|| ctx.hash_keys.digest(text));
    ctx.pending_uses
        .note(found.known().token.id, now, address, digest);
    Ok(session(&found))
}

fn session(stored: &StoredSession) -> Option<Session> {
    let known = stored.known();
    Some(Session {
        token: known.token.id,
        sid: stored.sid,
        user: known.user.clone()?,
        auth_time: stored.auth_time,
        expires_at: known.token.expires_at?,
    })
}

/// A session as its owner sees it in a list.
#[derive(Clone, Debug)]
pub struct SessionFacts {
    /// The session.
    pub session: Session,
    /// The browser, as it called itself when somebody signed in.
    pub user_agent: Option<String>,
    /// From which network address they signed in.
    pub address: Option<String>,
    /// When it was last used, and from where, as far as we know.
    pub last_used: Option<(Timestamp, Option<IpAddr>)>,
}

/// Where somebody is signed in, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(ctx: &Context, user: Id<User>) -> Result<Vec<SessionFacts>, DomainError> {
    let stored = table::list_live(&ctx.db, user, ctx.clock.now()).await?;
    let facts = |stored: StoredSession| {
        let token = &stored.known().token;
        let written = token.last_used_at.map(|at| (at, token.last_used_from));
        let last_used = ctx.pending_uses.latest(token.id).max(written);
        Some(SessionFacts {
            session: session(&stored)?,
            last_used,
            user_agent: stored.user_agent,
            address: stored.address,
        })
    };
    Ok(stored.into_iter().filter_map(facts).collect())
}

/// Ends a session of this user; `false` when they have no such session.
///
/// # Errors
/// When the database fails.
pub async fn end(ctx: &Context, user: Id<User>, token: Id<Token>) -> Result<bool, DomainError> {
    Ok(!end_which(ctx, user, Ending::One(token)).await?.is_empty())
}

/// Ends every session of this user but this one; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn end_others(ctx: &Context, session: &Session) -> Result<usize, DomainError> {
    let ended = end_which(ctx, session.user.id, Ending::AllBut(session.token)).await?;
    Ok(ended.len())
}

async fn end_which(
    ctx: &Context,
    user: Id<User>,
    which: Ending,
) -> Result<Vec<Id<Token>>, StorageError> {
    until_settled(async || {
        let now = ctx.clock.now();
        let mut tx = ctx.db.begin().await?;
        let ended = table::end(&mut tx, user, which, now).await?;
        wind_up(&mut tx, &ended, signed_out(now)).await?;
        tx.commit().await?;
        Ok(ended)
    })
    .await
}

const fn signed_out(at: Timestamp) -> Revocation {
    Revocation {
        at,
        reason: RevocationReason::SignedOut,
    }
}

/// Does what follows from the end of these sessions: the tokens that were minted from the sessions
/// themselves die, and clients hear that somebody signed out. Tells which tokens died.
pub(super) async fn wind_up(
    tx: &mut Tx,
    ended: &[Id<Token>],
    revocation: Revocation,
) -> Result<Vec<RevokedToken>, StorageError> {
    if ended.is_empty() {
        return Ok(Vec::new());
    }
    // A statement of its own, behind the one that ended the sessions: whoever minted from one of
    // them meanwhile held it, and has committed now.
    let revoked = tokens::revoke_minted_from(tx, ended, revocation).await?;
    logout_notices::insert(tx, ended, revocation.at).await?;
    Ok(revoked)
}
