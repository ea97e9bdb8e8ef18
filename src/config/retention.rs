//! `[retention]`: how long what is no longer needed is kept.

use std::time::Duration;

use super::reader::Reader;
use crate::model::retention::{
    InvalidPlacePolicy, PlacePolicy, RetentionPolicy, SHORTEST_ADDRESSES,
    SHORTEST_BULK_REVOCATIONS, SHORTEST_LOGIN_CODES,
};
use crate::model::time::parse_duration;

pub(super) fn policy(from: &mut Reader<'_>) -> Option<RetentionPolicy> {
    let places = places(from);
    let enabled = from.switch("retention.enabled");
    let letters = from.duration("retention.letters");
    let dead_letters = from.duration("retention.dead_letters");
    let deliveries = from.duration("retention.deliveries");
    let login_codes = from.with("retention.login_codes", |text| {
        let why = "it is 2h or more: codes are counted by the hour";
        at_least(SHORTEST_LOGIN_CODES, text, why)
    });
    let sessions = from.duration("retention.sessions");
    let logout_notices = from.duration("retention.logout_notices");
    let webhooks = from.duration("retention.webhooks");
    let events = from.duration("retention.events");
    let quarantines = from.duration("retention.quarantines");
    let bulk_revocations = from.with("retention.bulk_revocations", |text| {
        let why = "it is 1d or more: for so long the same order may come again";
        at_least(SHORTEST_BULK_REVOCATIONS, text, why)
    });
    let addresses = from.with("retention.addresses", |text| {
        let why = "it is 1d or more: limits.registrations may count over a day";
        at_least(SHORTEST_ADDRESSES, text, why)
    });
    let audit_log = from.duration("retention.audit_log");
    let figures = from.duration("retention.figures");
    let tokens = from.duration("retention.tokens");
    Some(RetentionPolicy {
        places: places?,
        enabled: enabled?,
        letters: letters?,
        dead_letters: dead_letters?,
        deliveries: deliveries?,
        login_codes: login_codes?,
        sessions: sessions?,
        logout_notices: logout_notices?,
        webhooks: webhooks?,
        events: events?,
        quarantines: quarantines?,
        bulk_revocations: bulk_revocations?,
        addresses: addresses?,
        audit_log: audit_log?,
        figures: figures?,
        tokens: tokens?,
    })
}

fn at_least(shortest: Duration, text: &str, why: &str) -> Result<Duration, String> {
    match parse_duration(text).map_err(|error| error.to_string())? {
        short if short < shortest => Err(why.to_owned()),
        long => Ok(long),
    }
}

fn places(from: &mut Reader<'_>) -> Option<PlacePolicy> {
    const USUAL: &str = "retention.places";
    const BY_ORIGIN: &str = "retention.places_by_origin";
    let usual = from.duration(USUAL);
    let entries = from.list(BY_ORIGIN)?;
    let usual = usual?;
    match PlacePolicy::new(usual, entries.iter().map(String::as_str)) {
        Ok(policy) => Some(policy),
        Err(error) => {
            // Without the entries only the usual time can be wrong.
            let alone = PlacePolicy::new(usual, std::iter::empty());
            let guilty = match alone {
                Err(InvalidPlacePolicy::TooLong) if error == InvalidPlacePolicy::TooLong => USUAL,
                _ => BY_ORIGIN,
            };
            from.refuse(guilty, error.to_string());
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Settings;

    fn refused(toml: &str) -> Vec<String> {
        let problems = Settings::from_overlay(&format!("[retention]\n{toml}"));
        let problems = problems.unwrap_err();
        let keys = problems.iter().map(|problem| problem.key.clone());
        keys.collect()
    }

    #[test]
    fn places_are_kept_no_longer_than_agreed() {
        assert_eq!(refused("places = '30d'"), ["retention.places"]);
        for entry in ["github 30d", "29d", "github"] {
            let toml = format!("places_by_origin = ['{entry}']");
            assert_eq!(refused(&toml), ["retention.places_by_origin"], "{entry}");
        }
        assert_eq!(refused("login_codes = '90m'"), ["retention.login_codes"]);
        assert_eq!(refused("addresses = '23h'"), ["retention.addresses"]);
        let fitting = "[retention]\nplaces = '29d'\nplaces_by_origin = ['internal 52w']";
        assert!(Settings::from_overlay(fitting).is_ok());
    }
}
