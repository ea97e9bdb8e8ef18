//! What a mail server's answers mean (RFC 5321 4.2, RFC 4954 6).

use std::error::Error as _;

use lettre::transport::smtp::Error;

use super::error::{ConnectError, Reason, server_text};

/// What an answer to a letter's command means for the letter.
pub(super) enum Reply {
    Permanent(Reason),
    Retry(Reason),
    Lost(Reason),
}

/// The meaning of a failure while a letter was handed over, at this step.
pub(super) fn on_letter(step: &str, error: &Error, addressee: &str) -> Reply {
    let full = format!("{step}: {}", describe(error, addressee));
    let brief = error.status().map(|code| match enhanced_code(error) {
        Some(enhanced) => format!("{step}: {code} {enhanced}"),
        None => format!("{step}: {code}"),
    });
    let reason = Reason {
        brief: brief.unwrap_or_else(|| full.clone()),
        full,
    };
    match error.status().map(u16::from) {
        // 421: the server is closing. 503: we are out of step. The others say that we are not, or not well enough, logged
        // in or encrypted: no letter will do better on this connection.
        Some(421 | 432 | 454 | 503 | 530 | 534 | 535 | 538) | None => Reply::Lost(reason),
        Some(400..=499) => Reply::Retry(reason),
        Some(_) => Reply::Permanent(reason),
    }
}

/// The meaning of a failure before the first letter.
pub(super) fn on_connect(step: &str, error: &Error) -> ConnectError {
    let reason = format!("{step}: {}", describe(error, ""));
    if error.is_permanent() || error.is_client() || speaks_wrong_tls(error) {
        ConnectError::Refused(reason)
    } else {
        ConnectError::Unreachable(reason)
    }
}

/// The same for AUTH, without the server's words: some repeat what they were sent.
pub(super) fn on_login(error: &Error) -> ConnectError {
    match error.status() {
        Some(code) if error.is_permanent() => ConnectError::Refused(format!("AUTH: {code}")),
        Some(code) => ConnectError::Unreachable(format!("AUTH: {code}")),
        None => ConnectError::Unreachable(format!("AUTH: {}", describe(error, ""))),
    }
}

/// A failed handshake on a connection that was to be encrypted from the start.
pub(super) fn tls(error: &std::io::Error) -> ConnectError {
    let reason = format!("TLS: {error}");
    match error.kind() {
        std::io::ErrorKind::InvalidData => ConnectError::Refused(reason),
        _ => ConnectError::Unreachable(reason),
    }
}

/// The enhanced status code with which a server's words may begin (RFC 2034 4, RFC 3463 2).
fn enhanced_code(error: &Error) -> Option<String> {
    let said = error.source()?.to_string();
    let code = said.split_whitespace().next()?;
    let mut parts = 0;
    let is_code = code.split('.').all(|part| {
        parts += 1;
        (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    });
    (is_code && parts == 3).then(|| code.to_owned())
}

fn describe(error: &Error, addressee: &str) -> String {
    let said = error.source().map(ToString::to_string).unwrap_or_default();
    match error.status() {
        Some(code) => format!("{code} {}", server_text(&said, addressee))
            .trim_end()
            .to_owned(),
        None if said == "incomplete response" => "the server closed the connection".to_owned(),
        None if error.is_response() => "the server's answer makes no sense".to_owned(),
        None => server_text(&said, addressee),
    }
}

/// rustls reports a bad certificate or a peer that speaks no TLS as invalid data.
fn speaks_wrong_tls(error: &Error) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return io.kind() == std::io::ErrorKind::InvalidData;
        }
        cause = inner.source();
    }
    false
}
