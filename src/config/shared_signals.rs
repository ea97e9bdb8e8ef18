//! `[shared_signals]`: machines that are sent Security Event Tokens.

use super::reader::Reader;
use crate::model::SharedSignalsPolicy;
use crate::model::stream::DefaultSubjects;

pub(super) fn policy(from: &mut Reader<'_>) -> Option<SharedSignalsPolicy> {
    let enabled = from.switch("shared_signals.enabled");
    let private_endpoints = from.switch("shared_signals.private_endpoints");
    let streams_per_receiver = from.number("shared_signals.streams_per_receiver", 1..=16);
    let default_subjects = from.with("shared_signals.default_subjects", |text| {
        DefaultSubjects::from_name(text).ok_or_else(|| "it is ALL or NONE".to_owned())
    });
    let max_subjects = from.number("shared_signals.max_subjects", 1..=1_000_000);
    let max_waiting = from.number("shared_signals.max_waiting", 100..=1_000_000);
    let max_age = from.duration("shared_signals.max_age");
    let disable_after = from.duration("shared_signals.disable_after");
    let min_verification_interval = from.duration("shared_signals.min_verification_interval");
    let poll_wait = from.duration("shared_signals.poll_wait");
    let signing_algorithm = from.parsed("shared_signals.signing_algorithm");
    Some(SharedSignalsPolicy {
        enabled: enabled?,
        private_endpoints: private_endpoints?,
        streams_per_receiver: streams_per_receiver?,
        default_subjects: default_subjects?,
        max_subjects: max_subjects?,
        max_waiting: max_waiting?,
        max_age: max_age?,
        disable_after: disable_after?,
        min_verification_interval: min_verification_interval?,
        poll_wait: poll_wait?,
        signing_algorithm: signing_algorithm?,
    })
}
