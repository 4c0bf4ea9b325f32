//! Which requests are passed on. Paths are compared as they are sent, segment by segment: clusters do not decode them
//! either before they look for what shall answer.

use std::{fmt, str::FromStr};

use anyhow::{anyhow, bail};
use clap::ValueEnum;
use http::Method;
use serde::{Deserialize, Serialize};

/// What is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Passing {
    /// Nothing
    Off,
    /// What reads: GET and HEAD, and what searches or counts
    ReadOnly,
    /// What `pass_through_allow` lists
    AllowList,
    /// Everything
    All,
}

/// A line of the allow-list: `GET|POST /logs-*/_search`.
///
/// A segment `*` is any one segment, and `**` at the end any number of them. Within a segment `*` is any text without `,`
/// and `%`, by which another name could be put in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Allow {
    methods: Vec<Method>,
    segments: Vec<String>,
    /// Whether more segments may follow.
    and_below: bool,
}

/// The requests that are passed on.
#[derive(Debug, Clone)]
pub enum Allowed {
    ReadOnly(Vec<Allow>),
    List(Vec<Allow>),
    All,
}

/// What only reads, besides GET, HEAD and OPTIONS. Cursors are made and ended: they are a search's own.
const READS: &str = "
    POST /_search                   POST /*/_search
    POST /_msearch                  POST /*/_msearch
    POST /_count                    POST /*/_count
    POST /_mget                     POST /*/_mget
    POST /_field_caps               POST /*/_field_caps
    POST /_mtermvectors             POST /*/_mtermvectors
    POST /_search/template          POST /*/_search/template
    POST /_msearch/template         POST /*/_msearch/template
    POST /_validate/query           POST /*/_validate/query
    POST /_async_search             POST /*/_async_search
    POST /_render/template          POST /_render/template/*
    POST /*/_explain/*              POST /*/_termvectors
    POST /*/_termvectors/*          POST /*/_pit
    POST /_search/scroll            POST /_search/scroll/*
    DELETE /_search/scroll          DELETE /_search/scroll/*
    DELETE /_pit                    DELETE /_async_search/*
    POST /*/_search/point_in_time   DELETE /_search/point_in_time
";

/// What does something although it is asked for with GET.
const GET_DOES: [&str; 4] = ["_refresh", "_flush", "_forcemerge", "_cache"];

// === impl Allow ===

impl Allow {
    fn covers(&self, method: &Method, path: &str) -> bool {
        let Some(segments) = segments(path) else { return false };
        let enough =
            if self.and_below { segments.len() >= self.segments.len() } else { segments.len() == self.segments.len() };
        enough
            && self.methods.contains(method)
            && self.segments.iter().zip(segments).all(|(pattern, segment)| is_covered(pattern, segment))
    }
}

/// The segments of a path; one slash at the end does not matter. `None` where any is empty: what a cluster makes of that is
/// its secret.
fn segments(path: &str) -> Option<Vec<&str>> {
    let path = path.strip_prefix('/')?;
    if path.is_empty() {
        return Some(Vec::new());
    }
    let segments: Vec<&str> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
    segments.iter().all(|segment| !segment.is_empty()).then_some(segments)
}

fn is_covered(pattern: &str, segment: &str) -> bool {
    if pattern == "*" {
        // Names of what can be done begin with an underline, and those of indices do not.
        return !segment.starts_with('_') || segment == "_all";
    }
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == segment };
    let Some(mut segment) = segment.strip_prefix(start).filter(|_| !segment.contains([',', '%'])) else { return false };
    let mut texts: Vec<&str> = rest.split('*').collect();
    let last = texts.pop().unwrap_or_default();
    for text in texts {
        match segment.find(text) {
            Some(at) => segment = &segment[at + text.len()..],
            None => return false,
        }
    }
    segment.ends_with(last)
}

impl FromStr for Allow {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let form = || anyhow!("[{text}] must be METHOD /path or METHOD|METHOD /path");
        let (methods, path) = text.trim().split_once(char::is_whitespace).ok_or_else(form)?;
        let path = path.trim();
        let is_method = |method: &&str| !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
        let methods: Vec<&str> = methods.split('|').collect();
        if !methods.iter().all(is_method) || path.contains(char::is_whitespace) {
            return Err(form());
        }
        let methods = methods.into_iter().map(str::parse).collect::<Result<_, _>>()?;
        let (above, and_below) = match path.strip_suffix("/**") {
            Some("") => ("/", true),
            Some(above) => (above, true),
            None => (path, false),
        };
        let segments = segments(above).ok_or_else(form)?;
        if segments.iter().any(|segment| segment.contains("**")) {
            bail!("[{text}] must have ** only as its last segment");
        }
        Ok(Self { methods, segments: segments.into_iter().map(str::to_owned).collect(), and_below })
    }
}

