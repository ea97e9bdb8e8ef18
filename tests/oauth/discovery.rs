//! oidcc-discovery-endpoint-verification, and RFC 8414.

use serde_json::Value;

use crate::support::TestApp;

async fn read(app: &TestApp, path: &str) -> Value {
    let response = app.get(path).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/json");
    response.json().await.unwrap()
}

#[tokio::test]
async fn oidcc_discovery_endpoint_verification() {
    let settings = "[server]\npublic_url = \"https://tokens.example\"";
    let app = TestApp::builder().settings(settings).start().await;
    let metadata = read(&app, "/.well-known/openid-configuration").await;
    assert_eq!(metadata["issuer"], "https://tokens.example");
    let holds = |member: &str, value: &str| {
        let values = metadata[member].as_array().unwrap();
        assert!(values.iter().any(|one| one == value), "{member} {value}");
    };
    for (member, value) in [
        ("id_token_signing_alg_values_supported", "RS256"),
        ("id_token_signing_alg_values_supported", "ES256"),
        ("subject_types_supported", "public"),
        ("scopes_supported", "openid"),
        ("response_types_supported", "code"),
        ("response_modes_supported", "form_post"),
        ("grant_types_supported", "authorization_code"),
        ("grant_types_supported", "refresh_token"),
        ("code_challenge_methods_supported", "S256"),
        (
            "token_endpoint_auth_methods_supported",
            "client_secret_post",
        ),
        ("claims_supported", "sub"),
    ] {
        holds(member, value);
    }
    for (member, value) in metadata.as_object().unwrap() {
        if member.ends_with("_endpoint") || member == "jwks_uri" {
            let url = value.as_str().unwrap();
            assert!(url.starts_with("https://tokens.example/"), "{member}");
        }
    }
    assert_eq!(
        metadata["authorization_response_iss_parameter_supported"],
        true
    );
    assert_eq!(metadata["request_uri_parameter_supported"], false);
    let other = read(&app, "/.well-known/oauth-authorization-server").await;
    assert_eq!(other, metadata);
}

/// Abuse case 78.
#[tokio::test]
async fn a_forged_host_changes_nothing() {
    let app = TestApp::start().await;
    let honest = read(&app, "/.well-known/openid-configuration").await;
    assert_eq!(honest["issuer"], app.url.as_str());
    for (name, value) in [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "host=evil.example;proto=https"),
    ] {
        let url = format!("{}/.well-known/openid-configuration", app.url);
        let forged = app.http.get(url).header(name, value).send().await.unwrap();
        assert_eq!(forged.json::<Value>().await.unwrap(), honest, "{name}");
    }
}

#[tokio::test]
async fn the_issuer_may_be_another_address() {
    let settings = "[oauth]\nissuer = \"https://id.example\"";
    let app = TestApp::builder().settings(settings).start().await;
    let metadata = read(&app, "/.well-known/openid-configuration").await;
    assert_eq!(metadata["issuer"], "https://id.example");
    assert_eq!(
        metadata["token_endpoint"],
        format!("{}/v1/oauth2/token", app.url)
    );
}
