//! Who is in an organization, as its own members see and change it. Owners and admins manage members;
//! only owners make, change or remove owners; the last owner stays.

use serde_json::json;

use super::attempts::{Transient, until_settled};
use super::{Context, audit};
use crate::model::{About, Deed, Email, Id, Organization, Role, Slug, Timestamp, User};
use crate::storage::consents;
pub use crate::storage::consents::AllowedForOrganization;
use crate::storage::organizations as table;
pub use crate::storage::organizations::{Member, Membership};
use crate::storage::{StorageError, Tx, users};

/// How many members and applications are shown.
const SHOWN: i64 = 500;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such organization, or whoever asks is not in it.
    #[error("there is no such organization")]
    Unknown,
    /// Their role does not allow it.
    #[error("your role in this organization does not allow this")]
    NotPermitted,
    /// The organization is blocked.
    #[error("this organization is blocked")]
    Blocked,
    /// Nobody has this address.
    #[error("nobody with this address has signed in here yet")]
    NoSuchUser,
    /// Somebody else was meant: they are in already.
    #[error("they are in this organization already")]
    AlreadyIn,
    /// They are not in it (any more).
    #[error("they are not in this organization")]
    NotIn,
    /// Somebody has to be left who may do everything.
    #[error("an organization keeps at least one owner")]
    LastOwner,
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Transient for Refusal {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Storage(StorageError::Conflict(_)))
    }
}

/// The organizations of which somebody is a member, by name, with their role in each. Blocked ones
/// are among them.
///
/// # Errors
/// When the database fails.
pub async fn list_of(ctx: &Context, user: Id<User>) -> Result<Vec<Membership>, StorageError> {
    table::list_memberships(&ctx.db, user).await
}

/// The organization with this slug and somebody's role in it.
///
/// # Errors
/// [`Refusal::Unknown`] when there is none, or they are not in it: nobody learns which.
pub async fn find(ctx: &Context, user: Id<User>, slug: &Slug) -> Result<Membership, Refusal> {
    let found = table::find_membership(&ctx.db, user, slug).await?;
    found.ok_or(Refusal::Unknown)
}

/// The members of an organization, owners first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    ctx: &Context,
    organization: Id<Organization>,
) -> Result<Vec<Member>, StorageError> {
    table::list_members(&ctx.db, organization, SHOWN).await
}

/// What members of an organization allowed applications to do in it, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn list_applications(
    ctx: &Context,
    organization: Id<Organization>,
) -> Result<Vec<AllowedForOrganization>, StorageError> {
    consents::list_by_organization(&ctx.db, organization, SHOWN).await
}

/// What becomes of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Add(Role),
    To(Role),
    Remove,
}

/// Makes somebody a member.
///
/// # Errors
/// See [`Refusal`].
pub async fn add(
    ctx: &Context,
    by: &User,
    slug: &Slug,
    (email, role): (&Email, Role),
) -> Result<(), Refusal> {
    let organization = find(ctx, by.id, slug).await?.organization.id;
    until_settled(async || {
        let mut tx = ctx.db.begin().await?;
        let acting = admit(&mut tx, organization, by.id).await?;
        // Who may not add anybody learns nothing of who is known.
        if !acting.manages_members() {
            return Err(Refusal::NotPermitted);
        }
        let user = users::find_by_email_locked(&mut tx, email).await?;
        let user = user.ok_or(Refusal::NoSuchUser)?.id;
        change(
            &mut tx,
            (organization, acting),
            user,
            Change::Add(role),
            ctx.clock.now(),
        )
        .await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// Gives a member another role.
///
/// # Errors
/// See [`Refusal`].
pub async fn set_role(
    ctx: &Context,
    by: &User,
    slug: &Slug,
    (user, role): (Id<User>, Role),
) -> Result<(), Refusal> {
    apply(ctx, by, slug, (user, Change::To(role))).await
}

/// Removes a member: tokens of theirs that are limited to the organization stop working. Everybody may
/// leave, but for the last owner.
///
/// # Errors
/// See [`Refusal`].
pub async fn remove(ctx: &Context, by: &User, slug: &Slug, user: Id<User>) -> Result<(), Refusal> {
    apply(ctx, by, slug, (user, Change::Remove)).await
}

async fn apply(
    ctx: &Context,
    by: &User,
    slug: &Slug,
    (user, wanted): (Id<User>, Change),
) -> Result<(), Refusal> {
    let organization = find(ctx, by.id, slug).await?.organization.id;
    until_settled(async || {
        let mut tx = ctx.db.begin().await?;
        let acting = admit(&mut tx, organization, by.id).await?;
        // Leaving takes no role.
        let leaves = user == by.id && wanted == Change::Remove;
        if !leaves && !acting.manages_members() {
            return Err(Refusal::NotPermitted);
        }
        change(
            &mut tx,
            (organization, acting),
            user,
            wanted,
            ctx.clock.now(),
        )
        .await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// Holds the organization, so that of two changes at once the second sees the first, and tells the role
/// of whoever acts.
async fn admit(tx: &mut Tx, organization: Id<Organization>, by: Id<User>) -> Result<Role, Refusal> {
    let welcome = table::hold(tx, organization).await?;
    let acting = table::find_role(tx, organization, by).await?;
    match (welcome, acting) {
        (Some(true), Some(role)) => Ok(role),
        (Some(false), Some(_)) => Err(Refusal::Blocked),
        _ => Err(Refusal::Unknown),
    }
}

async fn change(
    tx: &mut Tx,
    (organization, acting): (Id<Organization>, Role),
    user: Id<User>,
    wanted: Change,
    now: Timestamp,
) -> Result<(), Refusal> {
    let before = table::find_role(tx, organization, user).await?;
    let after = match (wanted, before) {
        (Change::Add(_), Some(_)) => return Err(Refusal::AlreadyIn),
        (Change::To(_) | Change::Remove, None) => return Err(Refusal::NotIn),
        (Change::Add(role) | Change::To(role), _) => Some(role),
        (Change::Remove, _) => None,
    };
    if before == after {
        return Ok(());
    }
    let concerns_owners = [before, after].contains(&Some(Role::Owner));
    if concerns_owners && acting != Role::Owner {
        return Err(Refusal::NotPermitted);
    }
    if before == Some(Role::Owner) && table::count_owners(tx, organization).await? < 2 {
        return Err(Refusal::LastOwner);
    }
    let about = About {
        user: Some(user),
        ..About::organization(organization)
    };
    let deed = match after {
        Some(role) => {
            table::set_member(tx, organization, user, role, now).await?;
            let deed = Deed::new("organization.member_set", about);
            deed.with(json!({ "role": role.name() }))
        }
        None => {
            table::remove_member(tx, organization, user).await?;
            Deed::new("organization.member_removed", about)
        }
    };
    audit::note(tx, now, deed);
    Ok(())
}
