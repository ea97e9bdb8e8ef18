//! The post office: takes a letter, puts it into words and hands it over.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::extension::ClientId;
use uuid::Uuid;

use super::brand::Brand;
use super::dkim::Dkim;
use super::error::{ConnectError, SendError};
use super::file;
use super::memory::MemoryMailbox;
use super::message::{self, Envelope, Unsendable};
use super::smtp::{Server, SmtpConnection};
use super::tls::Encryption;
use super::url::MailUrl;
use super::words::Words;
use crate::model::{Email, Language, Letter, Timestamp};

/// How letters leave.
#[derive(Debug)]
pub struct Options {
    /// Where to.
    pub url: MailUrl,
    /// Who writes. Without a name of its own, the brand's name is shown.
    pub from: Mailbox,
    /// Whose words.
    pub brand: Brand,
    /// How long one step of connecting, or one whole letter, may take.
    pub timeout: Duration,
    /// Certificates, in PEM, that are trusted besides the platform's.
    pub tls_ca_file: Option<PathBuf>,
    /// Signs every message.
    pub dkim: Option<Dkim>,
    /// Our name in EHLO; the machine's own when there is none.
    pub helo: Option<String>,
}

impl Options {
    /// Everything but where to and from whom as it is by default.
    #[must_use]
    pub fn new(url: MailUrl, from: Mailbox) -> Self {
        Self {
            url,
            from,
            brand: Brand::default(),
            timeout: Duration::from_secs(20),
            tls_ca_file: None,
            dkim: None,
            helo: None,
        }
    }
}

/// Why letters cannot leave as configured. Each names what to change.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// The mailbox's directory.
    #[error("the mail directory {0} cannot be created: {1}")]
    Directory(PathBuf, #[source] io::Error),
    /// The file of certificates.
    #[error("the certificates in {0} cannot be read: {1}")]
    CaFile(PathBuf, String),
    /// The sender's address.
    #[error("the sender is not an address with a domain of its own")]
    From,
    /// The name in EHLO.
    #[error("the EHLO name is a host name or an address in brackets")]
    Helo,
    /// TLS as a whole.
    #[error("TLS towards the mail server: {0}")]
    Tls(String),
}

/// One letter on its way to one addressee.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// `<local@domain>`, the same at every attempt: see [`Mailer::message_id`].
    pub message_id: &'a str,
    /// The addressee.
    pub to: &'a Email,
    /// When the letter was put into the outbox: the message's date, the same at every attempt.
    pub written_at: Timestamp,
    /// What it says.
    pub letter: &'a Letter,
    /// In which language.
    pub language: Language,
}

/// Sends letters. Cheap to clone; connections are opened by [`Mailer::connect`].
#[derive(Clone)]
pub struct Mailer(Arc<Office>);

struct Office {
    from: Mailbox,
    brand: Brand,
    dkim: Option<Dkim>,
    route: Route,
}

enum Route {
    File(PathBuf),
    Smtp(Box<Server>),
    Memory(MemoryMailbox),
}

impl Mailer {
    /// Checks and prepares everything that needs no mail server: directory, certificates, names.
    ///
    /// # Errors
    /// When one of them is of no use.
    pub fn new(options: Options) -> Result<Self, MailerError> {
        let extra_roots = match &options.tls_ca_file {
            Some(path) => Some(
                std::fs::read(path)
                    .map_err(|error| MailerError::CaFile(path.clone(), error.to_string()))?,
            ),
            None => None,
        };
        let route = match options.url {
            MailUrl::Memory => Route::Memory(MemoryMailbox::default()),
            MailUrl::File(directory) => {
                file::open(&directory)
                    .map_err(|error| MailerError::Directory(directory.clone(), error))?;
                Route::File(directory)
            }
            MailUrl::Smtp(url) => {
                let encryption =
                    Encryption::new(&url, extra_roots.as_deref()).map_err(|error| match options
                        .tls_ca_file
                    {
                        Some(path) => MailerError::CaFile(path, error.to_string()),
                        None => MailerError::Tls(error.to_string()),
                    })?;
                Route::Smtp(Box::new(Server {
                    url,
                    encryption,
                    helo: helo(options.helo)?,
                    timeout: options.timeout,
                }))
            }
        };
        let Mailbox { name, email } = options.from;
        let name = name.unwrap_or_else(|| options.brand.name.clone());
        let email = message::address(email.user(), email.domain()).ok_or(MailerError::From)?;
        Ok(Self(Arc::new(Office {
            from: Mailbox::new(Some(name), email),
            brand: options.brand,
            dkim: options.dkim,
            route,
        })))
    }

