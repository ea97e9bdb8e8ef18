//! `tokenward user`: people, let in and shut out.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::output::{Output, Shown};
use super::values::{LARGEST_PAGE, PAGE, moment, or};
use crate::domain::users::{self, ListedUser};
use crate::domain::{Context, operators};
use crate::model::{Email, Id, PersonName, User};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add a user
    Create(New),
    /// Shut a user out: none of their tokens work until they are let in again
    Block(Named),
    /// Let a user in again; tokens that leaked meanwhile stay dead
    Unblock(Named),
    /// List users, in the order in which they came
    List(List),
    /// Let a user operate the service from its pages, under /admin
    Promote(Named),
    /// No longer let a user operate the service
    Demote(Named),
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Most users to list
    #[arg(long, default_value_t = PAGE, value_parser = clap::value_parser!(u32).range(1..=LARGEST_PAGE))]
    limit: u32,
    /// Those who came after the one with this id
    #[arg(long, value_parser = super::values::id::<User>)]
    after: Option<Id<User>>,
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The user's e-mail address
    #[arg(long)]
    email: Email,
}

#[derive(Debug, Args)]
pub(super) struct New {
    /// The user's e-mail address
    #[arg(long)]
    email: Email,
    /// What the user is called
    #[arg(long)]
    name: Option<PersonName>,
}

#[derive(Serialize)]
struct Created {
    id: Id<User>,
    email: Email,
}

impl Shown for Created {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("id", self.id.to_string()),
            ("email", self.email.to_string()),
        ]
    }
}

#[derive(Serialize)]
struct Blocked<'a> {
    email: &'a Email,
    blocked: bool,
}

#[derive(Serialize)]
struct UserView {
    id: Id<User>,
    email: Email,
    name: Option<String>,
    created_at: String,
    blocked_at: Option<String>,
    /// Since when they may operate the service.
    operator_since: Option<String>,
}

impl From<ListedUser> for UserView {
    fn from(listed: ListedUser) -> Self {
        Self {
            id: listed.user.id,
            email: listed.user.email,
            name: listed.name.map(|name| name.as_str().to_owned()),
            created_at: listed.created_at.to_string(),
            blocked_at: moment(listed.user.blocked_at),
            operator_since: moment(listed.operator_since),
        }
    }
}

impl Shown for UserView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("id", self.id.to_string()),
            ("email", self.email.to_string()),
            ("name", or(self.name.as_ref(), "-")),
            ("created", self.created_at.clone()),
            ("blocked since", or(self.blocked_at.as_ref(), "-")),
            ("operator since", or(self.operator_since.as_ref(), "-")),
        ]
    }
}

#[derive(Serialize)]
struct Role<'a> {
    email: &'a Email,
    operator: bool,
}

pub(super) async fn run(command: &Command, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    match command {
        Command::Create(New { email, name }) => {
            let user = users::create_named(ctx, email.clone(), name.as_ref()).await?;
            let User { id, email, .. } = user;
            out.result(&Created { id, email }, "")
        }
        Command::Block(Named { email }) => {
            users::block(ctx, email).await?;
            let blocked = true;
            let text = format!("{email} is blocked: none of their tokens work");
            out.either(&Blocked { email, blocked }, &text)
        }
        Command::Unblock(Named { email }) => {
            users::unblock(ctx, email).await?;
            let blocked = false;
            let text = format!("{email} is not blocked: tokens that were not revoked work again");
            out.either(&Blocked { email, blocked }, &text)
        }
        Command::List(List { limit, after }) => {
            let all = users::list(ctx, *after, *limit).await?;
            let all: Vec<_> = all.into_iter().map(UserView::from).collect();
            out.list(&all, "There is no user.")
        }
        Command::Promote(Named { email }) => {
            let text = match operators::promote(ctx, email).await? {
                true => format!("{email} may operate the service at /admin"),
                false => format!("{email} may operate the service already"),
            };
            let operator = true;
            out.either(&Role { email, operator }, &text)
        }
        Command::Demote(Named { email }) => {
            let text = match operators::demote(ctx, email).await? {
                true => format!("{email} may no longer operate the service"),
                false => format!("{email} did not operate the service"),
            };
            let operator = false;
            out.either(&Role { email, operator }, &text)
        }
    }
}
