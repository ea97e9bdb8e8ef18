//! Tokens as their owners keep them on the pages of the service: a person's own and, for those who
//! manage an organization, its. Both are kept in the same way, so what is said here says it of both.
//!
//! Whatever makes a token is said by a form that has an id, and the token that it makes has that id:
//! a form that is sent twice makes one token.

use std::time::Duration;

use serde_json::json;

use super::super::attempts::until_settled;
use super::super::tokens::NewTokenRequest;
use super::super::{Context, audit};
use super::{
    Made, NewAccessToken, Part, Refusal, by_owner, check_count, check_lifetime, check_name,
    check_scopes, demand_fresh, hold, make, part, read_back, with_latest_use,
};
use crate::model::{
    About, Deed, Id, KnownToken, Organization, Owner, PageWindow, Role, ScopeSet, Session, Slug,
    Timestamp, Token, TokenKind, TokenName,
};
use crate::storage::tokens::{self, access_tokens, kept};
use crate::storage::{Tx, organizations};

/// How long a form may lie open before it is sent.
const FORM_LIVES: Duration = Duration::from_secs(86_400);
/// How far ahead the clock of another replica may be.
const CLOCKS_APART: Duration = Duration::from_secs(300);
/// For how long tokens that ended are still shown.
pub const ENDED_SHOWN_FOR: Duration = Duration::from_secs(90 * 86_400);
/// How many of them are shown, the latest.
const MOST_ENDED: i64 = 100;

/// Whose tokens are looked after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// Those of whoever is signed in.
    Own,
    /// Those of an organization that they manage.
    Of(Organization),
}

impl Home {
    /// Who owns what is kept here.
    #[must_use]
    pub fn owner(&self, session: &Session) -> Owner {
        match self {
            Self::Own => Owner::User(session.user.id),
            Self::Of(organization) => Owner::Organization(organization.id),
        }
    }
}

/// Lets a member into the place where the tokens of an organization are kept.
///
/// # Errors
/// [`Refusal::UnknownOrganization`] to whoever is not in it, whether it exists or not, and
/// [`Refusal::NotPermitted`] to members who do not manage it.
pub async fn enter(ctx: &Context, session: &Session, slug: &Slug) -> Result<Home, Refusal> {
    let organization = organizations::find_by_slug(&ctx.db, slug).await?;
    let organization = organization.ok_or(Refusal::UnknownOrganization)?;
    let roles = organizations::list_roles(&ctx.db, session.user.id).await?;
    let role = roles.iter().find(|(id, _)| *id == organization.id);
    match role.map(|(_, role)| role.manages_tokens()) {
        Some(true) => Ok(Home::Of(organization)),
        Some(false) => Err(Refusal::NotPermitted),
        None => Err(Refusal::UnknownOrganization),
    }
}

/// What somebody keeps.
#[derive(Debug)]
pub struct Overview {
    /// A page of the tokens that work or may work again, newest first.
    pub standing: Part,
    /// Those that ended within [`ENDED_SHOWN_FOR`], the latest end first, up to 100.
    pub ended: Vec<KnownToken>,
}

/// Shows what is kept here.
///
/// # Errors
/// When the database fails.
pub async fn overview(
    ctx: &Context,
    session: &Session,
    home: &Home,
    window: PageWindow,
) -> Result<Overview, Refusal> {
    let (owner, now) = (home.owner(session), ctx.clock.now());
    let standing = kept::list_standing(&ctx.db, owner, now, window).await?;
    let total = kept::count_standing(&ctx.db, owner, now).await?;
    let since = now.minus(ENDED_SHOWN_FOR);
    let ended = kept::list_ended(&ctx.db, owner, since, now, MOST_ENDED).await?;
    Ok(Overview {
        standing: part(ctx, standing, total),
        ended: part(ctx, ended, 0).tokens,
    })
}

/// Finds a token that is kept here, whatever became of it.
///
/// # Errors
/// [`Refusal::NotFound`] when there is none, or when it is somebody else's.
pub async fn find(
    ctx: &Context,
    session: &Session,
    home: &Home,
    id: Id<Token>,
) -> Result<KnownToken, Refusal> {
    let mut known = read_back(&ctx.db, id).await?;
    if !is_kept(&known, home.owner(session)) {
        return Err(Refusal::NotFound);
    }
    with_latest_use(ctx, &mut known);
    Ok(known)
}

