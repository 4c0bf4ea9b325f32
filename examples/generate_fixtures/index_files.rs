//! What has to stand beside the results: the jobs' configurations and the aliases of their indices.

use std::collections::BTreeMap;

use crate::job::{Detector, Job, SHARED};
use crate::json::{Json, Object};
use crate::number::Style;

/// Creation time of all jobs, 2016-02-01T00:00:00Z.
const CREATED: i64 = 1_454_284_800_000;

/// The bulk file for `.ml-config`.
pub fn configurations(jobs: &[Job]) -> String {
    let lines = jobs.iter().flat_map(|job| {
        let target = Object::new().with("_index", ".ml-config").with("_id", format!("anomaly_detector-{}", job.id));
        [Object::new().with("index", target), configuration(job)]
    });
    lines.map(|line| Json::from(line).to_text(Style::Java) + "\n").collect()
}

fn configuration(job: &Job) -> Object {
    let detectors = job.detectors.iter().zip(0_i64..).map(|(detector, index)| describe(detector, index)).collect();
    let analysis = Object::new()
        .with("bucket_span", span(job.span))
        .with_some("categorization_field_name", job.categorization)
        .with("detectors", Json::List(detectors))
        .with("influencers", job.influencers.clone())
        .with("model_prune_window", "30d");
    let limits = Object::new().with("model_memory_limit", "11mb").with("categorization_examples_limit", 4_i64);
    let index = job.indices.first().copied().unwrap_or(SHARED);
    Object::new()
        .with("job_id", job.id)
        .with("job_type", "anomaly_detector")
        .with("job_version", "8.19.0")
        .with("create_time", CREATED)
        .with("description", job.description)
        .with("analysis_config", analysis)
        .with("analysis_limits", limits)
        .with("data_description", Object::new().with("time_field", "timestamp").with("time_format", "epoch_ms"))
        .with("model_plot_config", Object::new().with("enabled", false).with("annotations_enabled", false))
        .with("model_snapshot_retention_days", 10_i64)
        .with("daily_model_snapshot_retention_after_days", 1_i64)
        .with("results_index_name", index.trim_start_matches(".ml-anomalies-"))
        .with("allow_lazy_open", false)
}

fn describe(detector: &Detector, index: i64) -> Json {
    let Detector { function, field, by, over, partition } = *detector;
    let mut description = match field {
        Some(field) => format!("{function}({field})"),
        None => function.to_owned(),
    };
    for (keyword, name) in [("by", by), ("over", over), ("partitionfield=", partition)] {
        if let Some(name) = name {
            let space = if keyword.ends_with('=') { "" } else { " " };
            description.push_str(&format!(" {keyword}{space}{name}"));
        }
    }
    Object::new()
        .with("detector_description", description)
        .with("function", function)
        .with_some("field_name", field)
        .with_some("by_field_name", by)
        .with_some("over_field_name", over)
        .with_some("partition_field_name", partition)
        .with("detector_index", index)
        .into()
}

/// A bucket span as configurations give it: `300` is `5m`.
fn span(seconds: i64) -> String {
    match seconds {
        _ if seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        _ if seconds % 60 == 0 => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}

/// The body of `POST _aliases`: results are read through a filter on the job, and written to its newest index.
pub fn aliases(jobs: &[Job]) -> String {
    let actions = jobs.iter().filter(|job| job.aliased).flat_map(|job| {
        let read = job.indices.iter().map(|index| add(read_alias(job, index)));
        let write = job.indices.last().map(|index| add(write_alias(job, index)));
        read.chain(write).collect::<Vec<_>>()
    });
    let lines: Vec<String> = actions.map(|action| format!("    {}", Json::from(action).to_text(Style::Java))).collect();
    format!("{{\n  \"actions\": [\n{}\n  ]\n}}\n", lines.join(",\n"))
}

/// The same aliases as `GET _alias` answers, in one line, which is how elasticdump keeps them.
pub fn alias_dump(jobs: &[Job]) -> String {
    let mut indices: BTreeMap<&str, Object> = BTreeMap::new();
    for job in jobs.iter().filter(|job| job.aliased) {
        for index in &job.indices {
            let filter = Object::new().with("term", Object::new().with("job_id", Object::new().with("value", job.id)));
            let options = Object::new().with("filter", filter).with("is_hidden", true);
            let aliases = indices.remove(index).unwrap_or_default();
            indices.insert(index, aliases.with(format!(".ml-anomalies-{}", job.id), options));
        }
        if let Some(index) = job.indices.last() {
            let options = Object::new().with("is_write_index", true).with("is_hidden", true);
            let aliases = indices.remove(index).unwrap_or_default();
            indices.insert(index, aliases.with(format!(".ml-anomalies-.write-{}", job.id), options));
        }
    }
    let dump = indices
        .into_iter()
        .fold(Object::new(), |dump, (index, aliases)| dump.with(index, Object::new().with("aliases", aliases)));
    Json::from(dump).to_text(Style::Java) + "\n"
}

fn add(alias: Object) -> Object {
    Object::new().with("add", alias)
}

fn read_alias(job: &Job, index: &str) -> Object {
    let job_id = Object::new().with("job_id", Object::new().with("value", job.id));
    Object::new()
        .with("index", index)
        .with("alias", format!(".ml-anomalies-{}", job.id))
        .with("filter", Object::new().with("term", job_id))
        .with("is_hidden", true)
}

fn write_alias(job: &Job, index: &str) -> Object {
    Object::new()
        .with("index", index)
        .with("alias", format!(".ml-anomalies-.write-{}", job.id))
        .with("is_write_index", true)
        .with("is_hidden", true)
}
