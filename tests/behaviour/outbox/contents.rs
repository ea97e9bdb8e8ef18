//! What readers get: every kind of token, strangers' words, and never a secret.

use std::fs;

use serde_json::json;
use tokenward::domain::tokens::NewTokenRequest;
use tokenward::model::{
    Client, ClientId, ClientMetadata, ClientStanding, Grant, GrantRequest, Id, Organization, Role,
    TokenKind, User,
};
use tokenward::storage::{clients, grants};

use super::post::Post;
use crate::support::{Mail, TestApp, artifacts, report, report_at, token_name};

/// Who and what tokens of every kind belong to.
struct People {
    user: User,
    organization: Organization,
    client: Id<Client>,
    grant: Id<Grant>,
}

impl People {
    async fn settle_in(app: &TestApp, client_name: &str) -> Self {
        let user = app.user("ada@example.com").await;
        let organization = app.organization("engines", &user).await;
        let admin = app.user("admin@example.com").await;
        app.member(&organization, &admin, Role::Admin).await;
        let now = app.clock.now();
        let client = Id::new(now);
        let grant = Grant {
            id: Id::new(now),
            client,
            user: user.id,
            organization: None,
            scopes: "orders:read".parse().unwrap(),
            created_at: now,
            request: GrantRequest::default(),
        };
        let mut tx = app.ctx.db.begin().await.unwrap();
        let new = clients::NewClient {
            id: client,
            client_id: ClientId::from_stored("polar_ci_test".to_owned()),
            owner: Some(user.id),
            metadata: ClientMetadata::named(client_name),
            standing: ClientStanding::default(),
            registered_from: None,
            created_at: now,
        };
        clients::insert(&mut tx, &new).await.unwrap();
        grants::insert(&mut tx, &grant).await.unwrap();
        tx.commit().await.unwrap();
        Self {
            user,
            organization,
            client,
            grant: grant.id,
        }
    }

    /// A token of this kind as it occurs.
    fn token(&self, kind: TokenKind) -> NewTokenRequest {
        use TokenKind::{
            AccessToken, AuthorizationCode, ClientRegistrationToken, ClientSecret,
            CustomerSessionToken, OrganizationAccessToken, RefreshToken, ServiceKey,
        };
        let granted = matches!(kind, AccessToken | RefreshToken | AuthorizationCode);
        let of_client = granted || matches!(kind, ClientSecret | ClientRegistrationToken);
        let of_organization = matches!(kind, OrganizationAccessToken | CustomerSessionToken);
        let of_user = !of_client && !matches!(kind, CustomerSessionToken | ServiceKey);
        NewTokenRequest {
            user: (of_user || granted).then_some(self.user.id),
            organization: of_organization.then_some(self.organization.id),
            client: of_client.then_some(self.client),
            grant: granted.then_some(self.grant),
            customer: (kind == CustomerSessionToken).then(|| "customer 7".to_owned()),
            ..NewTokenRequest::new(kind)
        }
    }
}

#[tokio::test]
async fn a_letter_about_every_kind_of_token_arrives() {
    let post = Post::start().await;
    let people = People::settle_in(&post.app, "Night Shift").await;
    for kind in TokenKind::ALL {
        let before = post.mails().len();
        let issued = post.app.token(people.token(kind)).await;
        let answer = post.app.github().report(&[report(&issued.token)]).await;
        assert_eq!(answer.labels(), ["true_positive"], "{kind}");
        post.mend_and_deliver().await;
        let mails = post.mails().split_off(before);
        let readers: Vec<_> = mails.iter().map(|mail| mail.to.as_str()).collect();
        let wanted: &[&str] = match kind {
            TokenKind::OrganizationAccessToken | TokenKind::CustomerSessionToken => {
                &["ada@example.com", "admin@example.com"]
            }
            TokenKind::ServiceKey => &["security@tokenward.test"],
            _ => &["ada@example.com"],
        };
        let mut sorted = readers.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, wanted, "{kind}");
        for mail in mails {
            assert!(mail.subject.contains(kind.title()), "{}", mail.subject);
            for body in [&mail.text, &mail.html] {
                assert!(body.contains(&issued.token.hint()), "{kind}");
                assert!(body.contains(kind.title()), "{kind}");
                assert!(!body.contains(issued.token.reveal()), "{kind}");
            }
        }
    }
}

