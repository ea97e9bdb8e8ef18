//! `tokenward organization`: organizations and their members.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::output::{Output, Shown};
use crate::domain::{Context, organizations};
use crate::model::{Email, Id, Organization, OrganizationName, Role, Slug};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add an organization
    Create(Create),
    /// Make a user a member, or change a member's role
    AddMember(AddMember),
    /// Shut an organization out: none of its tokens work until it is let in again
    Block(Named),
    /// Let an organization in again; tokens that leaked meanwhile stay dead
    Unblock(Named),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// Its name in commands and addresses
    #[arg(long)]
    slug: Slug,
    /// Its name in sentences
    #[arg(long)]
    name: OrganizationName,
    /// E-mail address of the user who owns it
    #[arg(long, value_name = "EMAIL")]
    owner: Email,
}

#[derive(Debug, Args)]
pub(super) struct AddMember {
    /// The organization's slug
    #[arg(long)]
    slug: Slug,
    /// The user's e-mail address
    #[arg(long)]
    email: Email,
    /// owner, admin, finance or member
    #[arg(long)]
    role: Role,
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The organization's slug
    #[arg(long)]
    slug: Slug,
}

#[derive(Serialize)]
struct Created<'a> {
    id: Id<Organization>,
    slug: &'a str,
    name: &'a str,
}

impl Shown for Created<'_> {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("id", self.id.to_string()),
            ("slug", self.slug.to_owned()),
            ("name", self.name.to_owned()),
        ]
    }
}

#[derive(Serialize)]
struct Member<'a> {
    slug: &'a str,
    email: &'a Email,
    role: &'a str,
}

#[derive(Serialize)]
struct Blocked<'a> {
    slug: &'a str,
    blocked: bool,
}

pub(super) async fn run(command: &Command, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    match command {
        Command::Create(new) => create(new, ctx, out).await,
        Command::AddMember(new) => add_member(new, ctx, out).await,
        Command::Block(Named { slug }) => {
            organizations::set_blocked(ctx, slug, true).await?;
            let text = format!("{slug} is blocked: none of its tokens work");
            let slug = slug.as_str();
            out.either(
                &Blocked {
                    slug,
                    blocked: true,
                },
                &text,
            )
        }
        Command::Unblock(Named { slug }) => {
            organizations::set_blocked(ctx, slug, false).await?;
            let text = format!("{slug} is not blocked: tokens that were not revoked work again");
            let slug = slug.as_str();
            out.either(
                &Blocked {
                    slug,
                    blocked: false,
                },
                &text,
            )
        }
    }
}

async fn create(new: &Create, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    let (slug, name) = (new.slug.clone(), new.name.clone());
    let made = organizations::create(ctx, slug, name, &new.owner).await?;
    let created = Created {
        id: made.id,
        slug: made.slug.as_str(),
        name: made.name.as_str(),
    };
    out.result(&created, "")
}

async fn add_member(new: &AddMember, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    let AddMember { slug, email, role } = new;
    organizations::add_member(ctx, slug, email, *role).await?;
    let role = role.name();
    let text = format!("{email} is in {slug} as {role}");
    let slug = slug.as_str();
    out.either(&Member { slug, email, role }, &text)
}
