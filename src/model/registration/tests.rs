use proptest::prelude::*;
use rstest::rstest;

use super::*;

fn catalog() -> ScopeCatalog {
    ScopeCatalog::new(["orders:read See your orders"]).unwrap()
}

fn asked() -> MetadataRequest {
    MetadataRequest {
        redirect_uris: Some(vec!["https://app.example/cb".to_owned()]),
        ..MetadataRequest::default()
    }
}

fn read(request: &MetadataRequest) -> Read<ClientMetadata> {
    request.read(&catalog(), &GrantRights::of_strangers())
}

fn texts(texts: &[&str]) -> Option<Vec<String>> {
    Some(texts.iter().map(|text| (*text).to_owned()).collect())
}

/// Whether what `change` does to a request that may be had is refused because of `member`.
fn refuses(member: &str, change: impl FnOnce(&mut MetadataRequest)) -> bool {
    let mut request = asked();
    change(&mut request);
    match read(&request) {
        Ok(_) => false,
        Err(RefusedMetadata::RedirectUri(_)) => member == "redirect_uris",
        Err(RefusedMetadata::Member(name, _)) => member == name,
    }
}

#[test]
fn what_was_not_said_is_what_the_standard_says() {
    let metadata = read(&asked()).unwrap();
    assert_eq!(metadata.client_name, "app.example");
    assert_eq!(metadata.scope, *catalog().all());
    let method = metadata.token_endpoint_auth_method;
    assert_eq!(method, AuthMethod::ClientSecret);
    assert_eq!(metadata.grant_types.len(), 2);
    let empty = MetadataRequest {
        scope: Some(String::new()),
        client_uri: Some(String::new()),
        token_endpoint_auth_method: Some(String::new()),
        ..asked()
    };
    assert_eq!(read(&empty).unwrap(), metadata);
}

#[rstest]
#[case("none", AuthMethod::None)]
#[case("client_secret_basic", AuthMethod::ClientSecretBasic)]
#[case("client_secret_post", AuthMethod::ClientSecretPost)]
fn a_client_may_say_how_it_proves_who_it_is(#[case] name: &str, #[case] method: AuthMethod) {
    let request = MetadataRequest {
        token_endpoint_auth_method: Some(name.to_owned()),
        ..asked()
    };
    let found = read(&request).unwrap().token_endpoint_auth_method;
    assert_eq!(found, method);
}

#[test]
fn grant_types_are_those_that_somebody_may_have() {
    let with = |names: &[&str], rights: &GrantRights, public: bool| {
        let request = MetadataRequest {
            grant_types: texts(names),
            token_endpoint_auth_method: public.then(|| "none".to_owned()),
            ..asked()
        };
        request.read(&catalog(), rights).is_ok()
    };
    let strangers = GrantRights::of_strangers();
    let owners = GrantRights::of_owners();
    assert!(with(&["authorization_code"], &strangers, true));
    for wrong in [
        &["client_credentials"][..],
        &["web"],
        &["implicit"],
        &["refresh_token"],
        &[],
    ] {
        assert!(!with(wrong, &strangers, false), "{wrong:?}");
    }
    assert!(with(&["client_credentials"], &owners, false));
    assert!(!with(&["client_credentials"], &owners, true));
    assert!(!with(&["web"], &owners, false));
    assert!(with(&["web"], &GrantRights::of_operators(), true));
    let kept = owners.and(&[GrantType::Web]);
    assert!(with(&["web"], &kept, false));
}

#[test]
fn a_client_that_acts_for_itself_needs_no_redirect_uri_and_one_that_uses_codes_does() {
    let request = |grant_type: &str| MetadataRequest {
        client_name: Some("Nightly".to_owned()),
        grant_types: texts(&[grant_type]),
        ..MetadataRequest::default()
    };
    let owners = GrantRights::of_owners();
    let read = |request: MetadataRequest| request.read(&catalog(), &owners);
    assert!(read(request("client_credentials")).is_ok());
    let refused = read(request("authorization_code")).unwrap_err();
    assert!(matches!(refused, RefusedMetadata::RedirectUri(_)));
}

#[rstest]
#[case(&["https://app.example/cb"], ApplicationType::Web)]
#[case(&["https://app.example/cb", "com.example.app:/cb"], ApplicationType::Native)]
#[case(&["http://127.0.0.1/cb"], ApplicationType::Web)]
fn who_waits_at_a_scheme_of_its_own_is_native(
    #[case] uris: &[&str],
    #[case] found: ApplicationType,
) {
    let request = MetadataRequest {
        redirect_uris: texts(uris),
        ..MetadataRequest::default()
    };
    assert_eq!(read(&request).unwrap().application_type, found);
    let web = MetadataRequest {
        application_type: Some("web".to_owned()),
        ..request
    };
    assert_eq!(read(&web).is_ok(), found == ApplicationType::Web);
}