fn is_kept(known: &KnownToken, owner: Owner) -> bool {
    let kinds = [
        TokenKind::PersonalAccessToken,
        TokenKind::OrganizationAccessToken,
    ];
    kinds.contains(&known.token.kind) && Owner::of(known) == Some(owner)
}

/// What became of a form that makes a token.
#[derive(Debug)]
pub enum Outcome {
    /// It was made just now.
    Made(Made),
    /// The form was sent before, and its text was shown then.
    Earlier(KnownToken),
}

/// The id of a form that makes a token, for a page that is shown now.
#[must_use]
pub fn new_form(ctx: &Context) -> Id<Token> {
    Id::new(ctx.clock.now())
}

/// Makes a token, once per form.
///
/// # Errors
/// See [`Refusal`].
pub async fn create(
    ctx: &Context,
    session: &Session,
    home: &Home,
    form: Id<Token>,
    new: &NewAccessToken,
) -> Result<Outcome, Refusal> {
    demand_fresh(ctx, session)?;
    check_lifetime(ctx, new.lifetime)?;
    check_scopes(ctx, &new.scopes)?;
    check_name(ctx, &new.comment)?;
    let outcome = until_settled(async || {
        let now = ctx.clock.now();
        let mut tx = ctx.db.begin().await?;
        hold_home(&mut tx, session, home).await?;
        match is_sent_before(&mut tx, session, home, form, now).await? {
            true => Ok(None),
            false => write(ctx, tx, session, home, (form, new)).await.map(Some),
        }
    });
    settle(ctx, session, home, form, outcome.await?).await
}

/// What shall come in place of a token.
#[derive(Clone, Debug)]
pub struct Replacement {
    /// What it is called.
    pub comment: TokenName,
    /// How long it lives; `None` is until it is revoked.
    pub lifetime: Option<Duration>,
    /// How long the old one goes on working, at most; zero ends it now.
    pub overlap: Duration,
}

/// Makes a token with the scopes of another one, which ends after a while; once per form.
///
/// # Errors
/// [`Refusal::NotFound`] when no such token is kept here, [`Refusal::Ended`] when it does not work,
/// [`Refusal::ScopeNotOffered`] when it may do what is offered no longer; otherwise see [`Refusal`].
pub async fn replace(
    ctx: &Context,
    session: &Session,
    home: &Home,
    old: Id<Token>,
    (form, replacement): (Id<Token>, &Replacement),
) -> Result<Outcome, Refusal> {
    demand_fresh(ctx, session)?;
    check_lifetime(ctx, replacement.lifetime)?;
    check_name(ctx, &replacement.comment)?;
    let outcome = until_settled(async || {
        let now = ctx.clock.now();
        let mut tx = ctx.db.begin().await?;
        hold_home(&mut tx, session, home).await?;
        if is_sent_before(&mut tx, session, home, form, now).await? {
            return Ok(None);
        }
        let owner = home.owner(session);
        let scopes = give_way(&mut tx, owner, old, replacement.overlap, now).await?;
        check_scopes(ctx, &scopes)?;
        let detail = json!({ "by": form, "overlap_s": replacement.overlap.as_secs() });
        let deed = Deed::new("token.replaced", About::token(old)).with(detail);
        audit::note(&mut tx, now, deed);
        let new = NewAccessToken {
            comment: replacement.comment.clone(),
            scopes,
            lifetime: replacement.lifetime,
        };
        write(ctx, tx, session, home, (form, &new)).await.map(Some)
    });
    settle(ctx, session, home, form, outcome.await?).await
}

/// Ends the old token now or sets when it ends, and tells what it may do.
async fn give_way(
    tx: &mut Tx,
    owner: Owner,
    old: Id<Token>,
    overlap: Duration,
    now: Timestamp,
) -> Result<ScopeSet, Refusal> {
    let held = kept::hold(tx, owner, old).await?.ok_or(Refusal::NotFound)?;
    let expired = held.expires_at.is_some_and(|end| end <= now);
    if expired || held.revocation.is_some() {
        return Err(Refusal::Ended);
    }
    match overlap.is_zero() {
        true => {
            tokens::revoke(tx, old, by_owner(now)).await?;
        }
        false => kept::end_by(tx, old, now.plus(overlap), now).await?,
    }
    Ok(held.scopes)
}

