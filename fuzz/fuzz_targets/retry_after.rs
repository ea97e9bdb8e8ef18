//! Whoever is called says when to come again. However long that is, nobody is left alone for more than a day, and
//! whoever comes later waits no longer.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tokenward::callbacks::RetryAfter;
use tokenward::model::Timestamp;

const DAY: Duration = Duration::from_secs(86_400);

fuzz_target!(|text: &str| {
    let Some(said) = RetryAfter::parse(text) else {
        return;
    };
    let moments = [i64::MIN, 0, 784_111_747_000, 1_790_000_000_000, i64::MAX];
    let pauses = moments.map(|now| said.pause(Timestamp::from_millis(now)));
    assert!(pauses.iter().all(|pause| *pause <= DAY));
    assert!(pauses.is_sorted_by(|earlier, later| earlier >= later));
    if let RetryAfter::In(asked) = said {
        assert!(pauses.iter().all(|pause| *pause == asked.min(DAY)));
    }
    assert_eq!(RetryAfter::parse(text.trim()), Some(said));
});
