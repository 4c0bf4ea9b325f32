//! What the client asks: from parameters or from the body, never from both.

use crate::{
    error::{Error, Exception},
    rest::RestRequest,
    xcontent::{
        double::parse_double,
        object::{Field, ObjectParser, Unknown, accepts},
        parser::{self, Parser, Refusal},
    },
};

/// The name of the action, which privileges and messages use.
pub const ACTION: &str = "cluster:monitor/xpack/ml/job/results/buckets/get";

/// A Get Buckets request. The job id is not checked yet: that comes after the privileges.
#[derive(Debug, Clone, PartialEq)]
pub struct GetBuckets {
    /// As in the path; a `job_id` in the body is read and overruled.
    pub job_id: String,
    /// Asks for the bucket of this time only; excludes `start`, `end`, `page` and `anomaly_score`.
    pub timestamp: Option<String>,
    /// Also show the records of buckets that something influenced.
    pub expand: bool,
    pub exclude_interim: bool,
    /// Earliest time, inclusive.
    pub start: Option<String>,
    /// Latest time, exclusive.
    pub end: Option<String>,
    pub page: Option<Page>,
    /// Least score; only numbers above 0 filter.
    pub anomaly_score: Option<f64>,
    pub sort: String,
    pub descending: bool,
}

/// Which part of the result list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    pub from: i32,
    pub size: i32,
}

/// The values of a `page` object, of which Elasticsearch makes a page as soon as both are there.
#[derive(Default)]
struct PageFields {
    from: Option<i32>,
    size: Option<i32>,
    page: Option<Page>,
}

const REQUEST: ObjectParser<GetBuckets> = ObjectParser {
    name: ACTION,
    unknown: Unknown::Refuse,
    fields: &[
        Field { name: "job_id", accepts: accepts::STRING, read: |p, r| parser::string(p).map(|v| r.job_id = v) },
        Field {
            name: "timestamp",
            accepts: accepts::STRING,
            read: |p, r| {
                let v = parser::string(p)?;
                r.set_timestamp(v).map_err(Into::into)
            },
        },
        Field { name: "expand", accepts: accepts::BOOLEAN, read: |p, r| parser::boolean(p).map(|v| r.expand = v) },
        Field {
            name: "exclude_interim",
            accepts: accepts::BOOLEAN,
            read: |p, r| parser::boolean(p).map(|v| r.exclude_interim = v),
        },
        Field {
            name: "start",
            accepts: accepts::STRING_OR_NULL,
            read: |p, r| {
                let v = text_or_null(p)?;
                r.set_start(v).map_err(Into::into)
            },
        },
        Field {
            name: "end",
            accepts: accepts::STRING_OR_NULL,
            read: |p, r| {
                let v = text_or_null(p)?;
                r.set_end(v).map_err(Into::into)
            },
        },
        Field {
            name: "page",
            accepts: accepts::OBJECT,
            read: |p, r| {
                let v = Page::read(p)?;
                r.set_page(v).map_err(Into::into)
            },
        },
        Field {
            name: "anomaly_score",
            accepts: accepts::NUMBER,
            read: |p, r| {
                let v = parser::double(p)?;
                r.set_anomaly_score(v).map_err(Into::into)
            },
        },
        Field { name: "sort", accepts: accepts::STRING, read: |p, r| parser::string(p).map(|v| r.sort = v) },
        Field { name: "desc", accepts: accepts::BOOLEAN, read: |p, r| parser::boolean(p).map(|v| r.descending = v) },
    ],
};

const PAGE: ObjectParser<PageFields> = ObjectParser {
    name: "page",
    unknown: Unknown::Refuse,
    fields: &[
        Field {
            name: "from",
            accepts: accepts::NUMBER,
            read: |p, f| {
                f.from = Some(parser::int(p)?);
                f.arrived()
            },
        },
        Field {
            name: "size",
            accepts: accepts::NUMBER,
            read: |p, f| {
                f.size = Some(parser::int(p)?);
                f.arrived()
            },
        },
    ],
};

fn text_or_null(parser: &mut dyn Parser) -> Result<Option<String>, Refusal> {
    if parser.current() == Some(parser::Token::Null) { Ok(None) } else { parser::string(parser).map(Some) }
}

// === impl GetBuckets ===

impl GetBuckets {
    /// The request without any option.
    #[must_use]
    pub fn of_job(job_id: &str) -> Self {
        Self {
            job_id: job_id.to_owned(),
            timestamp: None,
            expand: false,
            exclude_interim: false,
            start: None,
            end: None,
            page: None,
            anomaly_score: None,
            sort: "timestamp".into(),
            descending: false,
        }
    }

