//! How many requests, and how many bytes of their bodies, may be under way at once.

use std::sync::Arc;

use http::{HeaderValue, StatusCode, header};
use http_body::SizeHint;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    config::listener::Limits,
    error::{Error, Exception, Fault},
    observe::metrics::{self, Limit},
};

/// Bytes are counted in pieces of this size.
const PIECE: u64 = 1 << 10;

/// The places for requests under way.
pub(super) struct InFlight {
    requests: Arc<Semaphore>,
    pieces: Arc<Semaphore>,
    limits: Limits,
}

/// A request's place, free again when this is dropped.
pub(super) struct Place {
    _request: OwnedSemaphorePermit,
    _pieces: OwnedSemaphorePermit,
}

// === impl InFlight ===

impl InFlight {
    pub fn new(limits: Limits) -> Self {
        let pieces = usize::try_from(limits.in_flight_bytes / PIECE).unwrap_or(usize::MAX);
        Self {
            requests: Arc::new(Semaphore::new(limits.requests)),
            pieces: Arc::new(Semaphore::new(pieces.min(Semaphore::MAX_PERMITS))),
            limits,
        }
    }

    /// A place for a request whose body has this size. A body is never held beyond the largest one that is read here: what
    /// is passed on is streamed.
    ///
    /// # Errors
    /// 429 where there is none.
    pub fn enter(&self, body: &SizeHint) -> Result<Place, Error> {
        let bytes = body.upper().unwrap_or(u64::MAX).min(self.limits.largest_body);
        let pieces = u32::try_from(bytes.div_ceil(PIECE)).unwrap_or(u32::MAX);
        let Ok(request) = Arc::clone(&self.requests).try_acquire_owned() else {
            metrics::limited(Limit::InFlight);
            return Err(too_many(&format!("more than [{}] requests under way", self.limits.requests), 1));
        };
        let Ok(pieces) = Arc::clone(&self.pieces).try_acquire_many_owned(pieces) else {
            metrics::limited(Limit::InFlightBytes);
            let most = self.limits.in_flight_bytes;
            return Err(too_many(&format!("more than [{most}] bytes of requests under way"), 1));
        };
        Ok(Place { _request: request, _pieces: pieces })
    }
}

/// 429: the same request may be sent again after so many seconds.
pub(super) fn too_many(why: &str, seconds: u64) -> Error {
    let exception = Exception::new("es_rejected_execution_exception", format!("rejected execution: {why}"));
    Error::new(StatusCode::TOO_MANY_REQUESTS, Fault::Client, exception.clone(), exception)
        .with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
}

#[cfg(test)]
mod tests {
    use http_body::SizeHint;

    use super::InFlight;
    use crate::config::listener::Limits;

    #[test]
    fn places_by_number_and_by_bytes() {
        let limits = Limits { requests: 2, in_flight_bytes: 4 << 10, largest_body: 3 << 10, ..Limits::default() };
        let places = InFlight::new(limits);
        let (none, unknown) = (SizeHint::with_exact(0), SizeHint::default());
        let first = places.enter(&none).unwrap();
        let second = places.enter(&none).unwrap();
        assert_eq!(places.enter(&none).err().unwrap().status, 429);
        drop((first, second));
        let large = places.enter(&unknown).unwrap();
        assert!(places.enter(&SizeHint::with_exact(1 << 30)).is_err(), "as much as may be read of it");
        assert!(places.enter(&SizeHint::with_exact(1 << 10)).is_ok(), "what was refused holds no place");
        drop(large);
        assert!(places.enter(&unknown).is_ok());
    }
}
