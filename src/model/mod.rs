//! The vocabulary: pure values, no I/O, no async. Every other room may use it, and it uses none.

pub mod access_token;
pub mod audit;
pub mod client;
pub mod client_metadata;
pub mod delivery;
pub mod detector;
pub mod exposure;
pub mod grant;
pub mod id;
pub mod leak_policy;
pub mod leaked_use;
pub mod letter;
pub mod limits;
pub mod login_code;
pub mod networks;
pub mod organization;
pub mod owner;
pub mod pkce;
pub mod policy;
pub mod random;
pub mod redirect_uri;
pub mod registration;
pub mod retention;
pub mod scope;
pub mod scope_catalog;
pub mod secret;
pub mod selection;
pub mod session;
pub mod shared_secret;
pub mod signing_key;
pub mod subject;
pub mod time;
pub mod token;
pub mod token_kind;
pub mod token_text;
pub mod user;
pub mod webhook;

pub use access_token::{PageWindow, SortKey, Sorting};
pub use audit::{About, Actor, AuditRecord, Deed};
pub use client::{Client, ClientId, ClientStanding, RegisteredClient};
pub use client_metadata::{ApplicationType, AuthMethod, ClientMetadata, GrantType};
pub use delivery::{Delivery, Report, ReportedText};
pub use detector::{Candidate, Detector};
pub use exposure::{Exposure, InvalidOrigin, Origin, Place, Verdict};
pub use grant::{Grant, GrantRequest, SubType};
pub use id::Id;
pub use leak_policy::{
    BreakerPolicy, Decision, InvalidRule, LeakPolicy, QuarantineEnd, Reaction, Rule,
};
pub use leaked_use::{LeakedUse, WayIn};
pub use letter::Letter;
pub use limits::{Allowance, InvalidAllowance, Limit, LimitPolicy};
pub use login_code::{LOGIN_CODE_LENGTH, LoginCodeText};
pub use networks::{InvalidNetwork, Network, Networks};
pub use organization::{Organization, OrganizationName, Role, Slug};
pub use owner::Owner;
pub use policy::{OAuthPolicy, Policy, RegistrationPolicy, ReviewAccount, SignInPolicy};
pub use redirect_uri::{InvalidRedirectUri, LoopbackPort, RedirectUri};
pub use registration::{GrantRights, MetadataRequest, RefusedMetadata};
pub use retention::{PlacePolicy, RetentionPolicy};
pub use scope::ScopeSet;
pub use scope_catalog::{OPENID_SCOPES, ScopeCatalog};
pub use secret::{HashKey, HashKeyId, HashKeys, PlainToken, TokenDigest};
pub use selection::{Selection, UnreadableSelection};
pub use session::Session;
pub use shared_secret::{InvalidSharedSecret, SharedSecrets};
pub use signing_key::{SigningAlgorithm, SigningKey, SigningKeyState};
pub use subject::Subject;
pub use time::{Clock, Timestamp};
pub use token::{KnownToken, Revocation, RevocationReason, Token, TokenName, TokenState};
pub use token_kind::{Remedy, TokenKind};
pub use token_text::{ChecksumRules, TokenFormat};
pub use user::{Email, PersonName, User};
pub use webhook::{
    EventType, EventTypes, WebhookEndpoint, WebhookMessage, WebhookPolicy, WebhookUrl,
};
