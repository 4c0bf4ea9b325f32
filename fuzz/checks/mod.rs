//! What must hold for any input. The fuzz targets call these functions, and so do the ordinary tests. They panic on a finding.

mod import_line;
mod job_id;
mod request;
mod route;
mod search_reply;

pub use import_line::import_line;
pub use job_id::job_id;
pub use request::request;
pub use route::route;
pub use search_reply::search_reply;

use mlgate::{
    error::Error,
    xcontent::{filter_path::FilterPath, media_type::Format, render::render},
};
use serde_json::Value;

/// An error is a document that a client can read.
fn check_error(error: &Error) {
    let document = error.document(true);
    let text = render(Format::Json, false, &FilterPath::default(), |sink| document.write(sink));
    let read: Value = serde_json::from_slice(&text).expect("an error is JSON");
    assert!(read.get("error").is_some(), "{read}");
    assert!(read.get("status").is_none_or(|status| *status == error.status.as_u16()), "{read}");
}
