//! What makes up a record: influences, causes, locations and the explanation of its score.

use super::{write_list, write_text};
use crate::xcontent::{
    Sink,
    object::{Field, ObjectParser, Unknown, accepts, each, require, strings},
    parser::{self, Parser, Refusal, Token},
};

/// The fields that a record and each of its causes share. Each is written only where it was stored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Description {
    pub by_field_name: Option<String>,
    pub by_field_value: Option<String>,
    pub correlated_by_field_value: Option<String>,
    pub partition_field_name: Option<String>,
    pub partition_field_value: Option<String>,
    pub function: Option<String>,
    pub function_description: Option<String>,
    pub typical: Option<Vec<f64>>,
    pub actual: Option<Vec<f64>>,
    pub field_name: Option<String>,
    pub over_field_name: Option<String>,
    pub over_field_value: Option<String>,
}

/// The values of one field that influenced a record.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Influence {
    pub field_name: Option<String>,
    pub field_values: Option<Vec<String>>,
}

/// One of the causes of a population record.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cause {
    probability: f64,
    description: Description,
    influencers: Option<Vec<Influence>>,
    geo_results: Option<GeoResults>,
}

/// Points of a geographic detector, as `latitude,longitude`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GeoResults {
    typical_point: Option<String>,
    actual_point: Option<String>,
}

/// Why a record scored as it did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Explanation {
    anomaly_type: Option<String>,
    /// Length, then the impacts: single bucket, multi bucket, characteristics.
    impacts: [Option<i32>; 4],
    /// Lower confidence bound, typical value, upper confidence bound.
    values: [Option<f64>; 3],
    /// High variance, incomplete bucket, multimodal distribution.
    flags: [Option<bool>; 3],
    /// Relative rarity of the by-field's value, 8.8 and later.
    by_field_relative_rarity: Option<f64>,
    by_field_first_occurrence: Option<bool>,
}

/// Declares the shared fields for a type that holds a [`Description`].
macro_rules! description_fields {
    ($($own:expr),* $(,)?) => {
        &[
            $($own,)*
            text!("by_field_name", by_field_name),
            text!("by_field_value", by_field_value),
            text!("correlated_by_field_value", correlated_by_field_value),
            text!("partition_field_name", partition_field_name),
            text!("partition_field_value", partition_field_value),
            text!("function", function),
            text!("function_description", function_description),
            Field { name: "typical", accepts: accepts::NUMBERS, read: |p, t| doubles(p).map(|v| t.description.typical = Some(v)) },
            Field { name: "actual", accepts: accepts::NUMBERS, read: |p, t| doubles(p).map(|v| t.description.actual = Some(v)) },
            text!("field_name", field_name),
            text!("over_field_name", over_field_name),
            text!("over_field_value", over_field_value),
        ]
    };
}

macro_rules! text {
    ($name:literal, $field:ident) => {
        Field {
            name: $name,
            accepts: accepts::STRING,
            read: |p, t| parser::string(p).map(|v| t.description.$field = Some(v)),
        }
    };
}

pub(super) use {description_fields, text};

const INFLUENCE: ObjectParser<Influence> = ObjectParser {
    name: "influencer",
    unknown: Unknown::Skip,
    fields: &[
        Field {
            name: "influencer_field_name",
            accepts: accepts::STRING,
            read: |p, i| parser::string(p).map(|v| i.field_name = Some(v)),
        },
        Field {
            name: "influencer_field_values",
            accepts: accepts::STRINGS,
            read: |p, i| strings(p).map(|v| i.field_values = Some(v)),
        },
    ],
};

const CAUSE: ObjectParser<Cause> = ObjectParser {
    name: "anomaly_cause",
    unknown: Unknown::Skip,
    fields: description_fields![
        Field {
            name: "probability",
            accepts: accepts::NUMBER,
            read: |p, c| parser::double(p).map(|v| c.probability = v)
        },
        Field {
            name: "influencers",
            accepts: accepts::OBJECTS,
            read: |p, c| influences(p).map(|v| c.influencers = Some(v))
        },
        Field {
            name: "geo_results",
            accepts: accepts::OBJECT,
            read: |p, c| GeoResults::read(p).map(|v| c.geo_results = Some(v))
        },
    ],
};

