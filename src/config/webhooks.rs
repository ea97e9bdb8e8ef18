//! `[webhooks]`: how machines are told.

use super::reader::Reader;
use crate::model::WebhookPolicy;

pub(super) fn policy(from: &mut Reader<'_>) -> Option<WebhookPolicy> {
    let give_up_after = from.duration("webhooks.give_up_after");
    let disable_after = from.duration("webhooks.disable_after");
    let secret_overlap = from.duration("webhooks.secret_overlap");
    let private_endpoints = from.switch("webhooks.private_endpoints");
    Some(WebhookPolicy {
        give_up_after: give_up_after?,
        disable_after: disable_after?,
        secret_overlap: secret_overlap?,
        private_endpoints: private_endpoints?,
    })
}
