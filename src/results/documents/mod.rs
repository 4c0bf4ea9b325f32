//! Result documents: how Elastic reads a stored one, leniently, and how it writes it again.
//!
//! A document is never passed on as it is stored: fields get a fixed order, unknown ones are dropped, missing ones get their
//! defaults, numbers are written anew, and what cannot be read fails the request.

/// A bucket and its bucket influencers.
pub mod bucket;

/// Buckets that can be passed on as they are.
pub mod canonical;

/// Buckets that can be written anew without being read.
pub mod arranged;

/// Java's `HashMap` order, which Elastic's replies show.
mod hash_order;

/// What makes up a record: influences, causes, locations and the explanation of its score.
pub mod parts;

/// An anomaly record.
pub mod record;

/// Names that no input field may take.
mod reserved;

use crate::{
    error::Exception,
    results::time,
    xcontent::{
        Sink,
        parser::{self, Parser, Refusal, Token},
    },
};

/// How documents are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Write `timestamp_string` as well.
    pub human: bool,
    /// Write `partition_scores`, as 6.x does.
    pub partition_scores: bool,
}

/// Reads a time inside a document: a number of milliseconds, a string of at most 10 digits in seconds, a longer one in
/// milliseconds, else a date; `-1` where a string is none of these.
fn timestamp(parser: &mut dyn Parser) -> Result<i64, Refusal> {
    match parser.current() {
        Some(Token::Number) => parser::long(parser),
        Some(Token::String) => parser.text().map(|text| timestamp_of_text(&text)),
        token => {
            let found = token.map_or("null", Token::name);
            Err(Box::new(Exception::illegal_argument(format!("unexpected token [{found}] for [timestamp]"))))
        }
    }
}

fn timestamp_of_text(text: &str) -> i64 {
    match text.parse::<i64>() {
        Ok(seconds) if text.len() <= 10 => seconds.wrapping_mul(1000),
        Ok(millis) => millis,
        Err(_) => time::parse_indexed(text).unwrap_or(-1),
    }
}

fn write_timestamp(sink: &mut (impl Sink + ?Sized), millis: i64, style: Style) {
    if style.human {
        sink.name("timestamp_string");
        sink.string(&time::format_utc(millis));
    }
    sink.name("timestamp");
    sink.long(millis);
}

fn write_text(sink: &mut (impl Sink + ?Sized), name: &str, value: Option<&String>) {
    if let Some(value) = value {
        sink.name(name);
        sink.string(value);
    }
}

fn write_list<T, S: Sink + ?Sized>(sink: &mut S, name: &str, items: &[T], mut write: impl FnMut(&mut S, &T)) {
    sink.name(name);
    sink.start_array();
    for item in items {
        write(sink, item);
    }
    sink.end_array();
}