#[rstest]
#[case("javascript:alert(1)")]
#[case("data:text/html,x")]
#[case("http://app.example/cb")]
#[case("https://app.example/cb#part")]
#[case("https://user@app.example/cb")]
#[case("app:/cb")]
fn answers_go_nowhere_else(#[case] uri: &str) {
    assert!(refuses("redirect_uris", |asked| {
        asked.redirect_uris = texts(&[uri]);
    }));
    assert!(refuses("post_logout_redirect_uris", |asked| {
        asked.post_logout_redirect_uris = texts(&[uri]);
    }));
}

#[rstest]
#[case("javascript:alert(1)")]
#[case("ftp://app.example/")]
#[case("app.example")]
#[case("https://app.example/a b")]
#[case("https://user@app.example/")]
#[case("https://app.example/\n")]
fn people_are_sent_to_web_pages_only(#[case] uri: &str) {
    let uri = || Some(uri.to_owned());
    assert!(refuses("client_uri", |asked| asked.client_uri = uri()));
    assert!(refuses("logo_uri", |asked| asked.logo_uri = uri()));
    assert!(refuses("tos_uri", |asked| asked.tos_uri = uri()));
    assert!(refuses("policy_uri", |asked| asked.policy_uri = uri()));
}

#[rstest]
#[case("https://app.example/logout", true)]
#[case("http://127.0.0.1:3000/logout", true)]
#[case("http://[::1]/logout", true)]
#[case("http://localhost/logout", true)]
#[case("http://app.example/logout", false)]
#[case("https://app.example/logout#part", false)]
#[case("com.example.app:/logout", false)]
fn logout_tokens_go_where_they_are_encrypted(#[case] uri: &str, #[case] may: bool) {
    let refused = refuses("backchannel_logout_uri", |asked| {
        asked.backchannel_logout_uri = Some(uri.to_owned());
    });
    assert_eq!(refused, !may);
}

#[test]
fn a_name_is_one_line_that_cannot_steer() {
    let refuses = |name: &str| {
        refuses("client_name", |asked| {
            asked.client_name = Some(name.to_owned())
        })
    };
    for wrong in ["a\nb", "\u{1b}[31m", "a\u{202e}b", "   ", &"a".repeat(101)] {
        assert!(refuses(wrong), "{wrong:?}");
    }
    assert!(!refuses(&"ü".repeat(100)));
}

#[test]
fn what_there_is_none_of_is_refused() {
    let text = || Some("other".to_owned());
    let names = || texts(&["token"]);
    assert!(refuses("scope", |asked| asked.scope = text()));
    assert!(refuses("application_type", |asked| {
        asked.application_type = text();
    }));
    assert!(refuses("default_sub_type", |asked| {
        asked.default_sub_type = text();
    }));
    assert!(refuses("subject_type", |asked| asked.subject_type = text()));
    assert!(refuses("id_token_signed_response_alg", |asked| {
        asked.id_token_signed_response_alg = text();
    }));
    assert!(refuses("token_endpoint_auth_method", |asked| {
        asked.token_endpoint_auth_method = text();
    }));
    assert!(refuses("response_types", |asked| {
        asked.response_types = names()
    }));
    assert!(refuses("response_types", |asked| {
        asked.response_types = texts(&[]);
    }));
    let many = || Some(vec!["https://app.example/cb".to_owned(); 51]);
    assert!(refuses("redirect_uris", |asked| asked.redirect_uris = many()));
    assert!(refuses("post_logout_redirect_uris", |asked| {
        asked.post_logout_redirect_uris = many();
    }));
    assert!(refuses("contacts", |asked| asked.contacts = many()));
}

proptest! {
    #[test]
    fn whatever_is_registered_is_bounded_and_may_be_registered_again(
        name: Option<String>,
        uris in proptest::collection::vec("(https|http|com\\.example)://?[a-z.:/@#\\\\%0-9]{0,30}", 1..4),
        scope in proptest::option::of("[a-z: \"]{0,30}"),
        page: Option<String>,
        method in prop::option::of(prop::sample::select(AuthMethod::ALL.to_vec())),
    ) {
        let request = MetadataRequest {
            client_name: name,
            token_endpoint_auth_method: method.map(|method| method.name().to_owned()),
            redirect_uris: Some(uris),
            scope,
            client_uri: page,
            ..MetadataRequest::default()
        };
        if let Ok(metadata) = read(&request) {
            prop_assert!((1..=100).contains(&metadata.client_name.chars().count()));
            let again = MetadataRequest::of(&metadata);
            prop_assert_eq!(read(&again).unwrap(), metadata);
        }
    }
}
