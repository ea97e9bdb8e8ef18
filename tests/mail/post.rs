//! Mailers and letters for these tests.

use std::time::Duration;

use tokenward::mail::{ConnectError, Connection, MailUrl, Mailer, Options, Outgoing, SendError};
use tokenward::model::letter::{Addressee, Letter, LetterToken, Outcome, TokenExposed};
use tokenward::model::{Email, Language, Timestamp};
use uuid::Uuid;

use crate::smtp::SmtpServer;

pub(crate) const NOON: Timestamp = Timestamp::from_millis(1_767_268_800_000);

pub(crate) fn options(url: &str) -> Options {
    let url: MailUrl = url.parse().unwrap();
    Options::new(url, "Polar <security@polar.example>".parse().unwrap())
}

pub(crate) fn mailer(server: &SmtpServer) -> Mailer {
    Mailer::new(options(&format!("smtp://127.0.0.1:{}", server.port()))).unwrap()
}

/// A mailer that waits no longer than a second.
pub(crate) fn hasty(server: &SmtpServer) -> Mailer {
    let mut options = options(&format!("smtp://127.0.0.1:{}", server.port()));
    options.timeout = Duration::from_secs(1);
    Mailer::new(options).unwrap()
}

pub(crate) fn letter() -> Letter {
    Letter::TokenExposed(Box::new(TokenExposed {
        token: LetterToken {
            id: "019b7a3c-0000-7000-8000-000000000001".to_owned(),
            kind: "personal_access_token".to_owned(),
            name: Some("deploy".to_owned()),
            hint: "WQsZ".to_owned(),
            scopes: vec!["orders:read".to_owned()],
            organization: None,
            client: None,
            customer: None,
            created_at: NOON,
            expires_at: None,
            last_used_at: None,
            last_used_from: None,
        },
        addressee: Addressee::Owner,
        reported_by: "GitHub".to_owned(),
        url: Some("https://github.com/ada/engine".to_owned()),
        source: None,
        seen_at: NOON,
        outcome: Outcome::Revoked { at: NOON },
        relatives_revoked: 0,
        leaked_before: None,
        copied_from: None,
    }))
}

/// Sends the `number`th letter to `to`.
pub(crate) async fn send_to(
    connection: &mut Connection,
    number: u128,
    to: &str,
) -> Result<(), SendError> {
    let message_id = format!("<{}@polar.example>", Uuid::from_u128(number));
    let outgoing = Outgoing {
        message_id: &message_id,
        to: &Email::from_stored(to.to_owned()),
        written_at: NOON,
        letter: &letter(),
        language: Language::English,
    };
    connection.send(&outgoing).await
}

pub(crate) async fn send(connection: &mut Connection, number: u128) -> Result<(), SendError> {
    send_to(connection, number, "ada@example.com").await
}

pub(crate) async fn refused(mailer: &Mailer) -> ConnectError {
    match mailer.connect().await {
        Ok(_) => panic!("the server let us in"),
        Err(error) => error,
    }
}
