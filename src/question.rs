//! A question about buckets, from what was sent to what is found: the same for callers and for comparisons, so that these
//! compare what a caller would get.

use std::sync::Arc;

use crate::{
    error::Error,
    privileges::Permit,
    reply::{Rendering, Reply},
    rest::RestRequest,
    results::{
        documents::Style,
        get_buckets::{get_buckets, lines::Lines, request::GetBuckets},
    },
    route::Dialect,
    spool::Spools,
    store::ResultsStore,
    xcontent::{any_parser, media_type::Negotiated, parser::Parser},
};

/// What is asked, in which dialect.
pub struct Question {
    asked: GetBuckets,
    dialect: Dialect,
}

// === impl Question ===

impl Question {
    /// Understands a request: the body or the query is read first, then what nobody asked for is refused.
    ///
    /// # Errors
    /// 400 for what is wrong with the request.
    pub fn read(content: &Negotiated, rest: &RestRequest, dialect: Dialect) -> Result<Self, Error> {
        let mut parser = any_parser::of_request(rest, content)?;
        let asked = GetBuckets::read(rest, parser.as_mut().map(|parser| &mut **parser as &mut dyn Parser))?;
        rest.parameters.refuse_leftovers(&rest.path())?;
        Ok(Self { asked, dialect })
    }

    /// Searches for who may, and makes the reply that is wanted.
    ///
    /// # Errors
    /// 404 for an unknown job or a bucket that is not there, and what the search fails with.
    pub async fn answer(
        &self,
        store: &Arc<dyn ResultsStore>,
        permit: &Arc<Permit>,
        rendering: &Rendering,
        spools: &Spools,
    ) -> Result<Reply, Error> {
        let style = Style { human: rendering.human, partition_scores: self.dialect == Dialect::V6 };
        if rendering.lines {
            Lines::open(Arc::clone(store), Arc::clone(permit), &self.asked, style).await.map(Reply::Lines)
        } else {
            let page = rendering.page(style, permit.job(), spools);
            get_buckets(&**store, permit, &self.asked, page).await.map(Reply::Buckets)
        }
    }
}
