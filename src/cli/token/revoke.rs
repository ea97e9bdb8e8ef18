//! `tokenward token revoke`

use serde::Serialize;

use super::reference::Reference;
use crate::cli::output::Output;
use crate::cli::values::{moment, or};
use crate::domain::Context;
use crate::domain::tokens::{self, Inspection, TokenReference};
use crate::model::{Id, RevocationReason, Token};

#[derive(Serialize)]
struct Revoked {
    id: Id<Token>,
    /// Whether it was this command that revoked it.
    revoked: bool,
    revoked_at: Option<String>,
    revoked_reason: Option<&'static str>,
}

pub(super) async fn run(which: &Reference, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    let reference: TokenReference = which.read()?;
    let revoked = tokens::revoke(ctx, &reference, RevocationReason::Operator).await?;
    let Inspection { known, .. } = tokens::inspect(ctx, &reference).await?;
    let end = known.token.revocation;
    let done = Revoked {
        id: known.token.id,
        revoked,
        revoked_at: moment(end.map(|end| end.at)),
        revoked_reason: end.map(|end| end.reason.name()),
    };
    let kind = known.token.kind.title();
    let text = match revoked {
        true => format!("{kind} {} is revoked for good", done.id),
        false => format!(
            "{kind} {} was revoked already: {}, reason: {}",
            done.id,
            or(done.revoked_at.as_ref(), "-"),
            or(done.revoked_reason, "-"),
        ),
    };
    out.either(&done, &text)
}
