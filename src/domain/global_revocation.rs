//! Global Token Revocation (draft-parecki-oauth-global-token-revocation): an identity provider, or
//! whoever watches over security, has everything ended that a user is signed in with.

use super::attempts::until_settled;
use super::{Context, families, sessions};
use crate::model::{Id, Revocation, RevocationReason, Subject, TokenKind, User};
use crate::storage::tokens::{self, RevokedToken};
use crate::storage::{StorageError, grants, users};

/// The scope that lets a service key end everything of a user.
pub const SCOPE: &str = "sessions:revoke";

/// What came to its end.
#[derive(Clone, Debug)]
pub struct SignedOutEverywhere {
    /// Whose.
    pub user: Id<User>,
    /// Every token that died just now, sessions among them.
    pub revoked: Vec<TokenKind>,
}

/// Why nothing was ended.
#[derive(Debug, thiserror::Error)]
pub enum GlobalRevocationRefusal {
    /// Nobody here is called so.
    #[error("there is no such user")]
    NoSuchUser,
    /// Another issuer's name for a user says nothing to us.
    #[error("users are not known by that issuer's names")]
    ForeignIssuer,
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Ends every session of a user, everything that was granted in their name, and every access token that
/// acts for them: whoever wants in must sign in again. Personal access tokens, which nobody signs in with, live on unless operators
/// decided otherwise. What they allowed clients stays remembered, so that they are not asked anew
/// about everything once they are back.
///
/// # Errors
/// See [`GlobalRevocationRefusal`].
pub async fn sign_out_everywhere(
    ctx: &Context,
    subject: &Subject,
) -> Result<SignedOutEverywhere, GlobalRevocationRefusal> {
    let user = find(ctx, subject).await?;
    let revoked = until_settled(async || end_everything(ctx, user).await).await?;
    Ok(SignedOutEverywhere {
        user,
        revoked: revoked.into_iter().map(|token| token.kind).collect(),
    })
}

async fn find(ctx: &Context, subject: &Subject) -> Result<Id<User>, GlobalRevocationRefusal> {
    let found = match subject {
        Subject::Email(email) => users::find_by_email(&ctx.db, email).await?,
        Subject::Opaque(Some(id)) => users::find(&ctx.db, *id).await?,
        Subject::IssuerSubject { iss, .. } if *iss != ctx.issuer => {
            return Err(GlobalRevocationRefusal::ForeignIssuer);
        }
        Subject::IssuerSubject { sub: Some(id), .. } => users::find(&ctx.db, *id).await?,
        Subject::Opaque(None) | Subject::IssuerSubject { sub: None, .. } => None,
    };
    let user = found.ok_or(GlobalRevocationRefusal::NoSuchUser)?;
    Ok(user.id)
}

async fn end_everything(ctx: &Context, user: Id<User>) -> Result<Vec<RevokedToken>, StorageError> {
    let revocation = Revocation {
        at: ctx.clock.now(),
        reason: RevocationReason::SignedOutEverywhere,
    };
    let mut tx = ctx.db.begin().await?;
    // First: whoever is granted something in a session holds it, and is listed below.
    let sessions = TokenKind::UserSessionToken;
    let mut dead = tokens::revoke_of_user(&mut tx, user, sessions, revocation).await?;
    let ended: Vec<_> = dead.iter().map(|session| session.id).collect();
    dead.extend(sessions::wind_up(&mut tx, &ended, revocation).await?);
    let granted = grants::list_by_user(&mut tx, user).await?;
    dead.extend(families::end(&mut tx, &granted, revocation).await?);
    // What a service had issued in their name comes from no grant.
    for kind in [TokenKind::AccessToken, TokenKind::RefreshToken] {
        dead.extend(tokens::revoke_of_user(&mut tx, user, kind, revocation).await?);
    }
    if ctx.policy.oauth.global_revocation_of_personal_tokens {
        let personal = TokenKind::PersonalAccessToken;
        dead.extend(tokens::revoke_of_user(&mut tx, user, personal, revocation).await?);
    }
    tx.commit().await?;
    Ok(dead)
}