impl TryFrom<String> for Allow {
    type Error = anyhow::Error;

    fn try_from(text: String) -> anyhow::Result<Self> {
        text.parse()
    }
}

impl From<Allow> for String {
    fn from(allow: Allow) -> Self {
        let methods: Vec<&str> = allow.methods.iter().map(Method::as_str).collect();
        let below = if allow.and_below { "/**" } else { "" };
        format!("{} /{}{below}", methods.join("|"), allow.segments.join("/"))
    }
}

// === impl Allowed ===

impl Allowed {
    /// What only reads.
    #[must_use]
    pub fn read_only() -> Self {
        let words: Vec<&str> = READS.split_whitespace().collect();
        Self::ReadOnly(words.chunks(2).filter_map(|words| words.join(" ").parse().ok()).collect())
    }

    /// Whether a request is passed on.
    #[must_use]
    pub fn covers(&self, method: &Method, path: &str) -> bool {
        let listed = |list: &[Allow]| list.iter().any(|allow| allow.covers(method, path));
        match self {
            Self::ReadOnly(list) => {
                let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
                (reads && !path.split('/').any(|segment| GET_DOES.contains(&segment))) || listed(list)
            }
            Self::List(list) => listed(list),
            Self::All => true,
        }
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadOnly(_) => "read-only",
            Self::List(_) => "allow-list",
            Self::All => "all",
        })
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::{Allow, Allowed};

    fn covers(allowed: &Allowed, request: &str) -> bool {
        let (method, path) = request.split_once(' ').unwrap();
        allowed.covers(&Method::from_bytes(method.as_bytes()).unwrap(), path)
    }

    #[test]
    fn read_only_reads() {
        let allowed = Allowed::read_only();
        let Allowed::ReadOnly(list) = &allowed else { panic!() };
        assert_eq!(list.len() * 2, super::READS.split_whitespace().count());
        for request in [
            "GET /",
            "HEAD /i",
            "OPTIONS /",
            "GET /_cat/indices",
            "POST /i/_search",
            "POST /_msearch/",
            "POST /_all/_count",
            "POST /_search/scroll",
            "DELETE /_search/scroll",
            "POST /i/_pit",
            "DELETE /_pit",
            "POST /i,j/_search/template",
            "POST /i*/_search/point_in_time",
        ] {
            assert!(covers(&allowed, request), "{request}");
        }
        for request in [
            "POST /i/_doc",
            "POST /_bulk",
            "DELETE /i",
            "PUT /_search",
            "POST /_scripts/_search",
            "POST /i/_update/_search",
            "POST /i/_doc/_search",
            "POST /i/_delete_by_query",
            "POST //_search",
            "SEARCH /",
            "GET /_refresh",
            "GET /i/_flush/",
            "GET /i/_flush/synced",
            "GET //_refresh//",
            "POST /_cluster/_search",
        ] {
            assert!(!covers(&allowed, request), "{request}");
        }
    }

    #[test]
    fn lists() {
        let list = ["GET|POST /logs-*/_search", "GET /_cluster/health/**", "GET /a*b*c", "GET /"];
        let allowed = Allowed::List(list.map(|line| line.parse().unwrap()).into());
        for request in [
            "GET /logs-/_search",
            "POST /logs-2026.11/_search/",
            "POST /logs-*/_search",
            "GET /_cluster/health",
            "GET /_cluster/health/a/b",
            "GET /axbxc",
            "GET /abbc",
            "GET /",
        ] {
            assert!(covers(&allowed, request), "{request}");
        }
        for request in [
            "PUT /logs-a/_search",
            "GET /logs/_search",
            "GET /logs-a,b/_search",
            "GET /logs-a%2Cb/_search",
            "GET /logs-a/_search/x",
            "GET /logs-a/%5Fsearch",
            "GET /logs-a/x/_search",
            "GET /x/logs-a/_search",
            "GET /_cluster",
            "GET /_cluster//health",
            "GET /ac",
            "GET /axbx",
            "GET //",
        ] {
            assert!(!covers(&allowed, request), "{request}");
        }
    }

    #[test]
    fn refused_lines() {
        for line in ["", "GET", "/x", "get /x", "GET x", "GET /x y", "GET| /x", "GET /a//b", "GET /a**", "GET /**/a"] {
            assert!(line.parse::<Allow>().is_err(), "{line}");
        }
    }
}
