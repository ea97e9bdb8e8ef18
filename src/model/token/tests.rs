use super::*;
use crate::model::user::Email;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn known(kind: TokenKind) -> KnownToken {
    let token = Token {
        id: Id::new(at(0)),
        kind,
        grant: None,
        parent: None,
        customer: None,
        name: None,
        scopes: ScopeSet::default(),
        audience: None,
        hint: "abcd".to_owned(),
        created_at: at(0),
        expires_at: Some(at(100)),
        last_used_at: None,
        last_used_from: None,
        modified_at: None,
        redeemed_at: None,
        networks: None,
        revocation: None,
    };
    let email = Email::from_stored("ada@example.com".to_owned());
    let user = User {
        id: Id::new(at(0)),
        email,
        blocked_at: None,
    };
    KnownToken {
        token,
        user: Some(user),
        organization: None,
        client: None,
        grant_revoked_at: None,
        grant_is_quarantined: false,
        is_member: true,
        was_seen_spent: false,
    }
}

#[test]
fn a_token_expires_at_its_end_not_after_it() {
    let token = known(TokenKind::AccessToken);
    assert_eq!(token.state(at(99)), TokenState::Live);
    assert_eq!(token.state(at(100)), TokenState::Expired { at: at(100) });
}

#[test]
fn revocation_comes_before_expiry_and_expiry_before_suspension() {
    let mut token = known(TokenKind::AccessToken);
    if let Some(user) = token.user.as_mut() {
        user.blocked_at = Some(at(10));
    }
    assert_eq!(token.state(at(50)), TokenState::Suspended { at: at(10) });
    assert_eq!(token.state(at(150)), TokenState::Expired { at: at(100) });
    token.grant_revoked_at = Some(at(20));
    assert_eq!(token.state(at(150)), TokenState::Revoked { at: at(20) });
}

#[test]
fn who_leaves_an_organization_leaves_its_tokens_but_not_those_it_owns() {
    let organization = Organization {
        id: Id::new(at(0)),
        slug: "acme".parse().unwrap(),
        name: "Acme".parse().unwrap(),
        blocked_at: None,
    };
    for (kind, left) in [
        (TokenKind::AccessToken, TokenState::Suspended { at: at(50) }),
        (TokenKind::OrganizationAccessToken, TokenState::Live),
    ] {
        let mut token = known(kind);
        token.organization = Some(organization.clone());
        assert_eq!(token.state(at(50)), TokenState::Live);
        token.is_member = false;
        assert_eq!(token.state(at(50)), left, "{kind}");
    }
}

#[test]
fn blocking_its_maker_does_not_stop_an_organizations_token() {
    let mut token = known(TokenKind::OrganizationAccessToken);
    if let Some(user) = token.user.as_mut() {
        user.blocked_at = Some(at(10));
    }
    assert_eq!(token.state(at(50)), TokenState::Live);
}