const GEO_RESULTS: ObjectParser<GeoResults> = ObjectParser {
    name: "geo_results",
    unknown: Unknown::Skip,
    fields: &[
        Field {
            name: "actual_point",
            accepts: accepts::STRING,
            read: |p, g| parser::string(p).map(|v| g.actual_point = Some(v)),
        },
        Field {
            name: "typical_point",
            accepts: accepts::STRING,
            read: |p, g| parser::string(p).map(|v| g.typical_point = Some(v)),
        },
    ],
};

const IMPACTS: [&str; 4] =
    ["anomaly_length", "single_bucket_impact", "multi_bucket_impact", "anomaly_characteristics_impact"];
const VALUES: [&str; 3] = ["lower_confidence_bound", "typical_value", "upper_confidence_bound"];
const FLAGS: [&str; 3] = ["high_variance_penalty", "incomplete_bucket_penalty", "multimodal_distribution"];

const EXPLANATION: ObjectParser<Explanation> = ObjectParser {
    name: "anomaly_score_explanation",
    unknown: Unknown::Skip,
    fields: &[
        Field {
            name: "anomaly_type",
            accepts: accepts::STRING,
            read: |p, e| parser::string(p).map(|v| e.anomaly_type = Some(v)),
        },
        Field {
            name: IMPACTS[0],
            accepts: accepts::NUMBER,
            read: |p, e| parser::int(p).map(|v| e.impacts[0] = Some(v)),
        },
        Field {
            name: IMPACTS[1],
            accepts: accepts::NUMBER,
            read: |p, e| parser::int(p).map(|v| e.impacts[1] = Some(v)),
        },
        Field {
            name: IMPACTS[2],
            accepts: accepts::NUMBER,
            read: |p, e| parser::int(p).map(|v| e.impacts[2] = Some(v)),
        },
        Field {
            name: IMPACTS[3],
            accepts: accepts::NUMBER,
            read: |p, e| parser::int(p).map(|v| e.impacts[3] = Some(v)),
        },
        Field {
            name: VALUES[0],
            accepts: accepts::NUMBER,
            read: |p, e| parser::double(p).map(|v| e.values[0] = Some(v)),
        },
        Field {
            name: VALUES[1],
            accepts: accepts::NUMBER,
            read: |p, e| parser::double(p).map(|v| e.values[1] = Some(v)),
        },
        Field {
            name: VALUES[2],
            accepts: accepts::NUMBER,
            read: |p, e| parser::double(p).map(|v| e.values[2] = Some(v)),
        },
        Field {
            name: FLAGS[0],
            accepts: accepts::BOOLEAN,
            read: |p, e| parser::boolean(p).map(|v| e.flags[0] = Some(v)),
        },
        Field {
            name: FLAGS[1],
            accepts: accepts::BOOLEAN,
            read: |p, e| parser::boolean(p).map(|v| e.flags[1] = Some(v)),
        },
        Field {
            name: FLAGS[2],
            accepts: accepts::BOOLEAN,
            read: |p, e| parser::boolean(p).map(|v| e.flags[2] = Some(v)),
        },
        Field {
            name: "by_field_first_occurrence",
            accepts: accepts::BOOLEAN,
            read: |p, e| parser::boolean(p).map(|v| e.by_field_first_occurrence = Some(v)),
        },
        Field {
            name: "by_field_relative_rarity",
            accepts: accepts::NUMBER,
            read: |p, e| parser::double(p).map(|v| e.by_field_relative_rarity = Some(v)),
        },
    ],
};

/// A list of numbers; a single one is a list of one.
pub(super) fn doubles(parser: &mut dyn Parser) -> Result<Vec<f64>, Refusal> {
    let mut list = Vec::new();
    each(parser, |parser| {
        if !matches!(parser.current(), Some(Token::Number | Token::String)) {
            return Err(parser.not_numeric());
        }
        parser::double(parser).map(|value| list.push(value))
    })?;
    Ok(list)
}

/// A list of influences.
pub(super) fn influences(parser: &mut dyn Parser) -> Result<Vec<Influence>, Refusal> {
    let mut list = Vec::new();
    each(parser, |parser| Influence::read(parser).map(|influence| list.push(influence)))?;
    Ok(list)
}

// === impl Description ===

