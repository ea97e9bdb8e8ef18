//! What the parameters of an authorization request mean is for anybody's browser to say. Whatever is answered goes
//! to an address of the client, which gets no more than it may have; what is kept is short and reads as itself again.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tokenward::domain::authorization::{
    AuthorizationRequest, Destination, Parameters, RequestRefusal,
};
use tokenward::model::{
    ApplicationType, AuthMethod, ClientId, ClientMetadata, ClientStanding, GrantType, Id,
    LoopbackPort, RedirectUri, RegisteredClient, ScopeCatalog, Timestamp,
};

static OFFERED: LazyLock<ScopeCatalog> =
    LazyLock::new(|| ScopeCatalog::new(["orders:read See orders"]).expect("a catalog"));

/// A program on somebody's device, and a server from which no code challenge is wanted.
static CLIENTS: LazyLock<[RegisteredClient; 2]> = LazyLock::new(|| {
    [
        client(AuthMethod::None, "http://127.0.0.1/cb"),
        client(AuthMethod::ClientSecret, "https://a.example/cb"),
    ]
});

fn client(method: AuthMethod, redirect_uri: &str) -> RegisteredClient {
    let now = Timestamp::from_millis(1_790_000_000_000);
    let uri = RedirectUri::parse(redirect_uri, ApplicationType::Native).expect("an address");
    RegisteredClient {
        id: Id::new(now),
        client_id: ClientId::from_stored("a".to_owned()),
        owner: None,
        metadata: ClientMetadata {
            redirect_uris: vec![uri],
            token_endpoint_auth_method: method,
            grant_types: vec![GrantType::AuthorizationCode],
            scope: "openid profile orders:read".parse().expect("scopes"),
            ..ClientMetadata::named("A")
        },
        standing: ClientStanding {
            require_pkce: false,
            ..ClientStanding::default()
        },
        created_at: now,
        modified_at: None,
        disabled_at: None,
    }
}

fn check_destination(client: &RegisteredClient, destination: &Destination) {
    let named = destination.redirect_uri.as_str();
    let mut registered = client.metadata.redirect_uris.iter();
    assert!(registered.any(|uri| uri.matches(named, LoopbackPort::Any)));
}

fn check(client: &RegisteredClient, request: &AuthorizationRequest) {
    check_destination(client, &request.destination);
    assert!(!request.scopes.is_empty() && request.scopes.is_subset(&request.asked));
    assert!(request.asked.is_subset(&client.metadata.scope));
    let challenge = request.code_challenge.as_ref();
    assert!(challenge.is_some() || !client.needs_pkce());
    assert!(challenge.is_none_or(|challenge| challenge.len() == 43));
    assert!(!request.prompt.none || !(request.prompt.login || request.prompt.consent));
    assert!(
        request
            .max_age
            .is_none_or(|age| age.as_secs() < 10_u64.pow(12))
    );
    let nonce = request.nonce.as_ref();
    assert!(nonce.is_none_or(|nonce| nonce.len() <= 1_024 && !nonce.contains('\0')));
    let resources = &request.resources;
    assert!(resources.len() <= 8 && !resources.iter().any(|uri| uri.contains(['#', ' '])));
    assert!(request.expected_subs.len() <= 2);
    if let Some(claims) = &request.claims {
        let claims: Value = serde_json::from_str(claims).expect("what is kept is JSON");
        assert!(claims.is_object());
        // The client may not have the scope that it belongs to.
        assert!(claims["userinfo"].get("email").is_none());
    }
}

fuzz_target!(|input: &str| {
    let Ok(parameters) = Parameters::parse(input) else {
        return;
    };
    for client in CLIENTS.iter() {
        let read = |parameters: &Parameters| {
            AuthorizationRequest::of_client(client.clone(), &OFFERED, parameters)
        };
        match read(&parameters) {
            Ok(request) => {
                check(client, &request);
                // The way through our own pages changes nothing.
                let again = Parameters::parse(&parameters.to_query()).expect("a query of ours");
                let again = read(&again).expect("it was read before");
                assert_eq!(format!("{again:?}"), format!("{request:?}"));
            }
            Err(RequestRefusal::Answered(refusal)) => {
                check_destination(client, &refusal.destination);
            }
            Err(_) => {}
        }
    }
});
