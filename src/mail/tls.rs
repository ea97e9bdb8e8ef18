//! Encryption towards a mail server: the platform's roots and, for private relays, one's own.

use std::sync::Arc;

use lettre::transport::smtp::client::{Certificate, TlsParameters};
use rustls::ClientConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use tokio_rustls::TlsConnector;

use super::url::{SmtpUrl, Tls};

/// How connections to one server are encrypted.
pub(super) enum Encryption {
    None,
    Starttls(TlsParameters),
    Implicit(TlsConnector, ServerName<'static>),
}

/// Why connections cannot be encrypted.
#[derive(Debug, thiserror::Error)]
pub(super) enum EncryptionError {
    #[error("it holds no certificate in PEM form")]
    NoCertificate,
    #[error("{0}")]
    Setup(String),
}

/// Makes aws-lc-rs the process's TLS provider. Calling it again changes nothing.
///
/// A second provider would be linked in and chosen by accident; the application calls this once,
/// before anything encrypts.
pub fn install_crypto_provider() {
    // An error says that a provider was installed before.
    let _ = aws_lc_rs::default_provider().install_default();
}

impl Encryption {
    /// Prepares what `url` asks for. `extra_roots` is PEM.
    pub(super) fn new(url: &SmtpUrl, extra_roots: Option<&[u8]>) -> Result<Self, EncryptionError> {
        let roots: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(extra_roots.unwrap_or_default())
                .collect::<Result<_, _>>()
                .map_err(|_| EncryptionError::NoCertificate)?;
        if extra_roots.is_some() && roots.is_empty() {
            return Err(EncryptionError::NoCertificate);
        }
        match url.tls {
            Tls::None => Ok(Self::None),
            Tls::Implicit => implicit(&url.host, roots),
            Tls::Required | Tls::Opportunistic => starttls(&url.host, roots),
        }
    }
}

fn implicit(
    host: &str,
    roots: Vec<CertificateDer<'static>>,
) -> Result<Encryption, EncryptionError> {
    let provider = CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(aws_lc_rs::default_provider()));
    let verifier = Verifier::new_with_extra_roots(roots, provider.clone()).map_err(setup)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(setup)?
        // The platform's verifier checks as strictly as the default one; rustls calls every
        // verifier but its own dangerous.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(setup)?;
    Ok(Encryption::Implicit(
        TlsConnector::from(Arc::new(config)),
        name,
    ))
}

fn starttls(
    host: &str,
    roots: Vec<CertificateDer<'static>>,
) -> Result<Encryption, EncryptionError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    for root in roots {
        builder =
            builder.add_root_certificate(Certificate::from_der(root.to_vec()).map_err(setup)?);
    }
    builder
        .build_rustls()
        .map(Encryption::Starttls)
        .map_err(setup)
}

fn setup(error: impl ToString) -> EncryptionError {
    EncryptionError::Setup(error.to_string())
}
