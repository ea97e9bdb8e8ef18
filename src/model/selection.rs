//! Which tokens are meant, when they are too many to name.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::client::Client;
use super::grant::Grant;
use super::id::Id;
use super::organization::Organization;
use super::time::Timestamp;
use super::token_kind::TokenKind;
use super::user::User;

/// Tokens that fit all of these; what is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Of this user, those that they made for an organization included.
    pub user: Option<Id<User>>,
    /// Of this organization, or limited to it.
    pub organization: Option<Id<Organization>>,
    /// Issued to this client, or its own credentials.
    pub client: Option<Id<Client>>,
    /// Acting for this customer, as the issuing service named them.
    pub customer: Option<String>,
    /// Minted from this grant.
    pub grant: Option<Id<Grant>>,
    /// Of this kind.
    pub kind: Option<TokenKind>,
    /// Made earlier than this, or from a grant that was.
    pub created_before: Option<Timestamp>,
}

/// As it is stored.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_before: Option<Timestamp>,
}

/// What was stored cannot be read by this version.
#[derive(Debug, thiserror::Error)]
#[error("a stored selection of tokens cannot be read")]
pub struct UnreadableSelection;

impl Selection {
    /// Whether it means every token there is.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// As it is stored.
    #[must_use]
    pub fn to_stored(&self) -> String {
        let stored = Stored {
            user: self.user.map(Id::uuid),
            organization: self.organization.map(Id::uuid),
            client: self.client.map(Id::uuid),
            customer: self.customer.clone(),
            grant: self.grant.map(Id::uuid),
            kind: self.kind.map(|kind| kind.name().to_owned()),
            created_before: self.created_before,
        };
        serde_json::to_string(&stored).unwrap_or_default()
    }

    /// Reads one as it was stored.
    ///
    /// # Errors
    /// When a newer version wrote it. Leaving out what is not understood would mean more tokens.
    pub fn from_stored(text: &str) -> Result<Self, UnreadableSelection> {
        let stored: Stored = serde_json::from_str(text).map_err(|_| UnreadableSelection)?;
        let kind = stored.kind.map(|name| name.parse::<TokenKind>());
        Ok(Self {
            user: stored.user.map(Id::from_uuid),
            organization: stored.organization.map(Id::from_uuid),
            client: stored.client.map(Id::from_uuid),
            customer: stored.customer,
            grant: stored.grant.map(Id::from_uuid),
            kind: kind.transpose().map_err(|_| UnreadableSelection)?,
            created_before: stored.created_before,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_back_and_what_is_not_understood_is_refused() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let some = Selection {
            user: Some(Id::new(now)),
            customer: Some("customer-17".to_owned()),
            kind: Some(TokenKind::AccessToken),
            created_before: Some(now),
            ..Selection::default()
        };
        let stored = some.to_stored();
        assert_eq!(Selection::from_stored(&stored).unwrap(), some);
        assert!(Selection::from_stored("{}").unwrap().is_everything());
        for wrong in [
            "",
            "[]",
            r#"{"kind": "x"}"#,
            r#"{"user": 1}"#,
            r#"{"owner": null}"#,
        ] {
            assert!(Selection::from_stored(wrong).is_err(), "{wrong}");
        }
    }
}
