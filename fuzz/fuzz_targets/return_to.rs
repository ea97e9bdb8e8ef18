//! Links to our sign-in page say where to go afterwards, and anybody writes links. A browser that follows what is
//! kept stays with us.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tokenward::http::ReturnTo;

fuzz_target!(|input: &str| {
    let kept = ReturnTo::read(Some(input));
    let kept = kept.as_str();
    assert!(kept == input || kept == "/settings/sessions");
    assert!(kept.starts_with('/') && !kept.starts_with("//"));
    assert!(
        kept.bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    );
    assert_eq!(ReturnTo::read(Some(kept)).as_str(), kept);
});
