//! A bucket: the anomalies of one job in one span of time, and who influenced them.

use super::{Style, record::Record, timestamp, write_list, write_timestamp};
use crate::xcontent::{
    Sink,
    object::{Field, ObjectParser, Unknown, accepts, each, require, strings},
    parser::{self, Parser, Refusal},
};

/// A bucket document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bucket {
    job_id: Option<String>,
    /// Start of the bucket, epoch milliseconds.
    timestamp: Option<i64>,
    /// Length in seconds.
    bucket_span: Option<i64>,
    anomaly_score: f64,
    initial_anomaly_score: f64,
    is_interim: bool,
    event_count: i64,
    records: Vec<Record>,
    bucket_influencers: Vec<BucketInfluencer>,
    processing_time_ms: i64,
    scheduled_events: Vec<String>,
    partition_scores: Vec<PartitionScore>,
}

/// How much one field, or time itself, made a bucket anomalous.
#[derive(Debug, Clone, Default, PartialEq)]
struct BucketInfluencer {
    job_id: Option<String>,
    timestamp: Option<i64>,
    bucket_span: Option<i64>,
    influencer_field_name: Option<String>,
    initial_anomaly_score: f64,
    anomaly_score: f64,
    raw_anomaly_score: f64,
    probability: f64,
    is_interim: bool,
}

/// The score of one partition: written by 5.4 to 6.4, shown by the 6.x dialect only.
#[derive(Debug, Clone, Default, PartialEq)]
struct PartitionScore {
    partition_field_name: Option<String>,
    partition_field_value: Option<String>,
    initial_record_score: f64,
    record_score: f64,
    probability: f64,
}

const BUCKET: ObjectParser<Bucket> = ObjectParser {
    name: "bucket",
    unknown: Unknown::Skip,
    fields: &[
        Field { name: "job_id", accepts: accepts::STRING, read: |p, b| parser::string(p).map(|v| b.job_id = Some(v)) },
        Field { name: "timestamp", accepts: accepts::VALUE, read: |p, b| timestamp(p).map(|v| b.timestamp = Some(v)) },
        Field {
            name: "bucket_span",
            accepts: accepts::NUMBER,
            read: |p, b| parser::long(p).map(|v| b.bucket_span = Some(v)),
        },
        Field {
            name: "anomaly_score",
            accepts: accepts::NUMBER,
            read: |p, b| parser::double(p).map(|v| b.anomaly_score = v),
        },
        Field {
            name: "initial_anomaly_score",
            accepts: accepts::NUMBER,
            read: |p, b| parser::double(p).map(|v| b.initial_anomaly_score = v),
        },
        Field {
            name: "is_interim",
            accepts: accepts::BOOLEAN,
            read: |p, b| parser::boolean(p).map(|v| b.is_interim = v),
        },
        Field {
            name: "event_count",
            accepts: accepts::NUMBER,
            read: |p, b| parser::long(p).map(|v| b.event_count = v),
        },
        Field {
            name: "records",
            accepts: accepts::OBJECTS,
            read: |p, b| {
                b.records.clear();
                each(p, |p| Record::read(p).map(|record| b.records.push(record)))
            },
        },
        Field {
            name: "bucket_influencers",
            accepts: accepts::OBJECTS,
            read: |p, b| each(p, |p| BucketInfluencer::read(p).map(|influencer| b.bucket_influencers.push(influencer))),
        },
        Field {
            name: "processing_time_ms",
            accepts: accepts::NUMBER,
            read: |p, b| parser::long(p).map(|v| b.processing_time_ms = v),
        },
        Field { name: "result_type", accepts: accepts::STRING, read: |_, _| Ok(()) },
        Field {
            name: "scheduled_events",
            accepts: accepts::STRINGS,
            read: |p, b| strings(p).map(|v| b.scheduled_events = v),
        },
    ],
};

