//! Organizations and their members.

use serde_json::json;

use super::{Context, DomainError, audit, users};
use crate::model::{About, Deed, Email, Id, Organization, OrganizationName, Role, Slug, User};
use crate::storage::{StorageError, organizations};

const UNKNOWN: DomainError = DomainError::NotFound("there is no organization with this slug");

/// Adds an organization with its first owner.
///
/// # Errors
/// [`DomainError::NotFound`] without such a user, [`DomainError::Taken`] when the slug is in use.
pub async fn create(
    ctx: &Context,
    slug: Slug,
    name: OrganizationName,
    owner: &Email,
) -> Result<Organization, DomainError> {
    let now = ctx.clock.now();
    let owner = users::find(ctx, owner).await?;
    let organization = Organization {
        id: Id::new(now),
        slug,
        name,
        blocked_at: None,
    };
    let mut tx = ctx.db.begin().await?;
    if !organizations::insert(&mut tx, &organization, now).await? {
        return Err(DomainError::Taken(
            "there is an organization with this slug already",
        ));
    }
    organizations::set_member(&mut tx, organization.id, owner.id, Role::Owner, now).await?;
    let about = About {
        user: Some(owner.id),
        ..About::organization(organization.id)
    };
    audit::note(&mut tx, now, Deed::new("organization.created", about));
    tx.commit().await?;
    Ok(organization)
}

/// Finds an organization by slug.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none.
pub async fn find(ctx: &Context, slug: &Slug) -> Result<Organization, DomainError> {
    organizations::find_by_slug(&ctx.db, slug)
        .await?
        .ok_or(UNKNOWN)
}

/// The organizations whose tokens a user manages and that are let in, by name.
///
/// # Errors
/// When the database fails.
pub async fn list_managed(
    ctx: &Context,
    user: Id<User>,
) -> Result<Vec<Organization>, StorageError> {
    let roles = organizations::list_roles(&ctx.db, user).await?;
    let manages = |of: &Organization| {
        let mut roles = roles.iter();
        roles.any(|(id, role)| *id == of.id && role.manages_tokens())
    };
    let mut all = organizations::list_by_member(&ctx.db, user).await?;
    all.retain(manages);
    Ok(all)
}

/// Makes a user a member, or changes a member's role.
///
/// # Errors
/// [`DomainError::NotFound`] when either does not exist.
pub async fn add_member(
    ctx: &Context,
    slug: &Slug,
    email: &Email,
    role: Role,
) -> Result<(), DomainError> {
    let now = ctx.clock.now();
    let organization = find(ctx, slug).await?;
    let user = users::find(ctx, email).await?;
    let mut tx = ctx.db.begin().await?;
    organizations::set_member(&mut tx, organization.id, user.id, role, now).await?;
    let about = About {
        user: Some(user.id),
        ..About::organization(organization.id)
    };
    let deed = Deed::new("organization.member_set", about);
    audit::note(&mut tx, now, deed.with(json!({ "role": role.name() })));
    tx.commit().await?;
    Ok(())
}

/// Shuts an organization out (`true`) or lets it in again.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none.
pub async fn set_blocked(ctx: &Context, slug: &Slug, blocked: bool) -> Result<(), DomainError> {
    let now = ctx.clock.now();
    let since = blocked.then_some(now);
    let mut tx = ctx.db.begin().await?;
    let organization = organizations::set_blocked(&mut tx, slug, since).await?;
    let organization = organization.ok_or(UNKNOWN)?;
    let name = match blocked {
        true => "organization.blocked",
        false => "organization.unblocked",
    };
    let deed = Deed::new(name, About::organization(organization));
    audit::note(&mut tx, now, deed);
    tx.commit().await?;
    Ok(())
}
