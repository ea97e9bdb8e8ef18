//! Queries say which part of a list is wanted. However large the numbers, a part is small and where it begins is a
//! number that a database knows; a word is one that it can compare.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tokenward::http::parts_of_lists;

fuzz_target!(|input: &str| {
    let (tokens, exposures) = parts_of_lists(input);
    if let Some(view) = &tokens {
        assert!(view.window.page >= 1 && (1..=100).contains(&view.window.limit));
        assert!(view.window.offset() >= 0);
        assert!((1..=4).contains(&view.sorting.len()));
        for (place, step) in view.sorting.iter().enumerate() {
            let mut later = view.sorting.iter().skip(place + 1);
            assert!(later.all(|other| other.key != step.key));
        }
    }
    if let Some((filter, limit)) = &exposures {
        assert!((1..=100).contains(limit));
        for word in [&filter.client, &filter.customer, &filter.origin]
            .into_iter()
            .flatten()
        {
            assert!(!word.is_empty() && word.len() <= 200 && !word.contains('\0'));
        }
    }
    // What nobody knows changes nothing about tokens, and asks for no exposures.
    let (others, more) = parts_of_lists(&format!("{input}&another=1"));
    assert_eq!(format!("{tokens:?}"), format!("{others:?}"));
    assert!(more.is_none());
});