    /// The message id of the letter with this id: stable, and unique wherever mail goes.
    #[must_use]
    pub fn message_id(&self, letter: Uuid) -> String {
        let domain = self.0.from.email.domain();
        format!("<{letter}@{domain}>")
    }

    /// The mailbox of `memory:`, for tests to read.
    #[must_use]
    pub fn memory(&self) -> Option<MemoryMailbox> {
        match &self.0.route {
            Route::Memory(mailbox) => Some(mailbox.clone()),
            Route::File(_) | Route::Smtp(_) => None,
        }
    }

    /// Gets ready to hand over letters: over SMTP a connection, encrypted and logged in.
    ///
    /// # Errors
    /// When the mail server cannot be reached or turns us away.
    pub async fn connect(&self) -> Result<Connection, ConnectError> {
        let smtp = match &self.0.route {
            Route::Smtp(server) => Some(server.connect().await?),
            Route::File(_) | Route::Memory(_) => None,
        };
        Ok(Connection {
            office: self.0.clone(),
            smtp,
        })
    }
}

fn helo(name: Option<String>) -> Result<ClientId, MailerError> {
    let Some(name) = name else {
        return Ok(ClientId::default());
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    if name.is_empty() || name.len() > 255 || !name.chars().all(fits) {
        return Err(MailerError::Helo);
    }
    Ok(ClientId::Domain(name))
}

/// Hands over letters, one after the other.
pub struct Connection {
    office: Arc<Office>,
    smtp: Option<SmtpConnection>,
}

impl Connection {
    /// Hands over one letter. When it returns `Ok` the letter is somebody else's to keep: the
    /// server's, or the disk's.
    ///
    /// # Errors
    /// [`SendError`] says what to do about it. After [`SendError::Connection`] this connection is
    /// of no more use.
    pub async fn send(&mut self, outgoing: &Outgoing<'_>) -> Result<(), SendError> {
        let permanent = |error: Unsendable| SendError::Permanent(error.to_string().into());
        let to = message::addressee(outgoing.to).map_err(permanent)?;
        let message = self.message(outgoing, &to).map_err(permanent)?;
        let office = &self.office;
        match (&office.route, &mut self.smtp) {
            (Route::Memory(mailbox), _) => {
                mailbox.put(message);
                Ok(())
            }
            (Route::File(directory), _) => to_file(directory.clone(), outgoing, message).await,
            (Route::Smtp(_), Some(smtp)) => smtp.send(&office.from.email, &to, &message).await,
            (Route::Smtp(_), None) => Err(SendError::Connection {
                reason: "the connection is closed".into(),
                letter_begun: false,
            }),
        }
    }

    fn message(&self, outgoing: &Outgoing<'_>, to: &Address) -> Result<Vec<u8>, Unsendable> {
        let office = &self.office;
        let words = Words::new(outgoing.letter, outgoing.language, &office.brand)
            .map_err(|_| Unsendable::Words)?;
        let envelope = Envelope {
            from: &office.from,
            to,
            message_id: outgoing.message_id,
            written_at: outgoing.written_at,
        };
        message::build(&envelope, words, office.dkim.as_ref())
    }

    /// Whether a new connection is needed before anything else is sent.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.smtp.as_ref().is_some_and(SmtpConnection::is_broken)
    }

    /// Says goodbye to the server, briefly.
    pub async fn quit(self) {
        if let Some(smtp) = self.smtp {
            smtp.quit().await;
        }
    }
}

/// A disk in trouble is like a server in trouble: it says nothing about the letter.
async fn to_file(
    directory: PathBuf,
    outgoing: &Outgoing<'_>,
    message: Vec<u8>,
) -> Result<(), SendError> {
    let (written_at, id) = (outgoing.written_at, outgoing.message_id.to_owned());
    let write = move || file::write(&directory, written_at, &id, &message);
    let written = tokio::task::spawn_blocking(write).await;
    let trouble = |reason: String| SendError::Connection {
        reason: reason.into(),
        letter_begun: false,
    };
    written
        .map_err(|_| trouble("the mailbox's writer stopped".to_owned()))?
        .map_err(|error| trouble(format!("the mailbox: {error}")))
}
