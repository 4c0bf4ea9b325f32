//! One request between hyper and the screen: what is refused before it is looked at, and what is kept until it is answered.

use std::{convert::Infallible, sync::Arc};

use axum::body::Body;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body as _;
use hyper::body::Incoming;

use super::{
    App, Front,
    bodies::{Download, Upload},
    exchange::{Broken, Exchange},
    framing,
    in_flight::Place,
    patience::Patience,
    rates::Peer,
};
use crate::{
    error::{Error, Exception, Fault},
    gathered::Gathered,
    reply::Rendering,
};

/// Answers one request of a connection.
pub(super) async fn answer(
    front: Arc<Front>,
    app: App,
    exchange: Arc<Exchange>,
    peer: Peer,
    request: Request<Incoming>,
) -> Result<Response<Download>, Infallible> {
    exchange.begin(request.headers().contains_key(header::UPGRADE));
    let (head, body) = request.into_parts();
    let (method, rendering) = (head.method.clone(), Rendering::of(&head.headers));
    let size = body.size_hint();
    let patience = Patience::new(front.limits.body_stall);
    let upload = (!body.is_end_stream()).then(|| Upload::new(body, Arc::clone(&exchange), patience));
    if let Err(error) = framing::check(&head) {
        return Ok(last(reply(&rendering, &method, error, &exchange, None)));
    }
    let place = match front.in_flight.enter(&size) {
        Ok(place) => place,
        Err(error) => return Ok(reply(&rendering, &method, error, &exchange, None)),
    };
    let credential = match front.rates.count(peer, head.headers.get(header::AUTHORIZATION)) {
        Ok(credential) => credential,
        Err(error) => return Ok(reply(&rendering, &method, error, &exchange, Some(place))),
    };
    let mut request = Request::from_parts(head, upload.map_or_else(Body::empty, Body::new));
    request.extensions_mut().insert(peer);
    let response = app(request).await;
    // Whoever could not read the body cannot know why.
    if let Some(broken) = exchange.broken() {
        return Ok(last(reply(&rendering, &method, explain(broken), &exchange, Some(place))));
    }
    // What the path alone is answered with says nothing of a credential.
    if method != Method::OPTIONS {
        front.rates.saw(credential, response.status());
    }
    let close = response.status() == StatusCode::URI_TOO_LONG;
    let (head, body) = response.into_parts();
    // The head goes with what there is of the body.
    let body = Gathered::filled(body).await;
    let response = Response::from_parts(head, Download::new(body, exchange, Some(place)));
    Ok(if close { last(response) } else { response })
}

fn explain(broken: Broken) -> Error {
    match broken {
        Broken::Malformed => {
            Error::bad_request(Exception::illegal_argument("the body of the request is cut off or wrongly framed"))
        }
        Broken::Slow => {
            let exception = Exception::new("status_exception", "the body of the request did not come in time");
            Error::new(StatusCode::REQUEST_TIMEOUT, Fault::Client, exception.clone(), exception)
        }
    }
}

fn reply(
    rendering: &Rendering,
    method: &Method,
    error: Error,
    exchange: &Arc<Exchange>,
    place: Option<Place>,
) -> Response<Download> {
    rendering.respond(method, Err(error)).map(|body| Download::new(Gathered::new(body), Arc::clone(exchange), place))
}

/// The last reply of its connection.
fn last(mut response: Response<Download>) -> Response<Download> {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
