//! Clients that run in browsers, on pages of other sites.

use reqwest::{Method, header::HeaderMap};

use crate::support::TestApp;

const PAGE: &str = "https://spa.example";

/// What browsers may call, with a method for each.
const OPEN: [(&str, &str); 9] = [
    ("/.well-known/openid-configuration", "GET"),
    ("/.well-known/oauth-authorization-server", "GET"),
    ("/.well-known/jwks.json", "GET"),
    ("/v1/oauth2/token", "POST"),
    ("/v1/oauth2/revoke", "POST"),
    ("/v1/oauth2/userinfo", "GET"),
    ("/v1/oauth2/register", "POST"),
    ("/v1/oauth2/register/polar_ci_x", "PUT"),
    ("/v1/oauth2/register/polar_ci_x", "DELETE"),
];

/// What they may not.
const CLOSED: [(&str, &str); 6] = [
    ("/v1/oauth2/introspect", "POST"),
    ("/v1/oauth2/", "GET"),
    ("/v1/personal_access_tokens/", "GET"),
    ("/oauth2/authorize", "GET"),
    ("/login", "GET"),
    ("/settings/sessions", "GET"),
];

async fn preflight(app: &TestApp, path: &str, method: &str) -> (u16, HeaderMap) {
    let request = app
        .http
        .request(Method::OPTIONS, format!("{}{path}", app.url));
    let request = request
        .header("origin", PAGE)
        .header("access-control-request-method", method)
        .header(
            "access-control-request-headers",
            "authorization,content-type",
        );
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.headers().clone())
}

async fn call(app: &TestApp, path: &str, method: &str) -> HeaderMap {
    let request = app
        .http
        .request(method.parse().unwrap(), format!("{}{path}", app.url));
    let answer = request.header("origin", PAGE).send().await.unwrap();
    answer.headers().clone()
}

#[tokio::test]
async fn pages_of_other_sites_may_call_what_clients_call_and_never_with_cookies() {
    let app = TestApp::start().await;
    for (path, method) in OPEN {
        let (status, headers) = preflight(&app, path, method).await;
        assert_eq!(status, 200, "{path}");
        assert_eq!(headers["access-control-allow-origin"], "*", "{path}");
        let methods = headers["access-control-allow-methods"].to_str().unwrap();
        assert!(methods.contains(method), "{path}: {methods}");
        let allowed = headers["access-control-allow-headers"].to_str().unwrap();
        assert!(
            allowed.to_lowercase().contains("authorization"),
            "{path}: {allowed}"
        );
        // Refusals can be read as well.
        let headers = call(&app, path, method).await;
        assert_eq!(headers["access-control-allow-origin"], "*", "{path}");
        assert!(!headers.contains_key("access-control-allow-credentials"));
    }
}

#[tokio::test]
async fn pages_of_other_sites_read_nothing_else() {
    let app = TestApp::start().await;
    for (path, method) in CLOSED {
        let (_, headers) = preflight(&app, path, method).await;
        assert!(
            !headers.contains_key("access-control-allow-origin"),
            "{path}"
        );
        let headers = call(&app, path, method).await;
        assert!(
            !headers.contains_key("access-control-allow-origin"),
            "{path}"
        );
    }
}
