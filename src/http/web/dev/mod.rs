//! Pages for whoever builds on the product or changes how it looks, as long as letters go into a
//! folder: `/dev/mail` shows them as sent, `/dev/components` the parts that pages are made of.
//! Whoever gets here can read codes to sign in, so nothing of it is there once mail is real.

use std::path::Path;

use actix_web::HttpRequest;
use url::{Host, Url};

use crate::http::api_error::ApiError;
use crate::http::state::ApiState;

pub(in crate::http) mod components;
pub(in crate::http) mod letters;

mod mailbox;

/// The folder of letters, for a request that names this machine or the product's own host. Another
/// name is that of a site whose owner had it lead here, to read along (DNS rebinding).
fn folder<'s>(request: &HttpRequest, state: &'s ApiState) -> Result<&'s Path, ApiError> {
    let folder = state.mailbox.as_deref().ok_or_else(ApiError::not_found)?;
    let connection = request.connection_info();
    let public = Url::parse(&state.ctx.public_url).ok();
    let public = public.as_ref().and_then(Url::host_str);
    match is_here(connection.host(), public) {
        true => Ok(folder),
        false => Err(ApiError::not_found()),
    }
}

/// Whether a `Host` (RFC 9110 7.2) is this machine's or the product's.
fn is_here(authority: &str, public: Option<&str>) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let loopback = match Host::parse(host) {
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        Ok(Host::Ipv6(address)) => address.is_loopback(),
        Ok(Host::Domain(name)) => name == "localhost",
        Err(_) => return false,
    };
    loopback || public.is_some_and(|public| public.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::is_here;

    #[test]
    fn only_names_of_this_machine_and_of_the_product_lead_here() {
        let public = Some("tokens.example.com");
        for ours in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:8080",
            "[::1]:8080",
            "[::1]",
            "Tokens.example.com:443",
        ] {
            assert!(is_here(ours, public), "{ours}");
        }
        for strange in [
            "",
            "evil.example:8080",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "tokens.example.com.evil.example",
            "10.0.0.1:8080",
            "[::2]",
        ] {
            assert!(!is_here(strange, public), "{strange}");
        }
    }
}
