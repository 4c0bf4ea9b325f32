//! THE SCREEN: one request from admission to reply.

use std::{sync::Arc, time::Duration};

use axum::{body::Body, extract::State};
use http::{Request, Response};

use crate::{
    admit::admit,
    error::Error,
    listen::rates::Rates,
    pass_through::PassThrough,
    privileges::{Privileges, caller::Caller},
    reply::{Rendering, Reply},
    request_body::read_body,
    rest::{Parameters, RestRequest},
    results::{
        documents::Style,
        get_buckets::{get_buckets, request::GetBuckets},
    },
    route::{Dialect, Route},
    spool::Spools,
    store::ResultsStore,
    xcontent::{any_parser::AnyParser, media_type::Negotiated, parser::Parser},
};

/// What every request needs.
pub struct Gate {
    pub privileges: Arc<Privileges>,
    pub store: Arc<dyn ResultsStore>,
    /// Where everything else goes, if anywhere.
    pub pass_through: Option<PassThrough>,
    pub rates: Arc<Rates>,
    /// Room for replies that are made.
    pub spools: Spools,
    /// Largest body, in bytes, that is read.
    pub most_body: usize,
    /// Longest time for what is answered here.
    pub most_time: Duration,
    /// Whether a request may name another user to act as.
    pub allow_run_as: bool,
}

/// Answers a request; whatever goes wrong on the way is an answer too. The order of refusals is Elastic's: who is not
/// known, what is wrong with the request itself, who may not, which job is none, what the search says.
pub async fn handle(State(gate): State<Arc<Gate>>, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let mut rendering = Rendering::of(&head.headers);
    let outcome = async {
        admit(&head.method, &head.uri, &head.headers, gate.allow_run_as)?;
        let route = Route::find(&head.method, head.uri.path());
        if route == Ok(Route::Options) {
            return Ok(Reply::Options);
        }
        if let (Ok(Route::Other), Some(cluster)) = (&route, &gate.pass_through) {
            return cluster.forward(&head, body).await.map(|reply| Reply::Passed(Box::new(reply)));
        }
        let ours = async {
            let parameters = Parameters::parse(head.uri.query().unwrap_or_default());
            let caller = Caller::of(&head);
            let job = route.as_ref().ok().and_then(Route::job_id);
            let decision = gate.privileges.decide(&caller, job).await;
            let decision = decision.inspect_err(|_| rendering.foresee(&head.headers, &parameters))?;
            gate.rates.count_user(decision.who())?;
            let (route, parameters) = (route.map_err(|_| Error::bad_escape(head.uri.path()))?, parameters?);
            let body = read_body(&head.headers, body, gate.most_body).await?;
            let content = Negotiated::read(&head.headers, parameters.get("format"), !body.is_empty())?;
            rendering.choose(&content, &parameters)?;
            match route {
                Route::GetBuckets { dialect, job_id, timestamp } => {
                    rendering.deprecation = dialect.deprecation(&head.method, timestamp.is_some());
                    let asked =
                        understand(&content, &RestRequest::new(head.uri.path(), parameters, job_id, timestamp, body))?;
                    let permit = decision.permit()?;
                    let style = Style { human: rendering.human, partition_scores: dialect == Dialect::V6 };
                    let page = rendering.page(style, &gate.spools);
                    match get_buckets(&*gate.store, &permit, &asked, page).await {
                        Ok(buckets) => Ok(Reply::Buckets(buckets)),
                        Err(error) => Err(decision.after_search(error, &permit).await),
                    }
                }
                Route::Options => Ok(Reply::Options),
                Route::WrongMethod => Err(Error::wrong_method(&head.method, &head.uri)),
                Route::Other => Err(Error::no_handler(&head.method, &head.uri)),
            }
        };
        tokio::time::timeout(gate.most_time, ours).await.unwrap_or_else(|_| Err(Error::took_too_long()))
    }
    .await;
    rendering.respond(&head.method, outcome)
}

/// What is asked: the body or the query is read first, then what nobody asked for is refused.
fn understand(content: &Negotiated, rest: &RestRequest) -> Result<GetBuckets, Error> {
    let mut parser = AnyParser::of_request(rest, content)?;
    let asked = GetBuckets::read(rest, parser.as_mut().map(|parser| parser as &mut dyn Parser))?;
    rest.parameters.refuse_leftovers(&rest.path())?;
    Ok(asked)
}
