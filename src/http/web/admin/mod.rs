//! `/admin`: what operators see and do. Whoever has not the role finds nothing here.

pub(in crate::http) mod audit;
pub(in crate::http) mod deliveries;
pub(in crate::http) mod exposures;
pub(in crate::http) mod origins;
pub(in crate::http) mod outbox;
pub(in crate::http) mod overview;
pub(in crate::http) mod quarantines;
pub(in crate::http) mod revocations;
pub(in crate::http) mod tokens;

mod operator;
mod query;

pub(super) use operator::timely;

/// A part of what operators see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Desk {
    /// `/admin`
    Overview,
    /// `/admin/deliveries`
    Deliveries,
    /// `/admin/exposures`
    Exposures,
    /// `/admin/quarantines`
    Quarantines,
    /// `/admin/outbox`
    Outbox,
    /// `/admin/tokens`
    Tokens,
    /// `/admin/revocations`
    Revocations,
    /// `/admin/origins`
    Origins,
    /// `/admin/audit`
    Audit,
}

impl Desk {
    /// Every part, in the order in which they are listed.
    pub(super) const ALL: [Self; 9] = [
        Self::Overview,
        Self::Deliveries,
        Self::Exposures,
        Self::Quarantines,
        Self::Outbox,
        Self::Tokens,
        Self::Revocations,
        Self::Origins,
        Self::Audit,
    ];

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Overview => "/admin",
            Self::Deliveries => "/admin/deliveries",
            Self::Exposures => "/admin/exposures",
            Self::Quarantines => "/admin/quarantines",
            Self::Outbox => "/admin/outbox",
            Self::Tokens => "/admin/tokens",
            Self::Revocations => "/admin/revocations",
            Self::Origins => "/admin/origins",
            Self::Audit => "/admin/audit",
        }
    }

    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Overview => "admin-overview",
            Self::Deliveries => "admin-deliveries",
            Self::Exposures => "admin-exposures",
            Self::Quarantines => "admin-quarantines",
            Self::Outbox => "admin-outbox",
            Self::Tokens => "admin-tokens",
            Self::Revocations => "admin-revocations",
            Self::Origins => "admin-origins",
            Self::Audit => "admin-audit",
        }
    }
}
