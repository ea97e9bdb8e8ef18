//! Owners: whose tokens leak.

use uuid::Uuid;

use super::id::Id;
use super::organization::Organization;
use super::token::KnownToken;
use super::token_kind::TokenKind;
use super::user::User;

/// Who has to keep a token from leaking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// A person.
    User(Id<User>),
    /// An organization, whoever of it.
    Organization(Id<Organization>),
}

impl Owner {
    /// The owner of a token; `None` when that is only operators. A client's credentials are its
    /// registrant's, and who made an organization's token does not own it.
    #[must_use]
    pub fn of(known: &KnownToken) -> Option<Self> {
        let user = known.user.as_ref().map(|user| Self::User(user.id));
        let organization = known.organization.as_ref();
        let organization = organization.map(|of| Self::Organization(of.id));
        match known.token.kind {
            TokenKind::OrganizationAccessToken => organization,
            TokenKind::ClientSecret | TokenKind::ClientRegistrationToken => {
                let client = known.client.as_ref();
                client.and_then(|client| client.owner_id).map(Self::User)
            }
            TokenKind::ServiceKey => None,
            _ => user.or(organization),
        }
    }

    /// What it is, as it is stored.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Organization(_) => "organization",
        }
    }

    /// Its id, among those of its kind.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        match self {
            Self::User(id) => id.uuid(),
            Self::Organization(id) => id.uuid(),
        }
    }

    /// The owner that was stored so.
    #[must_use]
    pub fn from_stored(kind: &str, id: Uuid) -> Self {
        match kind {
            "organization" => Self::Organization(Id::from_uuid(id)),
            _ => Self::User(Id::from_uuid(id)),
        }
    }
}

/// Who finds the leak of a token among their own: whoever is told about it, operators aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Concerned {
    /// Who owns or made it, or whose client's credential it is.
    pub user: Option<Id<User>>,
    /// Who owns it, or to whom it is limited.
    pub organization: Option<Id<Organization>>,
}

impl Concerned {
    /// Whom the leak of this token concerns.
    #[must_use]
    pub fn by(known: &KnownToken) -> Self {
        let user = known.user.as_ref().map(|user| user.id);
        let owner = known.client.as_ref().and_then(|client| client.owner_id);
        Self {
            user: match known.token.kind {
                TokenKind::ClientSecret | TokenKind::ClientRegistrationToken => owner,
                TokenKind::ServiceKey => None,
                _ => user,
            },
            organization: known.organization.as_ref().map(|of| of.id),
        }
    }

    /// Whether this is one of them.
    #[must_use]
    pub fn includes(self, owner: Owner) -> bool {
        match owner {
            Owner::User(id) => self.user == Some(id),
            Owner::Organization(id) => self.organization == Some(id),
        }
    }
}
