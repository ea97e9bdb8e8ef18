//! What happens later: letters leave, clients hear of logouts, origin keys are refreshed, last use
//! is written down, what is no longer needed goes.
//!
//! Any number of replicas may run every job. A job ends when it is told to stop and has finished
//! what it has in hand.

mod chain_audit_log;
mod deliver_events;
mod deliver_logouts;
mod deliver_mail;
mod deliver_webhooks;
mod estimate_tokens;
mod flush_uses;
mod gather_digests;
mod note_figures;
mod pace;
mod prune;
mod refresh_origin_keys;
mod reload_policy;
mod revoke_in_bulk;
mod rotate_signing_keys;
mod rounds;
mod scrub_exposures;
mod settle_quarantines;
mod share_limits;
mod tend_streams;

pub use chain_audit_log::ChainAuditLog;
pub use deliver_events::DeliverEvents;
pub use deliver_logouts::DeliverLogouts;
pub use deliver_mail::{DeliverMail, Round};
pub use deliver_webhooks::DeliverWebhooks;
pub use estimate_tokens::EstimateTokens;
pub use flush_uses::FlushUses;
pub use gather_digests::GatherDigests;
pub use note_figures::NoteFigures;
pub use pace::Pace;
pub use prune::Prune;
pub use refresh_origin_keys::RefreshOriginKeys;
pub use reload_policy::{ReadPolicy, ReloadPolicy};
pub use revoke_in_bulk::RevokeInBulk;
pub use rotate_signing_keys::RotateSigningKeys;
pub use scrub_exposures::ScrubExposures;
pub use settle_quarantines::SettleQuarantines;
pub use share_limits::ShareLimits;
pub use tend_streams::TendStreams;