const BUCKET_INFLUENCER: ObjectParser<BucketInfluencer> = ObjectParser {
    name: "bucket_influencer",
    unknown: Unknown::Skip,
    fields: &[
        Field { name: "job_id", accepts: accepts::STRING, read: |p, b| parser::string(p).map(|v| b.job_id = Some(v)) },
        Field { name: "timestamp", accepts: accepts::VALUE, read: |p, b| timestamp(p).map(|v| b.timestamp = Some(v)) },
        Field {
            name: "bucket_span",
            accepts: accepts::NUMBER,
            read: |p, b| parser::long(p).map(|v| b.bucket_span = Some(v)),
        },
        Field { name: "result_type", accepts: accepts::STRING, read: |_, _| Ok(()) },
        Field {
            name: "influencer_field_name",
            accepts: accepts::STRING,
            read: |p, b| parser::string(p).map(|v| b.influencer_field_name = Some(v)),
        },
        Field {
            name: "initial_anomaly_score",
            accepts: accepts::NUMBER,
            read: |p, b| parser::double(p).map(|v| b.initial_anomaly_score = v),
        },
        Field {
            name: "anomaly_score",
            accepts: accepts::NUMBER,
            read: |p, b| parser::double(p).map(|v| b.anomaly_score = v),
        },
        Field {
            name: "raw_anomaly_score",
            accepts: accepts::NUMBER,
            read: |p, b| parser::double(p).map(|v| b.raw_anomaly_score = v),
        },
        Field {
            name: "probability",
            accepts: accepts::NUMBER,
            read: |p, b| parser::double(p).map(|v| b.probability = v),
        },
        Field {
            name: "is_interim",
            accepts: accepts::BOOLEAN,
            read: |p, b| parser::boolean(p).map(|v| b.is_interim = v),
        },
    ],
};

/// The bucket as 6.x reads it: its partition scores are read as well.
const PARTITIONED: ObjectParser<Bucket> = ObjectParser {
    name: "bucket",
    unknown: Unknown::Skip,
    fields: &[Field {
        name: "partition_scores",
        accepts: accepts::OBJECTS,
        read: |p, b| {
            each(p, |p| {
                let mut score = PartitionScore::default();
                PARTITION_SCORE.read(p, &mut score)?;
                require(&[
                    ("partition_field_name", score.partition_field_name.is_some()),
                    ("partition_field_value", score.partition_field_value.is_some()),
                ])?;
                b.partition_scores.push(score);
                Ok(())
            })
        },
    }],
};

const PARTITION_SCORE: ObjectParser<PartitionScore> = ObjectParser {
    name: "partition_score",
    unknown: Unknown::Skip,
    fields: &[
        Field {
            name: "partition_field_name",
            accepts: accepts::STRING,
            read: |p, s| parser::string(p).map(|v| s.partition_field_name = Some(v)),
        },
        Field {
            name: "partition_field_value",
            accepts: accepts::STRING,
            read: |p, s| parser::string(p).map(|v| s.partition_field_value = Some(v)),
        },
        Field {
            name: "initial_record_score",
            accepts: accepts::NUMBER,
            read: |p, s| parser::double(p).map(|v| s.initial_record_score = v),
        },
        Field {
            name: "record_score",
            accepts: accepts::NUMBER,
            read: |p, s| parser::double(p).map(|v| s.record_score = v),
        },
        Field {
            name: "probability",
            accepts: accepts::NUMBER,
            read: |p, s| parser::double(p).map(|v| s.probability = v),
        },
    ],
};

// === impl Bucket ===

impl Bucket {
    /// Reads a stored bucket.
    ///
    /// # Errors
    /// Elastic's refusal of the first field that cannot be read, or of missing required ones.
    pub fn read(parser: &mut dyn Parser) -> Result<Self, Refusal> {
        let mut bucket = Self::default();
        BUCKET.read(parser, &mut bucket)?;
        require(&[
            ("job_id", bucket.job_id.is_some()),
            ("timestamp", bucket.timestamp.is_some()),
            ("bucket_span", bucket.bucket_span.is_some()),
        ])?;
        Ok(bucket)
    }

    /// Reads the partition scores of the same document, which newer servers ignore.
    ///
    /// # Errors
    /// As [`Bucket::read`].
    pub fn read_partition_scores(&mut self, parser: &mut dyn Parser) -> Result<(), Refusal> {
        PARTITIONED.read(parser, self)
    }

