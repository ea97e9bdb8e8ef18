//! Which language somebody reads is for their browser to say. What they chose counts before what it prefers, and
//! what is none of our languages counts for nothing. The input is cookies and, in further lines, values of
//! `Accept-Language`.
#![no_main]

use actix_web::http::header::{ACCEPT_LANGUAGE, COOKIE, HeaderValue};
use actix_web::test::TestRequest;
use libfuzzer_sys::fuzz_target;
use tokenward::model::Language;

fn read(cookie: Option<&[u8]>, accepted: &[HeaderValue]) -> Language {
    let cookie = cookie.and_then(|cookie| HeaderValue::from_bytes(cookie).ok());
    let request = cookie
        .into_iter()
        .fold(TestRequest::default(), |request, cookie| {
            request.append_header((COOKIE, cookie))
        });
    let request = accepted.iter().fold(request, |request, value| {
        request.append_header((ACCEPT_LANGUAGE, value.clone()))
    });
    Language::of(&request.to_http_request())
}

fn says(bytes: &[u8], language: Language) -> bool {
    let tag = language.tag().as_bytes();
    let mut parts = bytes.windows(tag.len());
    parts.any(|part| part.eq_ignore_ascii_case(tag))
}

fuzz_target!(|input: &[u8]| {
    let mut lines = input.split(|byte| *byte == b'\n');
    let cookie = lines.next();
    let accepted: Vec<_> = lines
        .filter_map(|line| HeaderValue::from_bytes(line).ok())
        .collect();
    let preferred = read(None, &accepted);
    let mut values = accepted.iter();
    assert!(
        preferred == Language::default() || values.any(|value| says(value.as_bytes(), preferred))
    );
    let language = read(cookie, &accepted);
    let tags = cookie.is_some_and(|cookie| cookie.contains(&b'%') || says(cookie, language));
    assert!(language == preferred || tags);
    assert_eq!(read(Some(b"tokenward_language=x"), &accepted), preferred);
    for chosen in Language::ALL {
        let cookie = format!("tokenward_language={}-XX", chosen.tag());
        assert_eq!(read(Some(cookie.as_bytes()), &accepted), chosen);
    }
});
