//! Stands in for GitHub's key endpoint: one list of keys, at every path.

use std::io;
use std::net::{SocketAddr, TcpListener};

use actix_web::dev::ServerHandle;
use actix_web::http::Method;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, ContentType, ETAG, IF_NONE_MATCH};
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;

use crate::origins::signing::{OriginSigner, key_list};

/// The server, until it is stopped.
pub(super) struct StandIn {
    address: SocketAddr,
    handle: ServerHandle,
    serving: JoinHandle<io::Result<()>>,
}

/// What it says to everybody.
struct Answer {
    list: String,
    etag: String,
}

impl StandIn {
    /// Publishes the signer's public key from here on.
    pub(super) fn start(listener: TcpListener, signer: &OriginSigner) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let list = key_list([(signer, true)]);
        let etag = format!("\"{}\"", hex::encode(Sha256::digest(&list)));
        let answer = Data::new(Answer { list, etag });
        let server = HttpServer::new(move || {
            App::new()
                .app_data(answer.clone())
                .default_service(web::to(keys))
        })
        .workers(1)
        .shutdown_timeout(1)
        .disable_signals()
        .listen(listener)?
        .run();
        Ok(Self {
            address,
            handle: server.handle(),
            serving: tokio::spawn(server),
        })
    }

    /// What `origins.github.keys_url` is set to.
    pub(super) fn keys_url(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    /// Where it listens.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers what was asked before, then ends.
    pub(super) async fn stop(self) -> io::Result<()> {
        self.handle.stop(true).await;
        self.serving.await.map_err(io::Error::other)?
    }
}

async fn keys(request: HttpRequest, answer: Data<Answer>) -> HttpResponse {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return HttpResponse::MethodNotAllowed()
            .insert_header((ALLOW, "GET, HEAD"))
            .finish();
    }
    let known = request
        .headers()
        .get_all(IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .any(|tags| names(tags, &answer.etag));
    let mut response = if known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((ETAG, answer.etag.as_str()))
        .insert_header((CACHE_CONTROL, "no-cache"));
    if known {
        return response.finish();
    }
    response
        .insert_header(ContentType::json())
        .body(answer.list.clone())
}

/// RFC 9110 13.1.2: a list of tags or `*`, compared weakly.
fn names(tags: &str, etag: &str) -> bool {
    tags.split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_alone_in_a_list_and_weak() {
        for tags in ["\"a\"", "\"b\", \"a\"", "W/\"a\"", "*"] {
            assert!(names(tags, "\"a\""), "{tags}");
        }
        for tags in ["", "a", "\"b\"", "\"aa\""] {
            assert!(!names(tags, "\"a\""), "{tags}");
        }
    }
}