    /// The stored job id.
    #[must_use]
    pub fn job_id(&self) -> &str {
        self.job_id.as_deref().unwrap_or_default()
    }

    /// Start of the bucket, epoch milliseconds.
    #[must_use]
    pub fn timestamp(&self) -> i64 {
        self.timestamp.unwrap_or_default()
    }

    /// Whether `expand` looks for records: only where something influenced the bucket.
    #[must_use]
    pub fn is_expandable(&self) -> bool {
        !self.bucket_influencers.is_empty()
    }

    /// Adds records found by `expand` behind those that were stored with the bucket.
    pub fn add_records(&mut self, records: Vec<Record>) {
        self.records.extend(records);
    }

    /// Writes the bucket as the API shows it.
    pub fn write(&self, sink: &mut (impl Sink + ?Sized), style: Style) {
        sink.start_object();
        sink.name("job_id");
        sink.string(self.job_id());
        write_timestamp(sink, self.timestamp(), style);
        sink.name("anomaly_score");
        sink.double(self.anomaly_score);
        sink.name("bucket_span");
        sink.long(self.bucket_span.unwrap_or_default());
        sink.name("initial_anomaly_score");
        sink.double(self.initial_anomaly_score);
        if !self.records.is_empty() {
            write_list(sink, "records", &self.records, |sink, record| record.write(sink, style));
        }
        sink.name("event_count");
        sink.long(self.event_count);
        sink.name("is_interim");
        sink.bool(self.is_interim);
        write_list(sink, "bucket_influencers", &self.bucket_influencers, |sink, influencer| {
            influencer.write(sink, style)
        });
        sink.name("processing_time_ms");
        sink.long(self.processing_time_ms);
        if style.partition_scores {
            write_list(sink, "partition_scores", &self.partition_scores, |sink, score| score.write(sink));
        }
        if !self.scheduled_events.is_empty() {
            write_list(sink, "scheduled_events", &self.scheduled_events, |sink, event| sink.string(event));
        }
        sink.name("result_type");
        sink.string("bucket");
        sink.end_object();
    }
}

// === impl BucketInfluencer ===

impl BucketInfluencer {
    fn read(parser: &mut dyn Parser) -> Result<Self, Refusal> {
        let mut influencer = Self::default();
        BUCKET_INFLUENCER.read(parser, &mut influencer)?;
        require(&[
            ("job_id", influencer.job_id.is_some()),
            ("timestamp", influencer.timestamp.is_some()),
            ("bucket_span", influencer.bucket_span.is_some()),
        ])?;
        Ok(influencer)
    }

    fn write(&self, sink: &mut (impl Sink + ?Sized), style: Style) {
        sink.start_object();
        sink.name("job_id");
        sink.string(self.job_id.as_deref().unwrap_or_default());
        sink.name("result_type");
        sink.string("bucket_influencer");
        super::write_text(sink, "influencer_field_name", self.influencer_field_name.as_ref());
        sink.name("initial_anomaly_score");
        sink.double(self.initial_anomaly_score);
        sink.name("anomaly_score");
        sink.double(self.anomaly_score);
        sink.name("raw_anomaly_score");
        sink.double(self.raw_anomaly_score);
        sink.name("probability");
        sink.double(self.probability);
        write_timestamp(sink, self.timestamp.unwrap_or_default(), style);
        sink.name("bucket_span");
        sink.long(self.bucket_span.unwrap_or_default());
        sink.name("is_interim");
        sink.bool(self.is_interim);
        sink.end_object();
    }
}

// === impl PartitionScore ===

impl PartitionScore {
    fn write(&self, sink: &mut (impl Sink + ?Sized)) {
        sink.start_object();
        super::write_text(sink, "partition_field_name", self.partition_field_name.as_ref());
        super::write_text(sink, "partition_field_value", self.partition_field_value.as_ref());
        sink.name("initial_record_score");
        sink.double(self.initial_record_score);
        sink.name("record_score");
        sink.double(self.record_score);
        sink.name("probability");
        sink.double(self.probability);
        sink.end_object();
    }
}
