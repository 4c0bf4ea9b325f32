//! An anomaly record: one anomaly that one detector found, shown inside a bucket that was expanded.

use super::{
    Style,
    hash_order::HashOrder,
    parts::{Cause, Description, Explanation, GeoResults, Influence, description_fields, doubles, influences, text},
    reserved::is_reserved,
    timestamp, write_list, write_timestamp,
};
use crate::xcontent::{
    Sink,
    object::{Field, ObjectParser, Unknown, accepts, each, require},
    parser::{self, Parser, Refusal},
};

/// A record document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    job_id: Option<String>,
    timestamp: Option<i64>,
    bucket_span: Option<i64>,
    probability: f64,
    multi_bucket_impact: Option<f64>,
    record_score: f64,
    initial_record_score: f64,
    detector_index: i32,
    is_interim: bool,
    description: Description,
    causes: Option<Vec<Cause>>,
    influencers: Option<Vec<Influence>>,
    geo_results: Option<GeoResults>,
    explanation: Option<Explanation>,
}

const RECORD: ObjectParser<Record> = ObjectParser {
    name: "record",
    unknown: Unknown::Skip,
    fields: description_fields![
        Field { name: "job_id", accepts: accepts::STRING, read: |p, r| parser::string(p).map(|v| r.job_id = Some(v)) },
        Field { name: "timestamp", accepts: accepts::VALUE, read: |p, r| timestamp(p).map(|v| r.timestamp = Some(v)) },
        Field {
            name: "bucket_span",
            accepts: accepts::NUMBER,
            read: |p, r| parser::long(p).map(|v| r.bucket_span = Some(v))
        },
        Field { name: "result_type", accepts: accepts::STRING, read: |_, _| Ok(()) },
        Field {
            name: "probability",
            accepts: accepts::NUMBER,
            read: |p, r| parser::double(p).map(|v| r.probability = v)
        },
        Field {
            name: "multi_bucket_impact",
            accepts: accepts::NUMBER,
            read: |p, r| parser::double(p).map(|v| r.multi_bucket_impact = Some(v)),
        },
        Field {
            name: "record_score",
            accepts: accepts::NUMBER,
            read: |p, r| parser::double(p).map(|v| r.record_score = v)
        },
        Field {
            name: "initial_record_score",
            accepts: accepts::NUMBER,
            read: |p, r| parser::double(p).map(|v| r.initial_record_score = v),
        },
        Field {
            name: "detector_index",
            accepts: accepts::NUMBER,
            read: |p, r| parser::int(p).map(|v| r.detector_index = v)
        },
        Field {
            name: "is_interim",
            accepts: accepts::BOOLEAN,
            read: |p, r| parser::boolean(p).map(|v| r.is_interim = v)
        },
        Field {
            name: "causes",
            accepts: accepts::OBJECTS,
            read: |p, r| {
                let causes = r.causes.insert(Vec::new());
                each(p, |p| Cause::read(p).map(|cause| causes.push(cause)))
            },
        },
        Field {
            name: "influencers",
            accepts: accepts::OBJECTS,
            read: |p, r| influences(p).map(|v| r.influencers = Some(v))
        },
        Field {
            name: "geo_results",
            accepts: accepts::OBJECT,
            read: |p, r| GeoResults::read(p).map(|v| r.geo_results = Some(v))
        },
        Field {
            name: "anomaly_score_explanation",
            accepts: accepts::OBJECT,
            read: |p, r| Explanation::read(p).map(|v| r.explanation = Some(v)),
        },
    ],
};

// === impl Record ===

impl Record {
    /// Reads a stored record.
    ///
    /// # Errors
    /// Elastic's refusal of the first field that cannot be read, or of missing required ones.
    pub fn read(parser: &mut dyn Parser) -> Result<Self, Refusal> {
        let mut record = Self::default();
        RECORD.read(parser, &mut record)?;
        require(&[
            ("job_id", record.job_id.is_some()),
            ("timestamp", record.timestamp.is_some()),
            ("bucket_span", record.bucket_span.is_some()),
        ])?;
        Ok(record)
    }

    /// Writes the record as the API shows it.
    pub fn write(&self, sink: &mut (impl Sink + ?Sized), style: Style) {
        sink.start_object();
        sink.name("job_id");
        sink.string(self.job_id.as_deref().unwrap_or_default());
        sink.name("result_type");
        sink.string("record");
        sink.name("probability");
        sink.double(self.probability);
        if let Some(impact) = self.multi_bucket_impact {
            sink.name("multi_bucket_impact");
            sink.double(impact);
        }
        sink.name("record_score");
        sink.double(self.record_score);
        sink.name("initial_record_score");
        sink.double(self.initial_record_score);
        sink.name("bucket_span");
        sink.long(self.bucket_span.unwrap_or_default());
        sink.name("detector_index");
        sink.long(self.detector_index.into());
        sink.name("is_interim");
        sink.bool(self.is_interim);
        write_timestamp(sink, self.timestamp.unwrap_or_default(), style);
        self.description.write(sink);
        if let Some(causes) = &self.causes {
            write_list(sink, "causes", causes, |sink, cause| cause.write(sink));
        }
        if let Some(influencers) = &self.influencers {
            write_list(sink, "influencers", influencers, |sink, influence| influence.write(sink));
        }
        if let Some(geo_results) = &self.geo_results {
            geo_results.write(sink);
        }
        if let Some(explanation) = &self.explanation {
            explanation.write(sink);
        }
        for (name, values) in self.input_fields().entries() {
            write_list(sink, name, values, |sink, value| sink.string(value));
        }
        sink.end_object();
    }

    /// The input fields: not those that were stored with the record, but every name and value found in its by, over and
    /// partition fields and in its influencers.
    fn input_fields(&self) -> HashOrder<'_> {
        let d = &self.description;
        let pairs = [
            (&d.by_field_name, &d.by_field_value),
            (&d.over_field_name, &d.over_field_value),
            (&d.partition_field_name, &d.partition_field_value),
        ];
        let named = pairs.into_iter().filter_map(|(name, value)| Some((name.as_ref()?, value.as_ref()?)));
        let influencing = self.influencers.iter().flatten().flat_map(|influence| {
            let values = influence.field_values.iter().flatten();
            values.filter_map(|value| Some((influence.field_name.as_ref()?, value)))
        });
        let mut fields = HashOrder::default();
        for (name, value) in named.chain(influencing).filter(|(name, _)| !name.is_empty() && !is_reserved(name)) {
            fields.add(name, value);
        }
        fields
    }
}
