//! `mlgate get-buckets`: shows the buckets of a job without a server.

use std::io::{Write as _, stdout};

use anyhow::anyhow;
use clap::ValueEnum;
use serde_json::Value;

use super::{existing, operator};
use crate::{
    assemble::open,
    config::{Config, Results, Settings},
    error::Error,
    privileges::Permit,
    rest::{Parameters, RestRequest},
    results::{
        documents::Style,
        get_buckets::{get_buckets, page::Page, request::GetBuckets},
        job_id::JobId,
    },
    spool::Spools,
    xcontent::render::Form,
};

/// The columns of tables and CSV.
const COLUMNS: [&str; 7] = [
    "timestamp_string",
    "anomaly_score",
    "initial_anomaly_score",
    "event_count",
    "is_interim",
    "bucket_span",
    "processing_time_ms",
];

#[derive(Debug, clap::Args)]
pub(super) struct GetBucketsCommand {
    #[command(flatten)]
    pub settings: Settings,
    /// The job
    job: String,
    /// Only the bucket of this time
    #[arg(long)]
    timestamp: Option<String>,
    /// Earliest time, inclusive
    #[arg(long)]
    start: Option<String>,
    /// Latest time, exclusive
    #[arg(long)]
    end: Option<String>,
    /// Least score
    #[arg(long)]
    anomaly_score: Option<String>,
    #[arg(long)]
    from: Option<String>,
    #[arg(long)]
    size: Option<String>,
    #[arg(long)]
    sort: Option<String>,
    /// Greatest first
    #[arg(long)]
    desc: bool,
    /// Also the records
    #[arg(long)]
    expand: bool,
    #[arg(long)]
    exclude_interim: bool,
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    Table,
    Json,
    Ndjson,
    Csv,
}

// === impl GetBucketsCommand ===

impl GetBucketsCommand {
    pub async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let config = Config::of(settings)?;
        let failed = |error: Error| anyhow!("{error}");
        let mut parameters = Parameters::default();
        let options = [
            ("start", self.start),
            ("end", self.end),
            ("anomaly_score", self.anomaly_score),
            ("from", self.from),
            ("size", self.size),
            ("sort", self.sort),
            ("desc", self.desc.then(String::new)),
            ("expand", self.expand.then(String::new)),
            ("exclude_interim", self.exclude_interim.then(String::new)),
        ];
        for (name, value) in options {
            if let Some(value) = value {
                parameters.insert(name, value);
            }
        }
        let rest = RestRequest::new("", parameters, self.job.clone(), self.timestamp, bytes::Bytes::new());
        let request = GetBuckets::read(&rest, None).map_err(failed)?;
        let permit = Permit::of_operator(JobId::parse(&self.job)?, operator(settings)?);
        let style = Style { human: true, ..Style::default() };
        if let Results::Embedded(file) = &config.results {
            existing(file)?;
        }
        let page = Page::new(permit.job(), Form::json(), style, &Spools::default());
        let found = get_buckets(&*open(config.results)?.store, &permit, &request, page).await.map_err(failed)?;
        let document = found.into_bytes()?;
        let document: Value = serde_json::from_slice(&document)?;
        print(&document, self.output)
    }
}

fn print(document: &Value, output: Output) -> anyhow::Result<()> {
    let buckets = document["buckets"].as_array().map(Vec::as_slice).unwrap_or_default();
    let row = |bucket: &Value| COLUMNS.map(|column| plain(&bucket[column]));
    match output {
        Output::Json => writeln!(stdout(), "{}", serde_json::to_string_pretty(document)?)?,
        Output::Ndjson => {
            for bucket in buckets {
                writeln!(stdout(), "{bucket}")?;
            }
        }
        Output::Csv => {
            let mut writer = csv::Writer::from_writer(stdout());
            writer.write_record(COLUMNS)?;
            for bucket in buckets {
                writer.write_record(row(bucket))?;
            }
            writer.flush()?;
        }
        Output::Table => {
            let mut table = comfy_table::Table::new();
            table.set_header(COLUMNS);
            table.add_rows(buckets.iter().map(row));
            writeln!(stdout(), "{table}\n{} of {} buckets", buckets.len(), document["count"])?;
        }
    }
    Ok(())
}

/// A cell. Text of documents is shown without control characters, and never as a spreadsheet's formula.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => {
            let shown: String = text.chars().filter(|c| !c.is_control()).collect();
            if shown.starts_with(['=', '+', '-', '@']) { format!("'{shown}") } else { shown }
        }
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
