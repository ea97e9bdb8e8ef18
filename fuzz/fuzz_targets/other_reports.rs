//! Every origin's reports are read by the same parser with other names. One odd item never hurts
//! its neighbours.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tokenward::origins::{BodyShape, GITLAB, parse_reports};

fuzz_target!(|body: &[u8]| {
    for shape in [&BodyShape::GITLAB_REVOCATION, &GITLAB.body] {
        let Ok(reports) = parse_reports(shape, body) else {
            continue;
        };
        let good = br#"{"token":"kept","type":"t"}"#;
        let mut more = b"[".to_vec();
        more.extend_from_slice(good);
        more.extend_from_slice(b",");
        let rest = body
            .trim_ascii_start()
            .strip_prefix(b"[")
            .expect("a list was read");
        if reports.is_empty() {
            more.pop();
        }
        more.extend_from_slice(rest);
        let again = parse_reports(shape, &more).expect("one more item");
        assert_eq!(again.len(), reports.len() + 1);
        assert_eq!(again[0].text().reveal(), b"kept");
    }
});
