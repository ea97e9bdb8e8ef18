//! Scopes come from requests. A set is written in one way, and reads as itself again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tokenward::model::ScopeSet;

fuzz_target!(|input: (&str, &str)| {
    let (Ok(one), Ok(other)) = (input.0.parse::<ScopeSet>(), input.1.parse::<ScopeSet>()) else {
        return;
    };
    let text = one.to_string();
    assert_eq!(text.parse(), Ok(one.clone()));
    assert!(text.is_ascii() && !text.contains(['"', '\\', '\n']));
    let both = one.intersection(&other);
    assert!(both.is_subset(&one) && both.is_subset(&other));
    assert!(one.is_subset(&one.union(&other)));
    assert_eq!(one.difference(&other).union(&both), one);
});
