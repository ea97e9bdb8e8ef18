//! `[policy]`: what happens when a leak is reported.

use super::origins;
use super::reader::Reader;
use super::suggest::closest;
use crate::model::{
    BreakerPolicy, InvalidRule, LeakPolicy, Origin, QuarantineEnd, Reaction, Rule, TokenKind,
};

pub(super) fn policy(from: &mut Reader<'_>) -> Option<LeakPolicy> {
    let default = from.parsed::<Reaction>("policy.default");
    let rules = rules(from);
    let quarantine = from.duration("policy.quarantine_for");
    let quarantine_end = from.with("policy.quarantine_ends_with", |text| match text {
        "finish" => Ok(QuarantineEnd::Finish),
        "release" => Ok(QuarantineEnd::Release),
        _ => Err("it is finish or release".to_owned()),
    });
    let most = from.number("policy.breaker_revocations", 0..=1_000_000_000_u32);
    let share = from.optional("policy.breaker_share", share);
    let window = from.duration("policy.breaker_window");
    let quiet = from.duration("policy.breaker_quiet_for");
    Some(LeakPolicy {
        default: default?,
        rules: rules?,
        quarantine: quarantine?,
        quarantine_end: quarantine_end?,
        breaker: BreakerPolicy {
            most: Some(most?).filter(|most| *most > 0),
            share: share?,
            window: window?,
            quiet: quiet?,
        },
    })
}

fn share(text: &str) -> Result<u8, String> {
    let number = text.strip_suffix('%').unwrap_or_default();
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let percent = number
        .parse()
        .ok()
        .filter(|percent| digits && (1..=100).contains(percent));
    percent.ok_or_else(|| "it is 1% to 100%, or empty".to_owned())
}

fn rules(from: &mut Reader<'_>) -> Option<Vec<Rule>> {
    const PATH: &str = "policy.rules";
    let known = origins::names(from);
    let mut rules: Vec<Rule> = Vec::new();
    let mut fine = true;
    for (text, number) in from.list(PATH)?.iter().zip(1..) {
        let rule = read(text, &known).and_then(|rule| match twin(&rules, &rule) {
            Some(other) => Err(format!("rule {other} is for the same origin and kind")),
            None => Ok(rule),
        });
        match rule {
            Ok(rule) => rules.push(rule),
            Err(right) => {
                let wrong = format!("rule {number}, `{}`, does not fit", text.escape_debug());
                from.problem(PATH, wrong, right);
                fine = false;
            }
        }
    }
    fine.then_some(rules)
}

/// The rule that is as specific about the same, counted from 1.
fn twin(rules: &[Rule], rule: &Rule) -> Option<usize> {
    let same = |other: &Rule| other.origin == rule.origin && other.kind == rule.kind;
    rules.iter().position(same).map(|index| index + 1)
}

fn read(text: &str, origins: &[Origin]) -> Result<Rule, String> {
    let kinds = || TokenKind::ALL.into_iter().map(TokenKind::name);
    let reactions = || Reaction::ALL.into_iter().map(Reaction::name);
    let rule = text.parse::<Rule>().map_err(|error| match &error {
        InvalidRule::Shape => error.to_string(),
        InvalidRule::Kind(name) => suggested(&error, closest(name, kinds())),
        InvalidRule::Reaction(name) => suggested(&error, closest(name, reactions())),
    })?;
    if let Some(origin) = &rule.origin
        && !origins.contains(origin)
    {
        let name = origin.as_str();
        if name == "operator" || name == "replay" {
            let why = "what operators command, and what the service notices itself, is always done";
            return Err(why.to_owned());
        }
        let unknown = format!("there is no origin `{}`", name.escape_debug());
        let known = origins.iter().map(Origin::as_str);
        return Err(suggested(&unknown, closest(name, known)));
    }
    Ok(rule)
}

fn suggested(problem: &dyn std::fmt::Display, meant: Option<&str>) -> String {
    match meant {
        Some(meant) => format!("{problem}; did you mean `{meant}`?"),
        None => problem.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Settings;
    use crate::model::{Origin, Reaction, TokenKind};

    fn refused(toml: &str) -> Vec<String> {
        let problems = Settings::from_overlay(&format!("[policy]\n{toml}")).unwrap_err();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name_and_what_was_meant_is_guessed() {
        for (toml, says) in [
            ("default = 'kill'", "policy.default"),
            ("rules = ['githup * notify']", "did you mean `github`?"),
            (
                "rules = ['* personal_acces_token notify']",
                "did you mean `personal_access_token`?",
            ),
            ("rules = ['* * quarantin']", "did you mean `quarantine`?"),
            ("rules = ['operator * notify']", "is always done"),
            ("rules = ['github']", "an origin, a kind and a reaction"),
            (
                "rules = ['github * notify', 'github  * observe']",
                "rule 2, `github  * observe`, does not fit; rule 1 is for the same",
            ),
            ("quarantine_ends_with = 'never'", "finish or release"),
            ("breaker_revocations = -1", "policy.breaker_revocations"),
            ("breaker_share = '0%'", "it is 1% to 100%"),
            ("breaker_share = '101%'", "it is 1% to 100%"),
            ("breaker_share = '+5%'", "it is 1% to 100%"),
            ("breaker_share = '20'", "it is 1% to 100%"),
        ] {
            let found = refused(toml);
            assert_eq!(found.len(), 1, "{toml}: {found:?}");
            assert!(found.first().unwrap().contains(says), "{toml}: {found:?}");
        }
    }

    #[test]
    fn every_origin_can_be_named_also_one_of_ones_own() {
        let settings = Settings::from_overlay(
            "[policy]\nrules = ['night-watch * observe', 'internal * notify', \
             'possession service_key quarantine', 'gitlab_revocation * notify']\n\
             [origins.in_house.night-watch]\nkey_id_header = 'X-Key'\n\
             signature_header = 'X-Signature'\nkeys_url = 'https://keys.example/'\n",
        )
        .unwrap();
        let own = Origin::from_stored("night-watch".to_owned());
        let decision = settings.leak_policy.decide(&own, TokenKind::AccessToken);
        assert_eq!(decision.reaction, Reaction::Observe);
        assert_eq!(decision.rule, "night-watch * observe");
    }
}
