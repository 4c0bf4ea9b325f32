//! THE SCREEN: one request from admission to reply.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use http::{Method, Request, Response, request::Parts};
use http_body::Body as _;

use crate::{
    admit::admit,
    error::Error,
    listen::rates::Rates,
    modes::{Answers, Modes, watch::Watch},
    pass_through::PassThrough,
    privileges::{Privileges, caller::Caller},
    question::Question,
    reply::{Rendering, Reply},
    request_body::read_body,
    rest::{Parameters, RestRequest},
    root_page::{self, is_root_page},
    route::Route,
    spool::Spools,
};

/// What every request needs.
pub struct Gate {
    pub privileges: Arc<Privileges>,
    /// Who answers for which jobs.
    pub modes: Modes,
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
pub async fn handle(gate: Arc<Gate>, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let mut rendering = Rendering::of(&head.headers);
    let mut watch = Watch::default();
    let outcome = async {
        admit(&head.method, &head.uri, &head.headers, gate.allow_run_as)?;
        let route = Route::find(&head.method, head.uri.path());
        let ours = route != Ok(Route::Other);
        if let (false, Some(cluster)) = (ours, &gate.pass_through) {
            return cluster.forward(&head, body).await.map(|reply| Reply::Passed(Box::new(reply)));
        }
        if head.method == Method::OPTIONS {
            let parameters = Parameters::parse(head.uri.query().unwrap_or_default())?;
            return rendering.options(&head.headers, &parameters, &body.size_hint()).map(|()| Reply::Options { ours });
        }
        let answer = answer(&gate, &head, body, route, &mut rendering, &mut watch);
        tokio::time::timeout(gate.most_time, answer).await.unwrap_or_else(|_| Err(Error::took_too_long()))
    }
    .await;
    watch.over(rendering.respond(&head.method, outcome))
}

/// Answers what is not passed on: who asks, what is asked, whether he may, and what is found.
async fn answer(
    gate: &Gate,
    head: &Parts,
    body: Body,
    route: Result<Route, String>,
    rendering: &mut Rendering,
    watch: &mut Watch,
) -> Result<Reply, Error> {
    let parameters = Parameters::parse(head.uri.query().unwrap_or_default());
    let caller = Caller::of(head);
    let job = route.as_ref().ok().and_then(Route::job_id);
    let decision = gate.privileges.decide(&caller, job).await;
    let decision = decision.inspect_err(|_| rendering.foresee(&head.headers, &parameters))?;
    gate.rates.count_user(decision.who())?;
    let mode = gate.modes.of(job);
    let Answers::Rewrite(store) = &mode.side.answers else {
        rendering.foresee(&head.headers, &parameters);
        let reply = mode.forward(head, body, gate.most_body, &decision, watch).await?;
        return Ok(Reply::Passed(Box::new(reply)));
    };
    let parameters = parameters?;
    let body = read_body(&head.headers, body, gate.most_body).await?;
    let content = rendering.negotiate(&head.headers, &parameters, !body.is_empty())?;
    let body = content.in_utf8(body);
    let route = route.map_err(|_| Error::bad_escape(head.uri.path()))?;
    match route {
        Route::GetBuckets { dialect, job_id, timestamp } => {
            rendering.deprecation = dialect.deprecation(&head.method, timestamp.is_some());
            let rest = RestRequest::new(head.uri.path(), parameters, job_id, timestamp, body);
            let question = Question::read(&content, &rest, dialect)?;
            let permit = Arc::new(mode.permit(&decision)?);
            if rendering.lines {
                mode.pass_lines();
            } else {
                *watch = mode.begin(head, &rest.body, &decision, &permit);
            }
            match question.answer(store, &permit, rendering, &gate.spools).await {
                Ok(reply) => Ok(reply),
                Err(error) => Err(decision.after_search(error, &permit).await),
            }
        }
        Route::WrongMethod => Err(Error::wrong_method(&head.method, &head.uri)),
        Route::Other if is_root_page(&head.method, head.uri.path()) => Ok(Reply::Document(root_page::own())),
        Route::Other => Err(Error::no_handler(&head.method, &head.uri)),
    }
}
