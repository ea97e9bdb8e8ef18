//! Large bodies of strangers: how much is read, for how long, and how many at once.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_LENGTH;
use futures_util::StreamExt;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::ApiError;

/// So many large bodies are read at a time: who sends one can be told only when all of it is here.
const LARGE_AT_ONCE: usize = 16;
/// So much of a body is read whoever sends it. For the rest it needs one of few places, which it
/// has to earn: announcing a size costs a stranger nothing.
const BLOCK: usize = 256 * 1_024;
/// Longest time for each further block. Whoever stalls gives the place to the next.
const BLOCK_PATIENCE: Duration = Duration::from_secs(2);

/// The bodies that one origin may send.
#[derive(Clone, Debug)]
pub struct Bodies {
    limit: usize,
    large: Arc<Semaphore>,
}

impl Bodies {
    /// Bodies of so many bytes, none of which is under way.
    #[must_use]
    pub fn up_to(limit: usize) -> Self {
        Self {
            limit,
            large: Arc::new(Semaphore::new(LARGE_AT_ONCE)),
        }
    }

    /// Refuses an announced size before anything is read or asked. A chunked body announces none.
    pub(super) fn refuse_announced(&self, request: &HttpRequest) -> Result<(), ApiError> {
        let announced = request
            .headers()
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok());
        match announced.and_then(|text| text.parse::<usize>().ok()) {
            Some(length) if length > self.limit => Err(ApiError::too_large(self.limit)),
            _ => Ok(()),
        }
    }

    /// Reads a body to its end.
    pub(super) async fn read(&self, mut payload: Payload) -> Result<Vec<u8>, ApiError> {
        let mut bytes = Vec::new();
        let mut more = self.read_block(&mut payload, &mut bytes).await?;
        if more {
            let _place = self.large.acquire().await;
            while more {
                let block = timeout(BLOCK_PATIENCE, self.read_block(&mut payload, &mut bytes));
                more = block.await.map_err(|_| ApiError::too_slow())??;
            }
        }
        Ok(bytes)
    }

    /// Reads one more block of a body; `false` when that was the end of it.
    async fn read_block(
        &self,
        payload: &mut Payload,
        bytes: &mut Vec<u8>,
    ) -> Result<bool, ApiError> {
        let enough = bytes.len() + BLOCK;
        while bytes.len() < enough {
            let Some(chunk) = payload.next().await else {
                return Ok(false);
            };
            let chunk = chunk.map_err(|_| ApiError::malformed("the body broke off"))?;
            if bytes.len() + chunk.len() > self.limit {
                return Err(ApiError::too_large(self.limit));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(true)
    }
}
