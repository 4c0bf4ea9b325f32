//! Records, their causes, and influencers.

use super::{Document, Frame};
use crate::anomaly::Anomaly;
use crate::ids::values_to_id;
use crate::json::Object;

/// A field and the value that it had.
pub type Field = (&'static str, String);

/// A field and the values of it that drove an anomaly.
#[derive(Clone)]
pub struct Influence {
    pub field: &'static str,
    pub values: Vec<String>,
}

/// Latitude and longitude in degrees.
pub type Point = (f64, f64);

/// What a record tells of itself, and a population's record of each of its causes.
#[derive(Clone, Default)]
pub struct Finding {
    pub function: &'static str,
    pub description: &'static str,
    pub metric: Option<&'static str>,
    pub by: Option<Field>,
    pub correlated_by: Option<String>,
    pub over: Option<Field>,
    pub partition: Option<Field>,
    pub typical: Vec<f64>,
    pub actual: Vec<f64>,
    /// Typical and actual point of a `lat_long` detector.
    pub points: Option<(Point, Point)>,
    pub influences: Vec<Influence>,
}

pub struct Record {
    pub detector: i64,
    pub anomaly: Anomaly,
    /// Between -5 (this bucket alone) and 5 (many buckets).
    pub multi_bucket_impact: Option<f64>,
    pub finding: Finding,
    pub causes: Vec<Object>,
    pub explanation: Option<Object>,
    pub event: Option<Object>,
}

impl Record {
    pub fn new(detector: i64, anomaly: Anomaly, finding: Finding) -> Self {
        Self {
            detector,
            anomaly,
            multi_bucket_impact: None,
            finding,
            causes: Vec::new(),
            explanation: None,
            event: None,
        }
    }

    pub fn document(self, frame: &Frame) -> Document {
        let finding = &self.finding;
        let values = [&finding.by, &finding.over, &finding.partition].into_iter().flatten();
        let hash = values_to_id(values.map(|(_, value)| value.as_str()));
        let head = Object::new()
            .with("job_id", frame.job)
            .with("result_type", "record")
            .with("probability", self.anomaly.probability)
            .with_some("multi_bucket_impact", self.multi_bucket_impact)
            .with("record_score", self.anomaly.score)
            .with("initial_record_score", self.anomaly.initial_score)
            .with("bucket_span", frame.span)
            .with("detector_index", self.detector)
            .with("is_interim", frame.interim)
            .with("timestamp", frame.timestamp);
        let body = finding
            .describe(head)
            .with_any("causes", self.causes)
            .with_any("influencers", finding.influencers())
            .with_some("geo_results", finding.geo_results())
            .with_some("anomaly_score_explanation", self.explanation)
            .with_some("event", self.event);
        Document::new(format!("{}_{}_{hash}", frame.id("record"), self.detector), finding.with_inputs(body))
    }
}

impl Finding {
    /// One element of `causes`.
    pub fn cause(&self, probability: f64) -> Object {
        self.describe(Object::new().with("probability", probability))
            .with_any("influencers", self.influencers())
            .with_some("geo_results", self.geo_results())
    }

    fn describe(&self, object: Object) -> Object {
        let object = named(object, "by", self.by.as_ref());
        let object = object.with_some("correlated_by_field_value", self.correlated_by.as_ref());
        let object = named(object, "partition", self.partition.as_ref())
            .with("function", self.function)
            .with("function_description", self.description)
            .with_any("typical", self.typical.clone())
            .with_any("actual", self.actual.clone())
            .with_some("field_name", self.metric);
        named(object, "over", self.over.as_ref())
    }

    fn influencers(&self) -> Vec<Object> {
        let object = |influence: &Influence| {
            Object::new()
                .with("influencer_field_name", influence.field)
                .with("influencer_field_values", influence.values.clone())
        };
        self.influences.iter().map(object).collect()
    }

    fn geo_results(&self) -> Option<Object> {
        let (typical, actual) = self.points?;
        Some(Object::new().with("typical_point", degrees(typical)).with("actual_point", degrees(actual)))
    }

    /// The values once more under the names of their own fields, for those who filter dashboards by them.
    fn with_inputs(&self, object: Object) -> Object {
        let mut inputs: Vec<Influence> = Vec::new();
        let fields = [&self.by, &self.over, &self.partition].into_iter().flatten();
        let values = fields.map(|(field, value)| (*field, value)).chain(
            self.influences.iter().flat_map(|influence| influence.values.iter().map(|value| (influence.field, value))),
        );
        for (field, value) in values {
            match inputs.iter_mut().find(|input| input.field == field) {
                Some(input) if input.values.contains(value) => {}
                Some(input) => input.values.push(value.clone()),
                None => inputs.push(Influence { field, values: vec![value.clone()] }),
            }
        }
        inputs.into_iter().fold(object, |object, input| object.with(input.field, input.values))
    }
}

/// `<role>_field_name` and `<role>_field_value`.
fn named(object: Object, role: &str, field: Option<&Field>) -> Object {
    match field {
        Some((name, value)) => {
            object.with(format!("{role}_field_name"), *name).with(format!("{role}_field_value"), value)
        }
        None => object,
    }
}

/// Twelve decimals each, as Elastic writes them.
fn degrees((latitude, longitude): Point) -> String {
    format!("{latitude:.12},{longitude:.12}")
}

/// A field's value that mattered in a bucket.
pub fn influencer(frame: &Frame, (field, value): &Field, anomaly: Anomaly) -> Document {
    let id = format!("{}_{field}_{}", frame.id("influencer"), values_to_id([value.as_str()]));
    let body = Object::new()
        .with("job_id", frame.job)
        .with("result_type", "influencer")
        .with("influencer_field_name", *field)
        .with("influencer_field_value", value)
        .with(*field, value)
        .with("influencer_score", anomaly.score)
        .with("initial_influencer_score", anomaly.initial_score)
        .with("probability", anomaly.probability)
        .with("bucket_span", frame.span)
        .with("is_interim", frame.interim)
        .with("timestamp", frame.timestamp);
    Document::new(id, body)
}
