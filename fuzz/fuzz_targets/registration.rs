//! Clients register themselves. Whatever is accepted is accepted again from what is kept of it, and
//! a stranger's client never gets more than a stranger may have.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tokenward::model::{GrantRights, GrantType, MetadataRequest, ScopeCatalog};

static SCOPES: LazyLock<ScopeCatalog> =
    LazyLock::new(|| ScopeCatalog::new(["orders:read See orders"]).expect("a catalog"));

type Input<'a> = (
    Option<Vec<&'a str>>,
    Option<Vec<&'a str>>,
    [Option<&'a str>; 6],
);

fuzz_target!(|input: Input<'_>| {
    let owned = |texts: Option<Vec<&str>>| {
        texts.map(|texts| texts.into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    let (uris, grants, texts) = input;
    let [name, method, scope, site, logout, kind] = texts.map(|text| text.map(str::to_owned));
    let asked = MetadataRequest {
        client_name: name,
        redirect_uris: owned(uris),
        grant_types: owned(grants),
        token_endpoint_auth_method: method,
        scope,
        client_uri: site,
        backchannel_logout_uri: logout,
        application_type: kind,
        ..MetadataRequest::default()
    };
    let rights = GrantRights::of_strangers();
    let first = asked.read(&SCOPES, &rights);
    // Reading is a function of what was asked, and of nothing else.
    assert_eq!(first.is_ok(), asked.read(&SCOPES, &rights).is_ok());
    if let Ok(metadata) = first {
        assert!(!metadata.grant_types.contains(&GrantType::ClientCredentials));
    }
});
