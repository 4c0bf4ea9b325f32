//! Buckets one a line, as many as there are: for clients that say `Accept: application/x-ndjson`.
//!
//! What is wrong is found with the first page, before anything is sent. What breaks off later breaks the connection off, so
//! that nobody takes a part for the whole.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::Frame;

use super::{expand, request::GetBuckets, stored::Stored};
use crate::{
    error::Error,
    privileges::Permit,
    results::{
        documents::{Style, bucket::Bucket},
        query::{ResultsQuery, Times},
    },
    store::{Answer, Hits, Pages, ResultsStore, rows_of_page},
    xcontent::json::writer::Json,
};

/// A reply of which the first page is known.
pub struct Lines {
    first: Option<Bytes>,
    /// None where there is nothing more.
    rest: Option<Rest>,
}

/// What comes after.
struct Rest {
    store: Arc<dyn ResultsStore>,
    permit: Arc<Permit>,
    pages: Box<dyn Pages>,
    stored: Stored,
    expand: bool,
    exclude_interim: bool,
}

/// An answer of one page.
struct Once(Option<Hits>);

/// As far as a search reaches without a cursor.
const WINDOW: u32 = 10_000;

type Next = Pin<Box<dyn Future<Output = (Rest, Result<Option<Bytes>, Error>)> + Send>>;

/// The body: a page is asked for when the one before is taken.
struct Streamed {
    first: Option<Bytes>,
    next: Option<Next>,
}

// === impl Lines ===

impl Lines {
    /// Answers a permitted request as far as its first page. Without a page that is asked for these are all buckets.
    ///
    /// # Errors
    /// As [`get_buckets`](super::get_buckets).
    pub async fn open(
        store: Arc<dyn ResultsStore>,
        permit: Arc<Permit>,
        request: &GetBuckets,
        style: Style,
    ) -> Result<Self, Error> {
        let mut query = request.query();
        if request.page.is_none() && request.timestamp.is_none() {
            query.size = u32::MAX;
        }
        let too_long = query.times.too_long();
        let times = if too_long.is_some() { Times::Range { start: None, end: None } } else { query.times.clone() };
        let probe = ResultsQuery { times, from: 0, size: 0, ..query.clone() };
        let found = store.search_known_job(&permit, &probe).await?;
        if let Some(error) = too_long {
            return Err(error);
        }
        if found.total == 0 {
            let none = Self { first: None, rest: None };
            let single = request.timestamp.is_some();
            return if single { Err(Error::not_found("Could not find requested buckets")) } else { Ok(none) };
        }
        let wanted = u64::from(query.size).min(found.total.saturating_sub(query.from.into()));
        let pages: Box<dyn Pages> = match u32::try_from(wanted) {
            // What is no longer than a page needs no cursor, which may take a permission of its own.
            Ok(size) if size == rows_of_page(size) && query.from < WINDOW - size => {
                let hits = store.search(&permit, &ResultsQuery { size, ..query }).await?;
                Box::new(Once(Some(hits)))
            }
            _ => store.scan(Arc::clone(&permit), query),
        };
        let (expand, exclude_interim) = (request.expand, request.exclude_interim);
        let stored = Stored::new(permit.job(), style);
        let mut rest = Rest { store, permit, pages, stored, expand, exclude_interim };
        let first = rest.page().await?;
        Ok(Self { rest: first.is_some().then_some(rest), first })
    }

    /// The body of the reply.
    pub fn into_body(self) -> Body {
        Body::new(Streamed { first: self.first, next: self.rest.map(Rest::step) })
    }
}

impl Pages for Once {
    fn next(&mut self) -> Answer<'_, Option<Hits>> {
        let hits = self.0.take().filter(|hits| !hits.hits.is_empty());
        Box::pin(async move { Ok(hits) })
    }
}

// === impl Rest ===

impl Rest {
    /// The next lines; none at the end.
    async fn page(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(hits) = self.pages.next().await? else { return Ok(None) };
        let mut lines = Vec::with_capacity(hits.text.len());
        let mut push = |line: Json| {
            lines.append(&mut line.finish());
            lines.push(b'\n');
        };
        if self.expand {
            for bucket in self.expanded(&hits).await? {
                let mut line = Json::with_capacity(1_024);
                bucket.write(&mut line, self.stored.style);
                push(line);
            }
        } else {
            for source in hits.sources() {
                let mut line = Json::with_capacity(source.len());
                if !self.stored.write_plain(&mut line, source) {
                    self.stored.read(source)?.write(&mut line, self.stored.style);
                }
                push(line);
            }
        }
        Ok(Some(lines.into()))
    }

    /// The buckets of a page with their records.
    async fn expanded(&mut self, hits: &Hits) -> Result<Vec<Bucket>, Error> {
        let mut buckets = hits.sources().map(|source| self.stored.read(source)).collect::<Result<Vec<_>, _>>()?;
        expand::expand(&*self.store, &self.permit, &mut buckets, self.exclude_interim).await?;
        Ok(buckets)
    }

    fn step(mut self) -> Next {
        Box::pin(async move {
            let page = self.page().await;
            (self, page)
        })
    }
}

// === impl Streamed ===

impl HttpBody for Streamed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        let Some(next) = &mut self.next else { return Poll::Ready(None) };
        let (rest, page) = ready!(next.as_mut().poll(cx));
        self.next = None;
        Poll::Ready(match page {
            Ok(Some(lines)) => {
                self.next = Some(rest.step());
                Some(Ok(Frame::data(lines)))
            }
            Ok(None) => None,
            Err(error) => {
                tracing::warn!(%error, "a reply of lines is broken off");
                Some(Err(error))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.next.is_none()
    }
}
