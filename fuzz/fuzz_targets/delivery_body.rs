//! A proven body may still hold anything: reading and answering it never fails half-way.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tokenward::model::Verdict;
use tokenward::origins::{BodyShape, TokenField, feedback, parse_reports};

fuzz_target!(|body: &[u8]| {
    let Ok(reports) = parse_reports(&BodyShape::GITHUB, body) else {
        return;
    };
    let verdicts = vec![Verdict::FalsePositive; reports.len()];
    for field in [TokenField::Hash, TokenField::Raw] {
        let answer = feedback(&reports, &verdicts, field).expect("one verdict per report");
        assert!(str::from_utf8(&answer).is_ok());
        // The answer is read by its own rules, so it must be JSON and of the same length.
        let again = parse_reports(&BodyShape::GITHUB, &answer).expect("an answer is JSON");
        assert_eq!(again.len(), reports.len());
    }
});
