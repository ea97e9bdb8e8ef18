//! `[webhooks]`: how machines are told.

use super::reader::Reader;
use crate::model::WebhookPolicy;
use crate::model::webhook::PlaceReaders;

pub(super) fn policy(from: &mut Reader<'_>) -> Option<WebhookPolicy> {
    let give_up_after = from.duration("webhooks.give_up_after");
    let disable_after = from.duration("webhooks.disable_after");
    let secret_overlap = from.duration("webhooks.secret_overlap");
    let places = from.with("webhooks.places", |text| {
        let readers = PlaceReaders::from_name(text);
        readers.ok_or_else(|| "it is organizations, everybody or nobody".to_owned())
    });
    let private_endpoints = from.switch("webhooks.private_endpoints");
    Some(WebhookPolicy {
        give_up_after: give_up_after?,
        disable_after: disable_after?,
        secret_overlap: secret_overlap?,
        places: places?,
        private_endpoints: private_endpoints?,
    })
}

#[cfg(test)]
mod tests {
    use crate::config::Settings;

    #[test]
    fn it_is_said_who_may_be_told_places() {
        let problems = Settings::from_overlay("[webhooks]\nplaces = 'vendors'").unwrap_err();
        let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems.count(), 1, "{said:?}");
        assert!(
            said[0].contains("organizations, everybody or nobody"),
            "{said:?}"
        );
    }
}
