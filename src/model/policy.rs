//! What operators decided about signing in, about OAuth, about keeping things and about limits, as
//! configured under `[sign_in]`, `[oauth]`, `[retention]` and `[limits]`.

use std::time::Duration;

use super::limits::LimitPolicy;
use super::retention::RetentionPolicy;
use super::scope_catalog::ScopeCatalog;
use super::stream::SharedSignalsPolicy;
use super::token_kind::TokenKind;
use super::user::Email;
use super::webhook::WebhookPolicy;

/// All of it.
#[derive(Clone, Debug)]
pub struct Policy {
    /// `[sign_in]`
    pub sign_in: SignInPolicy,
    /// `[oauth]`
    pub oauth: OAuthPolicy,
    /// Longest life of a personal or organization access token; `None` is no limit.
    pub max_token_lifetime: Option<Duration>,
    /// How many such tokens that work one user or one organization may have.
    pub max_tokens_per_owner: u32,
    /// The kinds of which services may have tokens issued.
    pub issued_to_services: Vec<TokenKind>,
    /// How soon after a leak another one of the same owner is a repeated one; `None` is never.
    pub repeated_leak_within: Option<Duration>,
    /// For how long it is collected what is told of tokens that were dead before; `None` tells it at once.
    pub digest_every: Option<Duration>,
    /// `[retention]`
    pub retention: RetentionPolicy,
    /// `[limits]`
    pub limits: LimitPolicy,
    /// `[webhooks]`
    pub webhooks: WebhookPolicy,
    /// `[shared_signals]`
    pub shared_signals: SharedSignalsPolicy,
}

/// How people sign in.
#[derive(Clone, Debug)]
pub struct SignInPolicy {
    /// Whether the first sign-in with an unknown address makes a user.
    pub sign_up: bool,
    /// How long a session lives after signing in.
    pub session_lifetime: Duration,
    /// How old a session may be for making tokens.
    pub fresh_for: Duration,
    /// How old a session may be for operating the service.
    pub operator_session: Duration,
    /// How long a mailed code works.
    pub code_lifetime: Duration,
    /// An account that automated reviewers enter with a fixed code.
    pub review: Option<ReviewAccount>,
    /// The header in which a trusted proxy names who signed in there.
    pub proxy_header: Option<String>,
}

/// An account with a fixed code.
#[derive(Clone)]
pub struct ReviewAccount {
    /// Its address.
    pub email: Email,
    /// Its code.
    pub code: secrecy::SecretString,
}

impl std::fmt::Debug for ReviewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReviewAccount([redacted])")
    }
}

/// What clients can have.
#[derive(Clone, Debug)]
pub struct OAuthPolicy {
    /// What may be granted, in words.
    pub scopes: ScopeCatalog,
    /// How long an authorization code works.
    pub code_lifetime: Duration,
    /// How long an access token works.
    pub access_token_lifetime: Duration,
    /// How long an ID token is valid.
    pub id_token_lifetime: Duration,
    /// How long a refresh token works when it is not used.
    pub refresh_token_idle_lifetime: Duration,
    /// How long a family lives, however often it is refreshed.
    pub refresh_token_lifetime: Duration,
    /// Who may register clients.
    pub registration: RegistrationPolicy,
    /// How many clients one user may own.
    pub clients_per_user: u32,
    /// How long a signing key signs before the next one does.
    pub signing_key_rotation: Duration,
    /// How long a signing key is published before it signs.
    pub signing_key_lead: Duration,
    /// Whether clients may ask to be told of logouts at addresses of private networks.
    pub private_callbacks: bool,
    /// Whether personal access tokens end as well when an identity provider signs a user out
    /// everywhere.
    pub global_revocation_of_personal_tokens: bool,
}

/// Who may register clients (RFC 7591 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationPolicy {
    /// Anybody.
    Open,
    /// Whoever is signed in.
    SignedIn,
    /// Operators only, by command.
    Closed,
}
