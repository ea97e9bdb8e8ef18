//! Letters over SMTP (RFC 5321), one connection for as many as there are.
//!
//! Each step has its own end: a server that stops answering costs one timeout, never a job.

use std::fmt::Display;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::commands::{Data, Mail, Quit, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::error::{ConnectError, Reason, SendError};
use super::reply::{self, Reply};
use super::tls::Encryption;
use super::url::{Login, SmtpUrl, Tls};
use super::wire::{Secured, Wire};

/// How to reach a mail server.
pub(super) struct Server {
    pub(super) url: SmtpUrl,
    pub(super) encryption: Encryption,
    pub(super) helo: ClientId,
    pub(super) timeout: Duration,
}

impl Server {
    /// Connects, encrypts and logs in, as the URL says.
    pub(super) async fn connect(&self) -> Result<SmtpConnection, ConnectError> {
        let stream = self.tcp().await?;
        let stream: Box<dyn AsyncTokioStream> = match &self.encryption {
            Encryption::Implicit(connector, name) => {
                let handshake = connector.connect(name.clone(), stream);
                let encrypted = self.bounded("TLS", handshake).await?;
                Box::new(Secured(encrypted.map_err(|error| reply::tls(&error))?))
            }
            Encryption::Starttls(_) | Encryption::None => Box::new(Wire::new(stream)),
        };
        let greeting = AsyncSmtpConnection::connect_with_transport(stream, &self.helo);
        let mut smtp = self
            .bounded("the greeting", greeting)
            .await?
            .map_err(|error| reply::on_connect("greeting", &error))?;
        self.encrypt(&mut smtp).await?;
        if let Some(login) = &self.url.login {
            self.log_in(&mut smtp, login).await?;
        }
        Ok(SmtpConnection {
            smtp,
            timeout: self.timeout,
            unfinished: false,
            broken: false,
        })
    }

    async fn tcp(&self) -> Result<TcpStream, ConnectError> {
        let unreachable = |error: std::io::Error| ConnectError::Unreachable(error.to_string());
        let lookup = tokio::net::lookup_host((self.url.host.as_str(), self.url.port));
        let addresses: Vec<_> = self
            .bounded("the host's address", lookup)
            .await?
            .map_err(unreachable)?
            .collect();
        // Each address gets its share, so that a dead first one leaves time for the next.
        let share = self.timeout / u32::try_from(addresses.len().max(1)).unwrap_or(1);
        let mut last = ConnectError::Unreachable("the host has no address".to_owned());
        for address in addresses {
            match timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // Commands are small and each waits for its answer: Nagle's algorithm would
                    // hold the end of every letter back for 40 ms.
                    stream.set_nodelay(true).map_err(unreachable)?;
                    return Ok(stream);
                }
                Ok(Err(error)) => last = unreachable(error),
                Err(_) => last = too_late("a connection"),
            }
        }
        Err(last)
    }

    async fn encrypt(&self, smtp: &mut AsyncSmtpConnection) -> Result<(), ConnectError> {
        let Encryption::Starttls(parameters) = &self.encryption else {
            return Ok(());
        };
        if !smtp.can_starttls() {
            return match self.url.tls {
                Tls::Opportunistic => Ok(()),
                _ => Err(ConnectError::Refused(
                    "the server offers no STARTTLS".to_owned(),
                )),
            };
        }
        // A handshake that fails is an error also when encryption is optional: going on in the
        // clear is what somebody on the way would want.
        self.bounded("STARTTLS", smtp.starttls(parameters.clone(), &self.helo))
            .await?
            .map_err(|error| reply::on_connect("STARTTLS", &error))
    }

    async fn log_in(
        &self,
        smtp: &mut AsyncSmtpConnection,
        login: &Login,
    ) -> Result<(), ConnectError> {
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        if smtp.server_info().get_auth_mechanism(&mechanisms).is_none() {
            let missing = "the server offers neither AUTH PLAIN nor AUTH LOGIN";
            return Err(ConnectError::Refused(missing.to_owned()));
        }
        let password = login.password.expose_secret().to_owned();
        let credentials = Credentials::new(login.user.clone(), password);
        self.bounded("AUTH", smtp.auth(&mechanisms, &credentials))
            .await?
            .map(drop)
            .map_err(|error| reply::on_login(&error))
    }

    async fn bounded<T>(
        &self,
        awaited: &str,
        step: impl Future<Output = T>,
    ) -> Result<T, ConnectError> {
        timeout(self.timeout, step)
            .await
            .map_err(|_| too_late(awaited))
    }
}

fn too_late(awaited: &str) -> ConnectError {
    ConnectError::Unreachable(format!("waited too long for {awaited}"))
}

