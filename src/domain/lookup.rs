//! Looking at a token as an operator: by its text, which is digested and forgotten, or by its id.

use super::leaked_uses::{self, StoredUse};
use super::tokens::{self, Inspection, TokenReference};
use super::{Context, DomainError, audit};
use crate::model::{About, Deed, Id, PlainToken, Selection, Token};

/// Finds a token by its text. That somebody looked is written down; the text is not.
///
/// # Errors
/// [`DomainError::NotFound`] when we never issued it.
pub async fn find(ctx: &Context, text: PlainToken) -> Result<Inspection, DomainError> {
    let inspection = tokens::inspect(ctx, &TokenReference::Text(text)).await?;
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    let about = About::token(inspection.known.token.id);
    audit::note(&mut tx, now, Deed::new("token.looked_up", about));
    tx.commit().await?;
    Ok(inspection)
}

/// Everything that is known of a token.
#[derive(Clone, Debug)]
pub struct Dossier {
    /// The token, and where it was seen.
    pub inspection: Inspection,
    /// Attempts to use it after it leaked, by way in and address, the latest first.
    pub attempts: Vec<StoredUse>,
    /// How many tokens of its family nobody has revoked, itself included; `None` when it has no family.
    pub family: Option<i64>,
}

/// Gathers what is known of a token.
///
/// # Errors
/// When the database fails.
pub async fn gather(ctx: &Context, inspection: Inspection) -> Result<Dossier, DomainError> {
    let token = &inspection.known.token;
    let attempts = leaked_uses::list(ctx, token.id).await?;
    let family = match token.grant {
        None => None,
        Some(grant) => {
            let selection = Selection {
                grant: Some(grant),
                ..Selection::default()
            };
            Some(super::bulk_revocations::count(ctx, &selection).await?)
        }
    };
    Ok(Dossier {
        inspection,
        attempts,
        family,
    })
}

/// Everything that is known of the token with this id.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none.
pub async fn find_by_id(ctx: &Context, id: Id<Token>) -> Result<Dossier, DomainError> {
    let inspection = tokens::inspect(ctx, &TokenReference::Id(id)).await?;
    gather(ctx, inspection).await
}
