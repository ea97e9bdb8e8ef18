//! A letter into subject, text and HTML, and out of the door.
//!
//! [`Mailer`] is the room's front door: it holds where letters go ([`MailUrl`]) and in whose name
//! ([`Brand`]); a [`Connection`] of it hands over one [`Outgoing`] after the other, and says about
//! a failure what to do next ([`SendError`]). This room knows nothing of outboxes.

mod advice;
mod attempted;
mod brand;
mod breaker;
mod digest;
mod dkim;
mod error;
#[cfg(test)]
mod every;
mod facts;
mod file;
mod mailer;
mod memory;
mod message;
mod notice;
mod place;
mod quarantine;
mod reply;
#[cfg(test)]
mod samples;
mod shown;
mod sign_in;
mod smtp;
mod stream;
mod tls;
mod url;
mod voice;
mod webhook;
mod wire;
mod words;

pub use brand::{Accent, Brand, InvalidAccent};
pub use dkim::{Dkim, DkimError};
pub use error::{ConnectError, Reason, SendError};
pub use lettre::message::Mailbox;
pub use mailer::{Connection, Mailer, MailerError, Options, Outgoing};
pub use memory::MemoryMailbox;
pub use tls::install_crypto_provider;
pub use url::{InvalidMailUrl, Login, MailUrl, SmtpUrl, Tls};
pub use words::Words;