    /// Reads a request whose options stand in the body, or, without one, in the query. The parameters that are not asked
    /// for here are left for the REST layer to refuse.
    ///
    /// # Errors
    /// 400 in Elastic's words.
    pub fn read(rest: &RestRequest, body: Option<&mut dyn Parser>) -> Result<Self, Error> {
        let parameters = &rest.parameters;
        let mut request = Self::of_job(parameters.get("job_id").unwrap_or_default());
        let timestamp = parameters.get("timestamp").filter(|text| !text.is_empty()).map(str::to_owned);
        let refuse = |exception: Exception| Error::bad_request(exception);
        if let Some(parser) = body {
            let job_id = request.job_id.clone();
            REQUEST.read(parser, &mut request).map_err(|refusal| Error::bad_request(*refusal))?;
            request.job_id = job_id;
            if let Some(timestamp) = timestamp {
                request.set_timestamp(timestamp).map_err(refuse)?;
            }
            return Ok(request);
        }
        if let Some(timestamp) = timestamp {
            request.set_timestamp(timestamp).map_err(refuse)?;
        }
        if parameters.has("from") || parameters.has("size") {
            let (from, size) =
                (parameters.int("from", Page::DEFAULT.from)?, parameters.int("size", Page::DEFAULT.size)?);
            request.set_page(Page::new(from, size).map_err(refuse)?).map_err(refuse)?;
        }
        if parameters.has("start") {
            request.set_start(parameters.get("start").map(str::to_owned)).map_err(refuse)?;
        }
        if parameters.has("end") {
            request.set_end(parameters.get("end").map(str::to_owned)).map_err(refuse)?;
        }
        if parameters.has("anomaly_score") {
            let text = parameters.get("anomaly_score").unwrap_or_default();
            let score =
                parse_double(text).map_err(|e| refuse(Exception::new("number_format_exception", e.to_string())))?;
            request.set_anomaly_score(score).map_err(refuse)?;
        }
        if parameters.has("sort") {
            request.sort = parameters.get("sort").unwrap_or_default().to_owned();
        }
        request.descending = parameters.boolean("desc")?;
        request.expand = parameters.boolean("expand")?;
        request.exclude_interim = parameters.boolean("exclude_interim")?;
        Ok(request)
    }

    fn set_timestamp(&mut self, timestamp: String) -> Result<(), Exception> {
        if self.page.is_some() || self.start.is_some() || self.end.is_some() || self.anomaly_score.is_some() {
            return Err(Exception::illegal_argument(
                "Param [timestamp] is incompatible with [from,size,start,end,anomaly_score]",
            ));
        }
        self.timestamp = Some(timestamp);
        Ok(())
    }

    fn set_start(&mut self, start: Option<String>) -> Result<(), Exception> {
        self.without_timestamp("start")?;
        self.start = start;
        Ok(())
    }

    fn set_end(&mut self, end: Option<String>) -> Result<(), Exception> {
        self.without_timestamp("end")?;
        self.end = end;
        Ok(())
    }

    fn set_page(&mut self, page: Page) -> Result<(), Exception> {
        self.without_timestamp("from, size")?;
        self.page = Some(page);
        Ok(())
    }

    fn set_anomaly_score(&mut self, score: f64) -> Result<(), Exception> {
        self.without_timestamp("anomaly_score")?;
        self.anomaly_score = Some(score);
        Ok(())
    }

    fn without_timestamp(&self, option: &str) -> Result<(), Exception> {
        if self.timestamp.is_some() {
            return Err(Exception::illegal_argument(format!("Param [{option}] is incompatible with [timestamp].")));
        }
        Ok(())
    }
}

// === impl Page ===

impl Page {
    /// Where nothing is said.
    pub const DEFAULT: Self = Self { from: 0, size: 100 };

    fn new(from: i32, size: i32) -> Result<Self, Exception> {
        for (name, value) in [("from", from), ("size", size)] {
            if value < 0 {
                return Err(Exception::illegal_argument(format!("Parameter [{name}] cannot be < 0")));
            }
        }
        Ok(Self { from, size })
    }

    fn read(parser: &mut dyn Parser) -> Result<Self, Refusal> {
        let mut fields = PageFields::default();
        PAGE.read(parser, &mut fields)?;
        match fields.page {
            Some(page) => Ok(page),
            None => fields.build(),
        }
    }
}

impl PageFields {
    fn arrived(&mut self) -> Result<(), Refusal> {
        if self.from.is_some() && self.size.is_some() {
            self.page = Some(self.build()?);
        }
        Ok(())
    }

    fn build(&self) -> Result<Page, Refusal> {
        let (from, size) = (self.from.unwrap_or(Page::DEFAULT.from), self.size.unwrap_or(Page::DEFAULT.size));
        Page::new(from, size).map_err(|cause| {
            let message = "Failed to build [page] after last required field arrived";
            Box::new(Exception::new("x_content_parse_exception", message).caused_by(cause))
        })
    }
}