impl Description {
    /// Writes the fields that are there, in Elastic's order.
    pub(super) fn write(&self, sink: &mut (impl Sink + ?Sized)) {
        write_text(sink, "by_field_name", self.by_field_name.as_ref());
        write_text(sink, "by_field_value", self.by_field_value.as_ref());
        write_text(sink, "correlated_by_field_value", self.correlated_by_field_value.as_ref());
        write_text(sink, "partition_field_name", self.partition_field_name.as_ref());
        write_text(sink, "partition_field_value", self.partition_field_value.as_ref());
        write_text(sink, "function", self.function.as_ref());
        write_text(sink, "function_description", self.function_description.as_ref());
        for (name, values) in [("typical", &self.typical), ("actual", &self.actual)] {
            if let Some(values) = values {
                write_list(sink, name, values, |sink, value| sink.double(*value));
            }
        }
        write_text(sink, "field_name", self.field_name.as_ref());
        write_text(sink, "over_field_name", self.over_field_name.as_ref());
        write_text(sink, "over_field_value", self.over_field_value.as_ref());
    }
}

// === impl Influence ===

impl Influence {
    fn read(parser: &mut dyn Parser) -> Result<Self, Refusal> {
        let mut influence = Self::default();
        INFLUENCE.read(parser, &mut influence)?;
        require(&[
            ("influencer_field_name", influence.field_name.is_some()),
            ("influencer_field_values", influence.field_values.is_some()),
        ])?;
        Ok(influence)
    }

    pub(super) fn write(&self, sink: &mut (impl Sink + ?Sized)) {
        sink.start_object();
        write_text(sink, "influencer_field_name", self.field_name.as_ref());
        if let Some(values) = &self.field_values {
            write_list(sink, "influencer_field_values", values, |sink, value| sink.string(value));
        }
        sink.end_object();
    }
}

// === impl Cause ===

impl Cause {
    pub(super) fn read(parser: &mut dyn Parser) -> Result<Self, Refusal> {
        let mut cause = Self::default();
        CAUSE.read(parser, &mut cause)?;
        Ok(cause)
    }

    pub(super) fn write(&self, sink: &mut (impl Sink + ?Sized)) {
        sink.start_object();
        sink.name("probability");
        sink.double(self.probability);
        self.description.write(sink);
        if let Some(influencers) = &self.influencers {
            write_list(sink, "influencers", influencers, |sink, influence| influence.write(sink));
        }
        if let Some(geo_results) = &self.geo_results {
            geo_results.write(sink);
        }
        sink.end_object();
    }
}

// === impl GeoResults ===

impl GeoResults {
    pub(super) fn read(parser: &mut dyn Parser) -> Result<Self, Refusal> {
        let mut results = Self::default();
        GEO_RESULTS.read(parser, &mut results)?;
        Ok(results)
    }

    pub(super) fn write(&self, sink: &mut (impl Sink + ?Sized)) {
        sink.name("geo_results");
        sink.start_object();
        write_text(sink, "typical_point", self.typical_point.as_ref());
        write_text(sink, "actual_point", self.actual_point.as_ref());
        sink.end_object();
    }
}

// === impl Explanation ===

impl Explanation {
    pub(super) fn read(parser: &mut dyn Parser) -> Result<Self, Refusal> {
        let mut explanation = Self::default();
        EXPLANATION.read(parser, &mut explanation)?;
        Ok(explanation)
    }

    pub(super) fn write(&self, sink: &mut (impl Sink + ?Sized)) {
        sink.name("anomaly_score_explanation");
        sink.start_object();
        write_text(sink, "anomaly_type", self.anomaly_type.as_ref());
        for (name, value) in IMPACTS.iter().zip(self.impacts) {
            if let Some(value) = value {
                sink.name(name);
                sink.long(value.into());
            }
        }
        let doubles = VALUES.iter().copied().zip(self.values);
        for (name, value) in doubles {
            write_double(sink, name, value);
        }
        let flags = FLAGS.iter().copied().zip(self.flags);
        for (name, value) in flags.chain([("by_field_first_occurrence", self.by_field_first_occurrence)]) {
            if let Some(value) = value {
                sink.name(name);
                sink.bool(value);
            }
        }
        write_double(sink, "by_field_relative_rarity", self.by_field_relative_rarity);
        sink.end_object();
    }
}

fn write_double(sink: &mut (impl Sink + ?Sized), name: &str, value: Option<f64>) {
    if let Some(value) = value {
        sink.name(name);
        sink.double(value);
    }
}
