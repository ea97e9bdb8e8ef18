//! `Idempotency-Key` names a request that comes again. The name is short, and the same with quotation marks around it.
#![no_main]

use actix_web::http::header::HeaderValue;
use actix_web::test::TestRequest;
use libfuzzer_sys::fuzz_target;
use tokenward::http::ApiError;
use tokenward::http::extract::idempotency_key;

fn read(values: &[&HeaderValue]) -> Result<Option<[u8; 32]>, ApiError> {
    let request = values
        .iter()
        .fold(TestRequest::default(), |request, value| {
            request.append_header(("Idempotency-Key", (*value).clone()))
        });
    idempotency_key(&request.to_http_request())
}

fuzz_target!(|input: &[u8]| {
    assert!(read(&[]).is_ok_and(|name| name.is_none()));
    let Ok(value) = HeaderValue::from_bytes(input) else {
        return;
    };
    assert!(read(&[&value, &value]).is_err());
    let Ok(name) = read(&[&value]) else {
        return;
    };
    assert!(name.is_some());
    let text = value.to_str().expect("a name is ASCII");
    assert!(text.len() <= 257 && !text.contains(' '));
    if !text.starts_with('"') {
        let quoted = HeaderValue::from_str(&format!("\"{text}\"")).expect("it was one before");
        assert_eq!(read(&[&quoted]).ok(), Some(name));
    }
});
