//! How bad a thing looks: a probability and the scores that go with it.

use crate::json::Object;
use crate::random::Random;

#[derive(Clone, Copy)]
pub enum Severity {
    Slight,
    Warning,
    Minor,
    Major,
    Critical,
}

#[derive(Clone, Copy)]
pub struct Anomaly {
    pub probability: f64,
    /// What the score is now, after renormalisation.
    pub score: f64,
    /// What the score was when the result was first written.
    pub initial_score: f64,
    pub raw_score: f64,
}

impl Anomaly {
    pub fn draw(random: &mut Random, severity: Severity) -> Self {
        let (exponents, scores) = match severity {
            Severity::Slight => ((2, 4), (0.008, 3.0)),
            Severity::Warning => ((3, 7), (3.0, 25.0)),
            Severity::Minor => ((6, 13), (25.0, 50.0)),
            Severity::Major => ((12, 41), (50.0, 75.0)),
            Severity::Critical => ((40, 301), (80.0, 99.0)),
        };
        let probability = {
            let exponent = random.integer(exponents.0, exponents.1);
            random.probability(exponent)
        };
        let score = random.between(scores.0, scores.1);
        let renormalised = random.once_in(3);
        let initial_score = if renormalised { (score * random.between(0.8, 1.25)).min(100.0) } else { score };
        Self { probability, score, initial_score, raw_score: score / random.between(20.0, 45.0) }
    }
}

/// `anomaly_score_explanation`, as written from 8.6 on: members appear only when they have something to say.
pub fn explanation(random: &mut Random, typical: f64, actual: f64) -> Object {
    let width = typical * random.between(0.05, 0.4) + 1.0;
    let multi_bucket = random.once_in(3).then(|| random.integer(1, 60));
    Object::new()
        .with_some("anomaly_type", (actual != typical).then_some(if actual > typical { "spike" } else { "dip" }))
        .with("anomaly_length", random.integer(1, 12))
        .with("single_bucket_impact", random.integer(1, 90))
        .with_some("multi_bucket_impact", multi_bucket)
        .with_some("anomaly_characteristics_impact", random.once_in(2).then(|| random.integer(1, 8)))
        .with("lower_confidence_bound", typical - width)
        .with("typical_value", typical)
        .with("upper_confidence_bound", typical + width)
        .with_some("high_variance_penalty", random.once_in(6).then_some(true))
        .with_some("incomplete_bucket_penalty", random.once_in(8).then_some(true))
        .with_some("multimodal_distribution", random.once_in(5).then_some(true))
}
