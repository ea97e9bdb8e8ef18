//! Scopes as people are shown them: in words, grouped by what they are good for, the far-reaching
//! ones marked.

use super::page::Page;
use crate::http::state::ApiState;
use crate::model::{OPENID_SCOPES, ScopeSet};

/// Scopes of one purpose.
pub(in crate::http) struct ScopeGroup {
    /// What they are good for, in the reader's language.
    pub(in crate::http) title: String,
    /// Each of them.
    pub(in crate::http) scopes: Vec<ScopeView>,
}

/// One scope.
pub(in crate::http) struct ScopeView {
    /// As programs call it.
    pub(in crate::http) name: String,
    /// What it allows.
    pub(in crate::http) words: String,
    /// Whether it lets a program do great harm.
    pub(in crate::http) risky: bool,
    /// Whether it is new among those that were allowed before.
    pub(in crate::http) fresh: bool,
}

/// These scopes by their purpose: who somebody is, what may be seen, what may be changed.
pub(in crate::http) fn groups(scopes: &ScopeSet, page: &Page, state: &ApiState) -> Vec<ScopeGroup> {
    let catalog = &state.ctx.policy.oauth.scopes;
    let mut groups = ["scopes-identity", "scopes-see", "scopes-change"].map(|title| ScopeGroup {
        title: page.say(title).to_string(),
        scopes: Vec::new(),
    });
    let [identity, see, change] = &mut groups;
    for scope in scopes.iter() {
        let group = match scope {
            _ if OPENID_SCOPES.contains(&scope) => &mut *identity,
            _ if scope.ends_with(":read") => &mut *see,
            _ => &mut *change,
        };
        group.scopes.push(ScopeView {
            name: scope.to_owned(),
            words: words(scope, page, state),
            risky: catalog.is_risky(scope),
            fresh: false,
        });
    }
    let filled = groups.into_iter();
    filled.filter(|group| !group.scopes.is_empty()).collect()
}

/// What a scope allows, in the reader's language where there are words for it: the protocol's are our
/// own, the product's are its operators'.
fn words(scope: &str, page: &Page, state: &ApiState) -> String {
    let text = match scope {
        "openid" => "scope-openid",
        "profile" => "scope-profile",
        "email" => "scope-email",
        "offline_access" => "scope-offline-access",
        "ssf.read" => "scope-ssf-read",
        "ssf.manage" => "scope-ssf-manage",
        _ => {
            let catalog = &state.ctx.policy.oauth.scopes;
            return catalog.words(scope, page.language()).to_owned();
        }
    };
    page.say(text).to_string()
}
