//! Signing out because a client asks for it (OpenID Connect RP-Initiated Logout 1.0), and who hears
//! that somebody signed out (OpenID Connect Back-Channel Logout 1.0).

use std::time::Duration;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::authorization::Parameters;
use super::signing_keys::{self, SigningError};
use super::{Context, DomainError, sessions};
use crate::model::{ApplicationType, Id, RedirectUri, RegisteredClient, Session};
use crate::storage::logout_notices::ClaimedNotice;
use crate::storage::{StorageError, clients};

/// How long a logout token may be used (Back-Channel Logout 2.4 recommends two minutes at most).
const TOKEN_LIFETIME: Duration = Duration::from_secs(120);

/// What a client says that sends a browser to sign out, as far as it is proven.
#[derive(Debug)]
pub struct LogoutRequest {
    /// Who asks, if that is known.
    pub client: Option<RegisteredClient>,
    /// Where the browser goes afterwards, if anywhere.
    pub destination: Option<Afterwards>,
    hint: Option<Hint>,
}

/// An address that the client registered, and what comes back to it.
#[derive(Clone, Debug)]
pub struct Afterwards {
    uri: RedirectUri,
    state: Option<String>,
}

impl Afterwards {
    /// Where to send the browser; the state is as it came.
    #[must_use]
    pub fn location(&self) -> String {
        let state = self.state.as_deref().map(|state| ("state", state));
        self.uri.with_query(state)
    }

    /// What a policy must name for it (CSP3 2.3.1).
    #[must_use]
    pub fn source(&self) -> String {
        self.uri.source()
    }
}

/// What we once said in an ID token.
#[derive(Clone, Debug, Deserialize)]
pub struct Hint {
    iss: String,
    sub: String,
    aud: String,
    sid: Option<Uuid>,
    /// Only logout tokens have it, and they are nobody's proof of having been signed in to.
    events: Option<IgnoredAny>,
}

impl Hint {
    /// Whether it stood in an ID token of this issuer.
    #[must_use]
    pub fn is_from(&self, issuer: &str) -> bool {
        self.iss == issuer && self.events.is_none()
    }

    fn fits(&self, session: &Session) -> bool {
        self.sub == session.user.id.to_string() && self.sid.is_none_or(|sid| sid == session.sid)
    }
}

/// Why nobody is signed out or sent anywhere.
#[derive(Debug, thiserror::Error)]
pub enum LogoutRefusal {
    /// The hint was issued to another client.
    #[error("id_token_hint was issued to another application than client_id names")]
    OtherClient,
    /// The client did not register the address.
    #[error("post_logout_redirect_uri is not an address that the application registered")]
    Unregistered,
    /// The database or the signing keys failed.
    #[error(transparent)]
    Failed(#[from] SigningError),
}

impl From<StorageError> for LogoutRefusal {
    fn from(error: StorageError) -> Self {
        Self::Failed(error.into())
    }
}

impl LogoutRequest {
    /// Reads a request. A hint that is not ours proves nothing, and whoever sends one is sent back
    /// nowhere; without a hint, the person must confirm before the address counts.
    ///
    /// # Errors
    /// See [`LogoutRefusal`].
    pub async fn read(ctx: &Context, parameters: &Parameters) -> Result<Self, LogoutRefusal> {
        let presented = parameters.find("id_token_hint");
        let hint = match presented {
            Some(text) => hint(ctx, text).await?,
            None => None,
        };
        let named = parameters.find("client_id");
        if let (Some(hint), Some(named)) = (&hint, named)
            && hint.aud != named
        {
            return Err(LogoutRefusal::OtherClient);
        }
        let forged = presented.is_some() && hint.is_none();
        let client_id = hint.as_ref().map(|hint| hint.aud.as_str()).or(named);
        let Some(client_id) = client_id.filter(|_| !forged) else {
            return Ok(Self {
                client: None,
                destination: None,
                hint,
            });
        };
        let client = clients::find(&ctx.db, client_id).await?;
        let client = client.filter(|client| client.disabled_at.is_none());
        let destination = match parameters.find("post_logout_redirect_uri") {
            Some(uri) => Some(Afterwards {
                uri: registered(client.as_ref(), uri).ok_or(LogoutRefusal::Unregistered)?,
                state: parameters.find("state").map(str::to_owned),
            }),
            None => None,
        };
        Ok(Self {
            client,
            destination,
            hint,
        })
    }
}

/// The claims of an ID token of ours, however old.
async fn hint(ctx: &Context, text: &str) -> Result<Option<Hint>, SigningError> {
    let hint = signing_keys::verify::<Hint>(ctx, text).await?;
    Ok(hint.filter(|hint| hint.is_from(&ctx.issuer)))
}

fn registered(client: Option<&RegisteredClient>, uri: &str) -> Option<RedirectUri> {
    let mut registered = client?.metadata.post_logout_redirect_uris.iter();
    registered
        .any(|known| known == uri)
        // Whatever got into the database: no browser is sent to a script or without encryption.
        .then(|| RedirectUri::parse(uri, ApplicationType::Native).ok())?
}

/// What happens next.
#[derive(Debug)]
pub enum Next {
    /// The session has ended, or there was none: on to the client, or to our own last page.
    SignedOut(Option<Afterwards>),
    /// Anybody could have asked, so the person is asked.
    Ask,
}

/// Signs out whoever the hint proves to be meant; otherwise the person has to say so.
///
/// # Errors
/// When the database fails.
pub async fn decide(
    ctx: &Context,
    request: &LogoutRequest,
    session: Option<&Session>,
) -> Result<Next, DomainError> {
    let proven = request.hint.is_some();
    let destination = request.destination.clone();
    match session {
        None => Ok(Next::SignedOut(destination.filter(|_| proven))),
        Some(session) if request.hint.as_ref().is_some_and(|hint| hint.fits(session)) => {
            sessions::end(ctx, session.user.id, session.token).await?;
            Ok(Next::SignedOut(destination))
        }
        Some(_) => Ok(Next::Ask),
    }
}

/// Signs out a person who said that they want it.
///
/// # Errors
/// When the database fails.
pub async fn confirm(
    ctx: &Context,
    request: LogoutRequest,
    session: Option<&Session>,
) -> Result<Option<Afterwards>, DomainError> {
    if let Some(session) = session {
        sessions::end(ctx, session.user.id, session.token).await?;
    }
    Ok(request.destination)
}

/// Back-Channel Logout 2.4.
#[derive(Serialize)]
struct LogoutClaims<'a> {
    iss: &'a str,
    sub: String,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: Uuid,
    events: Events,
    sid: Uuid,
}

#[derive(Serialize)]
struct Events {
    #[serde(rename = "http://schemas.openid.net/event/backchannel-logout")]
    backchannel_logout: Nothing,
}

#[derive(Serialize)]
struct Nothing {}

/// The logout token that tells a client of the end of a session. Each try makes its own: a client
/// may refuse one that it has seen before.
///
/// # Errors
/// See [`SigningError`].
pub async fn token(ctx: &Context, notice: &ClaimedNotice) -> Result<String, SigningError> {
    let now = ctx.clock.now();
    let claims = LogoutClaims {
        iss: &ctx.issuer,
        sub: notice.user.to_string(),
        aud: notice.client_id.as_str(),
        iat: now.as_seconds(),
        exp: now.plus(TOKEN_LIFETIME).as_seconds(),
        jti: Id::<ClaimedNotice>::new(now).uuid(),
        events: Events {
            backchannel_logout: Nothing {},
        },
        sid: notice.sid,
    };
    signing_keys::sign(ctx, notice.algorithm, "logout+jwt", &claims).await
}
