//! `[limits]`: how often somebody may do what anybody can try.

use super::reader::Reader;
use crate::model::retention::SHORTEST_LOGIN_CODES;
use crate::model::{Allowance, Limit, LimitPolicy};

pub(super) fn policy(from: &mut Reader<'_>) -> Option<LimitPolicy> {
    let read = Limit::ALL.map(|limit| allowance(from, limit));
    let all: Option<Vec<_>> = read.into_iter().collect();
    all?.try_into().ok().map(LimitPolicy::new)
}

fn allowance(from: &mut Reader<'_>, limit: Limit) -> Option<Allowance> {
    // Codes are counted by rows, which are there for so long at least.
    let longest = match limit {
        Limit::LoginCodes | Limit::LoginCodesFromAddress => SHORTEST_LOGIN_CODES,
        _ => Allowance::LONGEST,
    };
    from.with(&format!("limits.{limit}"), |text| {
        let allowance: Allowance = text.parse().map_err(|error| format!("{error}"))?;
        match allowance.within <= longest {
            true => Ok(allowance),
            false => Err("codes are counted over 2h at most".to_owned()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[test]
    fn every_limit_has_its_key_and_wrong_ones_are_named() {
        for limit in Limit::ALL {
            let overlay = |value: &str| format!("[limits]\n{limit} = \"{value}\"");
            let settings = Settings::from_overlay(&overlay("7 in 13s")).unwrap();
            assert_eq!(
                settings.policy.limits.of(limit),
                "7 in 13s".parse().unwrap()
            );
            let problems = Settings::from_overlay(&overlay("often")).unwrap_err();
            let keys: Vec<_> = problems.iter().map(|problem| problem.key.clone()).collect();
            assert_eq!(keys, [format!("limits.{limit}")]);
        }
        assert!(Settings::from_overlay("[limits]\nlogin_codes = \"6 in 3h\"").is_err());
    }
}