/// A connection that a mail server has greeted.
pub(super) struct SmtpConnection {
    smtp: AsyncSmtpConnection,
    timeout: Duration,
    /// The server refused a letter halfway and has to be told to forget it.
    unfinished: bool,
    broken: bool,
}

/// One letter on its way: how long it may take, and how far it got.
struct Passage<'a> {
    to: &'a Address,
    deadline: Instant,
    begun: bool,
}

impl SmtpConnection {
    pub(super) const fn is_broken(&self) -> bool {
        self.broken
    }

    /// Hands over one message. All its steps together are bounded by one timeout.
    pub(super) async fn send(
        &mut self,
        from: &Address,
        to: &Address,
        message: &[u8],
    ) -> Result<(), SendError> {
        let mut passage = Passage {
            to,
            deadline: Instant::now() + self.timeout,
            begun: false,
        };
        if self.broken {
            return Err(passage.lost("the connection is closed"));
        }
        // Should this future be dropped halfway, nobody knows what the server answers next.
        self.broken = true;
        let outcome = self.hand_over(&mut passage, from, message).await;
        self.broken = matches!(outcome, Err(SendError::Connection { .. }));
        self.unfinished = outcome.is_err();
        outcome
    }

    async fn hand_over(
        &mut self,
        passage: &mut Passage<'_>,
        from: &Address,
        message: &[u8],
    ) -> Result<(), SendError> {
        let parameters = self.mail_parameters(from, passage.to)?;
        if std::mem::take(&mut self.unfinished) {
            self.command(passage, "RSET", 2, Rset).await?;
        }
        // All letters begin alike but for these: an address beyond ASCII shows here already.
        passage.begun = !parameters.is_empty();
        self.command(
            passage,
            "MAIL",
            2,
            Mail::new(Some(from.clone()), parameters),
        )
        .await?;
        passage.begun = true;
        self.command(passage, "RCPT", 2, Rcpt::new(passage.to.clone(), vec![]))
            .await?;
        self.command(passage, "DATA", 3, Data).await?;
        let answer = timeout_at(passage.deadline, self.smtp.message(message)).await;
        passage.judge("the text", 2, answer)
    }

    async fn command(
        &mut self,
        passage: &Passage<'_>,
        name: &str,
        wanted: u16,
        command: impl Display,
    ) -> Result<(), SendError> {
        let answer = timeout_at(passage.deadline, self.smtp.command(command)).await;
        passage.judge(name, wanted, answer)
    }

    /// RFC 6531 3.4: an address beyond ASCII needs a server that can carry it. Messages of ours
    /// are ASCII throughout.
    fn mail_parameters(
        &self,
        from: &Address,
        to: &Address,
    ) -> Result<Vec<MailParameter>, SendError> {
        let ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
        if ascii(from) && ascii(to) {
            return Ok(vec![]);
        }
        if !self
            .smtp
            .server_info()
            .supports_feature(Extension::SmtpUtfEight)
        {
            let reason = "the mail server takes no address beyond ASCII (SMTPUTF8)";
            return Err(SendError::Permanent(reason.into()));
        }
        Ok(vec![
            MailParameter::SmtpUtfEight,
            MailParameter::Body(MailBodyParameter::EightBitMime),
        ])
    }

    /// Says goodbye. The letters are handed over already, so what the server answers is no matter.
    pub(super) async fn quit(mut self) {
        if !self.broken {
            let patience = self.timeout.min(Duration::from_secs(2));
            let _ = timeout(patience, self.smtp.command(Quit)).await;
        }
    }
}

type Answer = Result<Result<Response, lettre::transport::smtp::Error>, tokio::time::error::Elapsed>;

impl Passage<'_> {
    /// What the server's answer to `step` means for the letter. `wanted` is the first digit of the
    /// answer that lets it go on.
    fn judge(&self, step: &str, wanted: u16, answer: Answer) -> Result<(), SendError> {
        let answer = match answer {
            Err(_) => return Err(self.lost(format!("waited too long for the answer to {step}"))),
            Ok(answer) => answer,
        };
        match answer {
            Ok(response) if u16::from(response.code()) / 100 == wanted => Ok(()),
            // Whoever is out of step may answer for another letter than this one.
            Ok(response) => Err(self.lost(format!("{} in answer to {step}", response.code()))),
            Err(error) => match reply::on_letter(step, &error, AsRef::<str>::as_ref(self.to)) {
                Reply::Permanent(reason) => Err(SendError::Permanent(reason)),
                Reply::Retry(reason) => Err(SendError::Retry(reason)),
                Reply::Lost(reason) => Err(self.lost(reason)),
            },
        }
    }

    fn lost(&self, reason: impl Into<Reason>) -> SendError {
        SendError::Connection {
            reason: reason.into(),
            letter_begun: self.begun,
        }
    }
}