/// Gives a token another name.
///
/// # Errors
/// [`Refusal::NotFound`] when no such token is kept here, [`Refusal::Ended`] when it was revoked.
pub async fn rename(
    ctx: &Context,
    session: &Session,
    home: &Home,
    id: Id<Token>,
    name: &TokenName,
) -> Result<(), Refusal> {
    check_name(ctx, name)?;
    until_settled(async || {
        let now = ctx.clock.now();
        let mut tx = ctx.db.begin().await?;
        hold_home(&mut tx, session, home).await?;
        let held = kept::hold(&mut tx, home.owner(session), id).await?;
        held.ok_or(Refusal::NotFound)?;
        if !access_tokens::change(&mut tx, id, Some(name), None, now).await? {
            return Err(Refusal::Ended);
        }
        audit::note(&mut tx, now, Deed::new("token.changed", About::token(id)));
        tx.commit().await?;
        Ok(())
    })
    .await
}

/// Revokes a token for good; `false` when somebody had revoked it before.
///
/// # Errors
/// [`Refusal::NotFound`] when no such token is kept here.
pub async fn revoke(
    ctx: &Context,
    session: &Session,
    home: &Home,
    id: Id<Token>,
) -> Result<bool, Refusal> {
    let done = until_settled(async || {
        let now = ctx.clock.now();
        let mut tx = ctx.db.begin().await?;
        hold_home(&mut tx, session, home).await?;
        let held = kept::hold(&mut tx, home.owner(session), id).await?;
        held.ok_or(Refusal::NotFound)?;
        let done = tokens::revoke(&mut tx, id, by_owner(now)).await?;
        tx.commit().await?;
        Ok::<_, Refusal>(done)
    })
    .await?;
    tracing::info!(token.id = %id, user.id = %session.user.id, done, "a token was revoked");
    Ok(done)
}

/// Holds whoever is signed in and whose tokens they manage, until the transaction ends: whoever is
/// blocked, signed out or sent away at the same moment changes nothing.
async fn hold_home(tx: &mut Tx, session: &Session, home: &Home) -> Result<(), Refusal> {
    hold(tx, session).await?;
    let Home::Of(organization) = home else {
        return Ok(());
    };
    let role = organizations::find_role(tx, organization.id, session.user.id).await?;
    let role = role.ok_or(Refusal::UnknownOrganization)?;
    let welcome = organizations::hold(tx, organization.id).await?;
    match Role::manages_tokens(role) && welcome == Some(true) {
        true => Ok(()),
        false => Err(Refusal::NotPermitted),
    }
}

/// Whether this form made a token before. Needs a hold on whoever owns it.
async fn is_sent_before(
    tx: &mut Tx,
    session: &Session,
    home: &Home,
    form: Id<Token>,
    now: Timestamp,
) -> Result<bool, Refusal> {
    if kept::hold(tx, home.owner(session), form).await?.is_some() {
        return Ok(true);
    }
    let opened = form.made_at().ok_or(Refusal::FormTooOld)?;
    let timely = now.since(opened) <= FORM_LIVES && opened <= now.plus(CLOCKS_APART);
    match timely && !kept::exists(tx, form).await? {
        true => Ok(false),
        false => Err(Refusal::FormTooOld),
    }
}

/// Makes a token that has the id of its form.
async fn write(
    ctx: &Context,
    mut tx: Tx,
    session: &Session,
    home: &Home,
    (form, new): (Id<Token>, &NewAccessToken),
) -> Result<Made, Refusal> {
    let now = ctx.clock.now();
    let user = session.user.id;
    let (kind, organization, owner) = match home {
        Home::Own => (TokenKind::PersonalAccessToken, None, Owner::User(user)),
        Home::Of(of) => {
            let owner = Owner::Organization(of.id);
            (TokenKind::OrganizationAccessToken, Some(of.id), owner)
        }
    };
    check_count(ctx, &mut tx, owner, now).await?;
    let request = NewTokenRequest {
        id: Some(form),
        user: Some(user),
        organization,
        name: Some(new.comment.clone()),
        scopes: new.scopes.clone(),
        lifetime: new.lifetime,
        ..NewTokenRequest::new(kind)
    };
    make(ctx, tx, request, now).await
}

async fn settle(
    ctx: &Context,
    session: &Session,
    home: &Home,
    form: Id<Token>,
    made: Option<Made>,
) -> Result<Outcome, Refusal> {
    match made {
        Some(made) => {
            tracing::info!(token.id = %form, user.id = %session.user.id, "a token was made");
            Ok(Outcome::Made(made))
        }
        None => find(ctx, session, home, form).await.map(Outcome::Earlier),
    }
}
