//! `tokenward token list`

use clap::Args;

use super::view::{ServiceKeyRow, TokenRow, TokenView};
use crate::cli::output::{Output, Shown};
use crate::cli::values::{self, LARGEST_PAGE, PAGE};
use crate::domain::tokens::{self, Listing};
use crate::domain::{Context, organizations, users};
use crate::model::{Email, Id, Slug, Token, TokenKind};

#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    page: ListPage,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Whose {
    /// Those of a user, also those they made for an organization
    #[arg(long, value_name = "EMAIL")]
    user: Option<Email>,
    /// Those of an organization
    #[arg(long, value_name = "SLUG")]
    organization: Option<Slug>,
    /// Everybody's of one kind
    #[arg(long)]
    kind: Option<TokenKind>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ListPage {
    /// Begin behind the token with this id
    #[arg(long, value_name = "ID", value_parser = values::id::<Token>)]
    after: Option<Id<Token>>,
    /// Most tokens to list
    #[arg(long, default_value_t = PAGE, value_parser = clap::value_parser!(u32).range(1..=LARGEST_PAGE))]
    limit: u32,
}

pub(super) async fn run(which: &List, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    let listing = match &which.whose {
        Whose {
            user: Some(email), ..
        } => Listing::OfUser(users::find(ctx, email).await?.id),
        Whose {
            organization: Some(slug),
            ..
        } => Listing::OfOrganization(organizations::find(ctx, slug).await?.id),
        Whose {
            kind: Some(kind), ..
        } => Listing::OfKind(*kind),
        // The argument group lets nobody get here.
        _ => anyhow::bail!("whose tokens? --user, --organization or --kind says so"),
    };
    list((listing, &which.page), TokenRow, ctx, out).await
}

/// Lists one page of service keys, with what each may do and from where.
pub(in crate::cli) async fn list_service_keys(
    page: &ListPage,
    ctx: &Context,
    out: &mut Output,
) -> anyhow::Result<()> {
    let listing = Listing::OfKind(TokenKind::ServiceKey);
    list((listing, page), ServiceKeyRow, ctx, out).await
}

/// Lists one page of tokens, each in such a row.
async fn list<R: Shown>(
    (listing, page): (Listing, &ListPage),
    row: impl Fn(TokenView) -> R,
    ctx: &Context,
    out: &mut Output,
) -> anyhow::Result<()> {
    let now = ctx.clock.now();
    let found = tokens::list(ctx, listing, page.after, page.limit).await?;
    let rows = found.iter().map(|known| row(TokenView::new(known, now)));
    out.list(&rows.collect::<Vec<_>>(), "There are none.")?;
    match found.last() {
        Some(last) if u32::try_from(found.len()).is_ok_and(|length| length == page.limit) => {
            out.note(&format!("\nThere may be more: --after {}", last.token.id))
        }
        _ => Ok(()),
    }
}
