//! Requirements of handlers, as types in their signatures.

mod asker;
mod authorized;
mod bearer;
mod client;
mod client_address;
mod delivery;
mod form;
mod gitlab;
mod json;
mod kept_form;
mod own_session;
mod possession;
mod receiver;
mod service;
mod subscriber;
mod visitor;

pub use asker::AskedBy;
pub use bearer::{AccessToken, BearerCredential};
pub use client::{ClientRequest, parse_basic};
pub(super) use client_address::{client_address, is_from_proxy, limited_address};
pub use delivery::SignedDelivery;
pub use form::{Form, FromParameters, PageQuery, Parameters, RawForm, SCOPES};
pub use gitlab::{GitlabClient, GitlabDelivery};
pub use json::{FromMembers, Json, Members};
pub use kept_form::{Again, KeptForm, SignedInVisitor};
pub use own_session::{FreshJson, OwnSession};
pub use possession::Surrendered;
pub use receiver::{Managing, Reading, Receiving, ReceivingJson, RequiredAccess};
pub use service::{
    AuthorizedService, EndSessions, Issue, ReadExposures, RequiredScope, Revoke, ServiceJson,
    idempotency_key,
};
pub use subscriber::{ReadWebhooks, Subscribing, SubscribingJson, WebhookAccess, WriteWebhooks};
pub use visitor::{Caller, CookieNames, PageForm, SignedIn, Visitor};
