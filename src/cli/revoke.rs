//! `tokenward revoke`: everything of an owner, a client or a kind, after counting it.

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::output::Output;
use super::progress::Progress;
use super::values::when;
use crate::domain::bulk_revocations::{self, BulkRevocation};
use crate::domain::{Context, clients, organizations, users};
use crate::model::{Email, Grant, Id, RevocationReason, Selection, Slug, Timestamp, TokenKind};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Tokens of the user with this e-mail address, those included that they made for organizations
    #[arg(long, value_name = "EMAIL")]
    user: Option<Email>,
    /// Tokens of the organization with this slug, or limited to it
    #[arg(long, value_name = "SLUG")]
    organization: Option<Slug>,
    /// Tokens issued to the client with this identifier, and its own credentials
    #[arg(long, value_name = "CLIENT_ID")]
    client: Option<String>,
    /// Tokens that act for this customer, as the issuing service named them
    #[arg(long, value_name = "NAME")]
    customer: Option<String>,
    /// Tokens minted from the grant with this id
    #[arg(long, value_name = "ID")]
    grant: Option<Id<Grant>>,
    /// Tokens of this kind, such as access_token
    #[arg(long)]
    kind: Option<TokenKind>,
    /// Tokens made earlier, or from a grant that was, such as 2026-11-25T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = when)]
    created_before: Option<Timestamp>,
    /// Only count
    #[arg(long)]
    dry_run: bool,
    /// Do not rest after the first thousand either: much faster, while everybody else waits longer
    #[arg(long)]
    urgent: bool,
}

#[derive(Serialize)]
struct Counted {
    dry_run: bool,
    counted: i64,
}

#[derive(Serialize)]
struct Done {
    id: String,
    counted: i64,
    revoked: i64,
}

pub(super) async fn run(
    arguments: &Arguments,
    ctx: &Context,
    out: &mut Output,
) -> anyhow::Result<()> {
    let selection = arguments.selection(ctx).await?;
    anyhow::ensure!(
        !selection.is_everything(),
        "say whose or which tokens are meant, such as --user or --kind"
    );
    if arguments.dry_run {
        let counted = bulk_revocations::count(ctx, &selection).await?;
        let text = format!("{counted} tokens would be revoked, and what came from them");
        let dry_run = true;
        return out.either(&Counted { dry_run, counted }, &text);
    }
    let reason = RevocationReason::Operator;
    let bulk = bulk_revocations::begin(ctx, None, selection, reason).await?;
    let done = {
        let counted = bulk.counted;
        let spinner = Progress::start(format!("revoking {counted} tokens"));
        let told = |revoked| spinner.say(how_far(revoked, counted));
        finish(ctx, bulk.id, arguments.urgent, told).await?
    };
    let text = format!("{} tokens are revoked for good", done.revoked);
    let done = Done {
        id: done.id.to_string(),
        counted: done.counted,
        revoked: done.revoked,
    };
    out.either(&done, &text)
}

impl Arguments {
    async fn selection(&self, ctx: &Context) -> anyhow::Result<Selection> {
        let mut selection = Selection {
            customer: self.customer.clone(),
            grant: self.grant,
            kind: self.kind,
            created_before: self.created_before,
            ..Selection::default()
        };
        if let Some(email) = &self.user {
            selection.user = Some(users::find(ctx, email).await?.id);
        }
        if let Some(slug) = &self.organization {
            selection.organization = Some(organizations::find(ctx, slug).await?.id);
        }
        if let Some(client_id) = &self.client {
            selection.client = Some(clients::find(ctx, client_id).await?.id);
        }
        Ok(selection)
    }
}

/// How far it has come. What came from the selected tokens dies with them, and was not counted.
fn how_far(revoked: i64, counted: i64) -> String {
    format!("{revoked} revoked; {counted} were selected")
}

/// Works until it is done, together with whatever service runs. What others asked for is not done in this
/// operator's name, nor at their pace.
async fn finish(
    ctx: &Context,
    id: Id<BulkRevocation>,
    urgent: bool,
    told: impl Fn(i64),
) -> anyhow::Result<BulkRevocation> {
    let mut revoked = 0;
    loop {
        while let Some(mut claimed) = bulk_revocations::claim(ctx, Some(id)).await? {
            loop {
                let began = Instant::now();
                let batch = bulk_revocations::advance(ctx, &mut claimed).await?;
                revoked += i64::try_from(batch.revoked.len()).unwrap_or_default();
                told(revoked);
                if batch.finished {
                    break;
                }
                if !urgent {
                    sleep(claimed.rest_after(began.elapsed())).await;
                }
            }
        }
        let bulk = bulk_revocations::find(ctx, id).await?;
        let bulk = bulk.context("the revocation is gone")?;
        if bulk.finished_at.is_some() {
            return Ok(bulk);
        }
        // A service does it, or has done a part.
        revoked = bulk.revoked;
        told(revoked);
        sleep(Duration::from_millis(200)).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;
    use tokio::time::timeout;

    use super::*;
    use crate::app;
    use crate::config::Settings;
    use crate::storage::bulk_revocations as table;

    /// One that a service has begun: seven tokens are dead.
    async fn begun(ctx: &Context) -> Id<BulkRevocation> {
        let now = ctx.clock.now();
        let new = BulkRevocation {
            id: Id::new(now),
            service_key: None,
            selection: Selection {
                kind: Some(TokenKind::PersonalAccessToken),
                ..Selection::default()
            },
            reason: RevocationReason::Operator,
            requested_at: now,
            counted: 5,
            revoked: 7,
            position: Id::new(Timestamp::from_millis(0)),
            finished_at: None,
        };
        let mut tx = ctx.db.begin().await.unwrap();
        assert!(table::insert(&mut tx, &new).await.unwrap());
        tx.commit().await.unwrap();
        new.id
    }

    #[tokio::test]
    async fn what_a_service_does_of_it_is_told_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display();
        let settings = Settings::from_overlay(&format!(
            "database.url = 'sqlite://{path}/t.db'\ntokens.hash_key_file = '{path}/keys'"
        ));
        let ctx = app::open(&settings.unwrap()).await.unwrap();
        let id = begun(&ctx).await;
        let claimed = bulk_revocations::claim(&ctx, Some(id)).await.unwrap();
        let mut claimed = claimed.unwrap();
        let (say, mut said) = mpsc::unbounded_channel();
        let told = |revoked| say.send(revoked).unwrap();
        let service = async {
            let first = said.recv().await;
            bulk_revocations::advance(&ctx, &mut claimed).await.unwrap();
            first
        };
        let both = async { tokio::join!(finish(&ctx, id, false, told), service) };
        let (done, first) = timeout(Duration::from_secs(20), both).await.unwrap();
        assert_eq!((done.unwrap().revoked, first), (7, Some(7)));
        assert_eq!(how_far(7, 5), "7 revoked; 5 were selected");
        ctx.db.close().await;
    }
}