const HOSTILE: &str = "</td><script>alert(1)</script>\u{202e} <a href=\"//evil.example\">x</a>";

#[tokio::test]
async fn hostile_words_become_neither_headers_nor_markup_nor_links() {
    let post = Post::start().await;
    let people = People::settle_in(&post.app, HOSTILE).await;
    let hostile_organization = "UPDATE organizations
        SET name = 'x' || chr(13) || chr(10) || 'Bcc: thief@evil.example <script>alert(2)</script>'";
    let statement = match crate::support::is_postgres() {
        true => hostile_organization.to_owned(),
        false => hostile_organization.replace("chr(", "char("),
    };
    post.app.database.execute(&statement).await;
    let url = "https://evil.example/\"><script>alert(3)</script>\r\nBcc: thief@evil.example";
    let request = |kind| NewTokenRequest {
        name: Some(token_name(HOSTILE)),
        ..people.token(kind)
    };
    for kind in [
        TokenKind::PersonalAccessToken,
        TokenKind::OrganizationAccessToken,
        TokenKind::ClientSecret,
    ] {
        let token = post.app.token(request(kind)).await.token;
        let mut hostile = report_at(token.reveal(), url);
        hostile["source"] = json!("commit\r\nBcc: thief@evil.example");
        let answer = post.app.github().report(&[hostile]).await;
        assert_eq!(answer.labels(), ["true_positive"]);
    }
    post.mend_and_deliver().await;

    let received = post.server.received();
    assert_eq!(received.len(), 4);
    for one in received {
        let raw = String::from_utf8(one.message.clone()).unwrap();
        let (head, _) = raw.split_once("\r\n\r\n").unwrap();
        assert!(
            head.lines()
                .all(|line| !line.starts_with("Bcc") && line.is_ascii())
        );
        assert_eq!(head.matches("\nSubject:").count(), 1);
        let recipients = one.envelope["to"].as_array().unwrap().len();
        assert_eq!(recipients, 1);
        let mail = Mail::parse(&one.message);
        assert!(!mail.html.contains("<script"), "{}", mail.html);
        assert!(!mail.html.contains("<a "), "{}", mail.html);
        assert!(mail.html.contains("&lt;script&gt;"));
        assert!(mail.text.lines().all(|line| !line.starts_with("Bcc")));
        assert!(!mail.text.contains('\u{202e}') && !mail.html.contains('\u{202e}'));
    }
}

#[tokio::test]
async fn no_mail_and_no_log_holds_a_token_even_when_the_place_does() {
    let post = Post::start().await;
    let ada = post.app.user("ada@example.com").await;
    let (leaked, other) = (
        post.app.personal_token(&ada, "deploy").await.token,
        post.app.personal_token(&ada, "laptop").await.token,
    );
    let place = |token: &str| format!("https://api.example.com/v1?access_token={token}");
    let answer = post
        .app
        .github()
        .report(&[
            report_at(leaked.reveal(), &place(leaked.reveal())),
            report_at(leaked.reveal(), &place(other.reveal())),
        ])
        .await;
    assert_eq!(answer.labels(), ["true_positive", "true_positive"]);
    post.server.fault("refuse:text:450 not now");
    post.app.deliver_mail().await;
    post.mend_and_deliver().await;

    let log = fs::read_to_string(artifacts().join("service.log")).unwrap();
    assert!(log.contains("letter will be tried again"));
    let mails = post.server.received();
    assert!(!mails.is_empty());
    for token in [&leaked, &other] {
        let text = token.reveal();
        // Soft line breaks could hide it from a plain search.
        for one in &mails {
            let mail = Mail::parse(&one.message);
            let raw = String::from_utf8_lossy(&one.message).replace("=\r\n", "");
            assert!(!raw.contains(text));
            assert!(
                !mail.text.contains(text)
                    && !mail.html.contains(text)
                    && !mail.subject.contains(text)
            );
        }
        assert!(!log.contains(text));
        let kept = post.app.rows("SELECT letter FROM outbox").await;
        assert!(kept.iter().all(|row| !row[0].contains(text)), "{kept:?}");
    }
}
