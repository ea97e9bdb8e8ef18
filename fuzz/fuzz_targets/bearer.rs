//! `Authorization: Bearer …` comes from anybody, once; an access token also in a form, and never in both or in the
//! query. The input is the header's value and, in its second line, a form.
#![no_main]

use std::task::{Context, Poll, Waker};

use actix_web::dev::Payload;
use actix_web::http::Uri;
use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use actix_web::test::TestRequest;
use actix_web::{FromRequest, HttpRequest};
use libfuzzer_sys::fuzz_target;
use tokenward::http::OAuthError;
use tokenward::http::extract::{AccessToken, BearerCredential, Parameters};

fn request(values: &[&HeaderValue]) -> HttpRequest {
    let request = values.iter().fold(TestRequest::get(), |request, value| {
        request.append_header((AUTHORIZATION, (*value).clone()))
    });
    request.to_http_request()
}

fn read(values: &[&HeaderValue]) -> Result<BearerCredential, OAuthError> {
    BearerCredential::from_request(&request(values), &mut Payload::None).into_inner()
}

fn check_header(value: &HeaderValue) {
    assert!(matches!(
        read(&[value, value]),
        Err(OAuthError::InvalidRequest(_))
    ));
    let Ok(credential) = read(&[value]) else {
        return;
    };
    let credential = credential.into_inner();
    let text = value.to_str().expect("what was read is ASCII");
    let (scheme, rest) = text.split_once(' ').expect("a scheme");
    assert!(scheme.eq_ignore_ascii_case("bearer"));
    assert_eq!(rest.trim(), credential.reveal());
    let other = format!("bEaReR {}", credential.reveal());
    let other = HeaderValue::from_str(&other).expect("it was one before");
    let again = read(&[&other]).expect("the scheme is case-insensitive");
    assert_eq!(again.into_inner().reveal(), credential.reveal());
}

fn check_form(value: &HeaderValue, form: &Parameters) {
    let sent = form.find("access_token");
    match (AccessToken::one_of(read(&[value]), Some(form)), sent) {
        (Ok(token), Some(sent)) => {
            assert_eq!(token.0.reveal(), sent);
            assert!(matches!(read(&[value]), Err(OAuthError::MissingCredential)));
        }
        (Ok(token), None) => {
            let credential = read(&[value]).expect("it came in the header");
            assert_eq!(token.0.reveal(), credential.into_inner().reveal());
        }
        (Err(_), None) => assert!(read(&[value]).is_err()),
        (Err(_), Some(_)) => {
            assert!(!matches!(
                read(&[value]),
                Err(OAuthError::MissingCredential)
            ));
        }
    }
}

fn check_query(query: &str, named: bool) {
    let Ok(uri) = format!("/?{query}").parse::<Uri>() else {
        return;
    };
    let request = TestRequest::get()
        .uri(&uri.to_string())
        .append_header((AUTHORIZATION, "Bearer x"))
        .to_http_request();
    let mut reading = AccessToken::from_request(&request, &mut Payload::None);
    let Poll::Ready(read) = reading
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    else {
        panic!("a query waits for nothing");
    };
    assert_eq!(read.is_err(), named);
}

fuzz_target!(|input: &str| {
    let (text, form) = input.split_once('\n').unwrap_or((input, ""));
    let prefixed = format!("Bearer {text}");
    let form = form
        .split_once('#')
        .map_or(form, |(query, _fragment)| query);
    for text in [text, &*prefixed] {
        let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) else {
            continue;
        };
        check_header(&value);
        if let Ok(parameters) = Parameters::parse(form.as_bytes()) {
            check_form(&value, &parameters);
            check_query(form, parameters.find("access_token").is_some());
        }
    }
});
