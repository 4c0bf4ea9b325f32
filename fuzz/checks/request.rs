use bytes::Bytes;
use mlgate::{
    rest::{Parameters, RestRequest},
    results::get_buckets::request::GetBuckets,
    xcontent::{
        any_parser,
        media_type::{Format, Negotiated},
        parser::Parser,
    },
};

use super::check_error;

/// The first line is a query, the rest a body, which is read in every format. What is understood holds together, what is
/// not is refused in words.
pub fn request(input: &[u8]) {
    for format in [Format::Json, Format::Cbor, Format::Smile, Format::Yaml] {
        in_format(input, format);
    }
}

fn in_format(input: &[u8], format: Format) {
    let (query, body) = match input.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&input[..end], &input[end + 1..]),
        None => (input, &[][..]),
    };
    let parameters = match Parameters::parse(&String::from_utf8_lossy(query)) {
        Ok(parameters) => parameters,
        Err(error) => return check_error(&error),
    };
    let rest = RestRequest::new("/path", parameters, "job".into(), None, Bytes::copy_from_slice(body));
    let content = Negotiated { body: Some(format), ..Negotiated::json() };
    let understood = any_parser::of_request(&rest, &content)
        .and_then(|mut parser| GetBuckets::read(&rest, parser.as_mut().map(|parser| &mut **parser as &mut dyn Parser)))
        .and_then(|asked| rest.parameters.refuse_leftovers(&rest.path()).map(|()| asked));
    match understood {
        Ok(asked) => {
            assert_eq!(asked.job_id, "job");
            if asked.timestamp.is_some() {
                assert!(asked.page.is_none() && asked.start.is_none() && asked.end.is_none());
                assert!(asked.anomaly_score.is_none());
            }
            assert!(asked.page.is_none_or(|page| page.from >= 0 && page.size >= 0));
            let search = asked.query();
            assert!(search.score.is_none_or(|(_, least)| least > 0.0));
        }
        Err(error) => check_error(&error),
    }
}
