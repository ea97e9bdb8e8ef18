//! Signing in: a code is mailed to whoever claims an address, and works once, in the browser that
//! asked, for a quarter of an hour. Nobody learns from it which addresses are known.

use std::net::IpAddr;
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::json;

use super::attempts::until_settled;
use super::limits::limited_by;
use super::sessions::{self, Begun, Circumstances, Method};
use super::{Context, audit, exposures, provenance};
use crate::model::letter::LoginCode;
use crate::model::{
    About, Actor, Deed, Email, HashKeyId, Id, Language, Letter, Limit, LoginCodeText, PlainToken,
    ReviewAccount, Timestamp, TokenDigest, User,
};
use crate::storage::login_codes::{self as table, LoginRequest, OpenRequest};
use crate::storage::outbox::{self, NewLetter};
use crate::storage::{StorageError, Tx, turns, users};

/// Somebody sits and waits for these, so they leave before all others.
const PRIORITY: i64 = 0;
/// How many old requests are deleted whenever a new one comes.
const DELETED_AT_ONCE: i64 = 100;

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInRefusal {
    /// Too many codes were asked for from this network address.
    #[error("too many codes were asked for from this network address")]
    TooMany {
        /// When another one may be asked for.
        retry_after: Duration,
    },
    /// The code is wrong, used, too old, from another browser or tried too often; or the person is
    /// shut out. Nobody learns which.
    #[error("the code does not work")]
    WrongCode,
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Mails a code to this address, in the language of the page that asks, if somebody may sign in with
/// it. Looks the same either way.
///
/// # Errors
/// See [`SignInRefusal`].
pub async fn request_code(
    ctx: &Context,
    email: Email,
    browser: &PlainToken,
    address: Option<IpAddr>,
    language: Language,
) -> Result<(), SignInRefusal> {
    let now = ctx.clock.now();
    let request = LoginRequest {
        id: Id::<LoginCode>::new(now).uuid(),
        browser: digest(ctx, browser),
        email,
        answerable: false,
        hash_key: ctx.hash_keys.current().id().clone(),
        address: address.map(limited_by),
        created_at: now,
        expires_at: now.plus(ctx.policy.sign_in.code_lifetime),
    };
    let login = LoginCode {
        ticket: request.id,
        hash_key: request.hash_key.to_string(),
        expires_at: request.expires_at,
        asked_from: address.map(|address| address.to_string()),
        language: Some(language.tag().to_owned()),
        code: None,
    };
    let mailed = until_settled(async || write_down(ctx, request.clone(), &login).await).await?;
    exposures::announce(&ctx.letters_waiting, usize::from(mailed));
    Ok(())
}

/// Tells whether a letter is on its way. Asks the database the same questions in every case: how
/// long it takes tells nobody anything.
async fn write_down(
    ctx: &Context,
    mut request: LoginRequest,
    login: &LoginCode,
) -> Result<bool, SignInRefusal> {
    let now = request.created_at;
    let mut tx = ctx.db.begin().await?;
    limit_network_address(ctx, &mut tx, &request).await?;
    let review = review_account(ctx, &request.email).is_some();
    let within_limit = is_within_limit(ctx, &mut tx, &request, review).await?;
    let may_enter = may_enter(ctx, &mut tx, &request.email).await?;
    let mailed = within_limit && may_enter && !review;
    request.answerable = mailed || (within_limit && review);
    table::insert(&mut tx, &request).await?;
    // A statement without rows is as long under way as one with a row.
    let letter = mailed.then(|| letter(&request, login));
    outbox::insert(&mut tx, letter.as_slice(), PRIORITY, now).await?;
    let over = now.minus(ctx.policy.retention.login_codes);
    table::delete_expired(&mut tx, over, DELETED_AT_ONCE).await?;
    tx.commit().await?;
    Ok(mailed)
}

async fn limit_network_address(
    ctx: &Context,
    tx: &mut Tx,
    request: &LoginRequest,
) -> Result<(), SignInRefusal> {
    let Some(place) = &request.address else {
        return Ok(());
    };
    let now = request.created_at;
    turns::take(tx, &format!("login codes from {place}")).await?;
    let limit = Limit::LoginCodesFromAddress;
    let since = now.minus(ctx.limits.within(limit));
    let recent = table::list_by_address(tx, place, since).await?;
    match ctx.limits.wait(limit, &recent, now) {
        Some(retry_after) => Err(SignInRefusal::TooMany { retry_after }),
        None => Ok(()),
    }
}

/// Whether another code may be made for the address. Each allows a few guesses, so this bounds how
/// often anybody can guess. Whoever knows the review account's code does not guess.
async fn is_within_limit(
    ctx: &Context,
    tx: &mut Tx,
    request: &LoginRequest,
    review: bool,
) -> Result<bool, StorageError> {
    let now = request.created_at;
    turns::take(tx, &format!("login codes for {}", request.email.as_str())).await?;
    let since = now.minus(ctx.limits.within(Limit::LoginCodes));
    let recent = table::list_by_email(tx, &request.email, review, since).await?;
    Ok(ctx.limits.wait(Limit::LoginCodes, &recent, now).is_none())
}

fn letter(request: &LoginRequest, login: &LoginCode) -> NewLetter {
    NewLetter {
        id: Id::new(request.created_at),
        exposure: None,
        recipient: request.email.clone(),
        letter: Letter::LoginCode(login.clone()),
    }
}

async fn may_enter(ctx: &Context, tx: &mut Tx, email: &Email) -> Result<bool, StorageError> {
    let user = users::find_by_email_locked(tx, email).await?;
    Ok(match user {
        Some(user) => user.blocked_at.is_none(),
        None => ctx.policy.sign_in.sign_up,
    })
}

/// The letter as it may be sent: with the code in it. `None` when the code has expired.
pub(super) fn ready_to_send(ctx: &Context, login: &LoginCode) -> Option<LoginCode> {
    let id = HashKeyId::from_stored(login.hash_key.clone());
    let key = ctx.hash_keys.iter().find(|key| *key.id() == id)?;
    (login.expires_at > ctx.clock.now()).then(|| LoginCode {
        code: Some(LoginCodeText::made_from(login.ticket, key)),
        ..login.clone()
    })
}

/// Whom a browser is about to sign in: the address that it asked a code for last.
///
/// # Errors
/// When the database fails.
pub async fn awaited(ctx: &Context, browser: &PlainToken) -> Result<Option<Email>, StorageError> {
    for digest in digests(ctx, browser) {
        let email = table::find_email(&ctx.db, &digest).await?;
        if email.is_some() {
            return Ok(email);
        }
    }
    Ok(None)
}

/// Signs somebody in who brings the code that was mailed. The first time makes the user.
///
/// # Errors
/// See [`SignInRefusal`].
pub async fn enter(
    ctx: &Context,
    browser: &PlainToken,
    typed: &str,
    circumstances: &Circumstances,
) -> Result<Begun, SignInRefusal> {
    let now = ctx.clock.now();
    let browsers: Vec<TokenDigest> = digests(ctx, browser).collect();
    let mut tx = ctx.db.begin().await?;
    let open = table::attempt(&mut tx, &browsers, now).await?;
    let typed = LoginCodeText::typed(typed);
    let proven = open.and_then(|open| {
        let method = proof(ctx, &open, &typed).filter(|_| open.answerable)?;
        Some((open, method))
    });
    if proven.is_none() {
        let deed = Deed::new("user.sign_in_refused", About::default());
        audit::note(&mut tx, now, deed);
    }
    // The attempt counts whatever comes next.
    tx.commit().await?;
    let (open, method) = proven.ok_or(SignInRefusal::WrongCode)?;
    let mut tx = ctx.db.begin().await?;
    if !table::redeem(&mut tx, open.id, now).await? {
        return Err(SignInRefusal::WrongCode);
    }
    let begun = let_in(ctx, &mut tx, open.email, method, circumstances, now).await?;
    tx.commit().await?;
    begun.ok_or(SignInRefusal::WrongCode)
}

/// Signs somebody in of whom a trusted proxy said who it is.
///
/// # Errors
/// See [`SignInRefusal`].
pub async fn enter_by_proxy(
    ctx: &Context,
    email: Email,
    circumstances: &Circumstances,
) -> Result<Begun, SignInRefusal> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    let begun = let_in(ctx, &mut tx, email, Method::Proxy, circumstances, now).await?;
    tx.commit().await?;
    begun.ok_or(SignInRefusal::WrongCode)
}

async fn let_in(
    ctx: &Context,
    tx: &mut Tx,
    email: Email,
    method: Method,
    circumstances: &Circumstances,
    now: Timestamp,
) -> Result<Option<Begun>, StorageError> {
    let fresh = User {
        id: Id::new(now),
        email,
        blocked_at: None,
    };
    let sign_up = ctx.policy.sign_in.sign_up || method == Method::ReviewCode;
    let language = circumstances.language;
    let user = users::verify_email(tx, &fresh, language, sign_up, now).await?;
    let Some(user) = user.filter(|user| user.blocked_at.is_none()) else {
        return Ok(None);
    };
    provenance::act_as(Actor::User(user.id));
    let about = About::user(user.id);
    if user.id == fresh.id {
        audit::note(tx, now, Deed::new("user.created", about));
    }
    let deed = Deed::new("user.signed_in", about);
    audit::note(tx, now, deed.with(json!({ "method": method.name() })));
    let begun = sessions::begin(ctx, tx, user, method, circumstances, now).await?;
    tracing::info!(
        user.id = %begun.session.user.id,
        method = ?method,
        "somebody signed in"
    );
    Ok(Some(begun))
}

fn proof(ctx: &Context, open: &OpenRequest, typed: &LoginCodeText) -> Option<Method> {
    let key = ctx.hash_keys.iter().find(|key| *key.id() == open.hash_key);
    let mailed = key.is_some_and(|key| LoginCodeText::made_from(open.id, key).fits(typed));
    match review_account(ctx, &open.email) {
        Some(review) => {
            let fixed = LoginCodeText::typed(review.code.expose_secret());
            fixed.fits(typed).then_some(Method::ReviewCode)
        }
        None => mailed.then_some(Method::MailedCode),
    }
}

fn review_account<'c>(ctx: &'c Context, email: &Email) -> Option<&'c ReviewAccount> {
    let review = ctx.policy.sign_in.review.as_ref();
    review.filter(|review| review.email == *email)
}

fn digest(ctx: &Context, browser: &PlainToken) -> TokenDigest {
    ctx.hash_keys.current().digest(label(browser).as_bytes())
}

fn digests<'c>(
    ctx: &'c Context,
    browser: &PlainToken,
) -> impl Iterator<Item = TokenDigest> + use<'c> {
    let label = label(browser);
    ctx.hash_keys
        .iter()
        .map(move |key| key.digest(label.as_bytes()))
}

fn label(browser: &PlainToken) -> String {
    format!("tokenward browser {}", browser.reveal())
}
