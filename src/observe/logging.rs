//! Where the log goes, and how it looks.

use std::{
    io::{self, IsTerminal as _},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use elasticsearch::http::Url;
use serde::{Deserialize, Serialize};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    fmt::MakeWriter,
    layer::SubscriberExt as _,
    reload::{self, Handle},
    util::SubscriberInitExt as _,
};

use super::{one_line::OneLine, traces};
use crate::config::Settings;

/// Variables that overrule `log_level`, the first one first.
const VARIABLES: [&str; 2] = ["MLGATE_LOG", "RUST_LOG"];

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people
    #[default]
    Human,
    /// One JSON object a line
    Json,
}

/// Logging, checked.
#[derive(Debug, Clone)]
pub struct Logging {
    pub format: LogFormat,
    /// Directives as of `tracing_subscriber::EnvFilter`.
    pub level: String,
    /// Where spans go.
    pub otlp_endpoint: Option<Url>,
}

/// The log while it is written.
pub struct Log {
    level: Handle<EnvFilter, Registry>,
    spans: Mutex<Option<traces::Spans>>,
}

// === impl Logging ===

impl Logging {
    /// Checks the settings about logging.
    ///
    /// # Errors
    /// What is wrong with them, naming the key.
    pub fn of(settings: &Settings) -> anyhow::Result<Self> {
        let level = settings.log_level.clone().unwrap_or_else(|| "info".to_owned());
        filter(&level).context("log_level")?;
        let overruling = VARIABLES.into_iter().find_map(|name| Some((name, std::env::var(name).ok()?)));
        if let Some((name, level)) = &overruling {
            filter(level).context(*name)?;
        }
        let level = overruling.map_or(level, |(_, level)| level);
        let otlp_endpoint =
            settings.otlp_endpoint.as_deref().map(traces::endpoint).transpose().context("otlp_endpoint")?;
        Ok(Self { format: settings.log_format.unwrap_or_default(), level, otlp_endpoint })
    }

    /// Writes the log of this process from now on, to standard error.
    ///
    /// # Errors
    /// Where it is written already, or spans cannot be sent.
    pub fn start(&self) -> anyhow::Result<Log> {
        let (filter, level) = reload::Layer::new(filter(&self.level)?);
        let lines = tracing_subscriber::fmt::layer()
            // A log that cannot be written is no reason to fail.
            .log_internal_errors(false);
        let lines: Box<dyn Layer<Registry> + Send + Sync> = match self.format {
            LogFormat::Human if io::stderr().is_terminal() => lines.with_writer(io::stderr).boxed(),
            LogFormat::Human => lines.with_ansi(false).with_writer(StandardError).boxed(),
            LogFormat::Json => {
                let lines = lines.json().flatten_event(true).with_span_list(false);
                lines.with_writer(StandardError).boxed()
            }
        };
        let mut layers = vec![lines.with_filter(filter).boxed()];
        let mut spans = None;
        if let Some(endpoint) = &self.otlp_endpoint {
            let (layer, sending) = traces::layer(endpoint)?;
            layers.push(layer);
            spans = Some(sending);
        }
        tracing_subscriber::registry().with(layers).try_init()?;
        Ok(Log { level, spans: Mutex::new(spans) })
    }
}

// === impl Log ===

impl Log {
    /// Logs what these directives say from now on.
    ///
    /// # Errors
    /// Where they are none.
    pub fn set_level(&self, level: &str) -> anyhow::Result<()> {
        Ok(self.level.reload(filter(level)?)?)
    }

    /// Sends what is left to send.
    pub async fn end(&self) {
        let spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(spans) = spans {
            spans.end().await;
        }
    }
}

/// Standard error, one event a line.
struct StandardError;

impl<'a> MakeWriter<'a> for StandardError {
    type Writer = OneLine<io::StderrLock<'a>>;

    fn make_writer(&'a self) -> Self::Writer {
        OneLine(io::stderr().lock())
    }
}

/// The filter that directives describe. A word alone must be a level: as a module's name it would switch all else off.
fn filter(directives: &str) -> anyhow::Result<EnvFilter> {
    for word in directives.split(',').map(str::trim).filter(|word| !word.contains(['=', '['])) {
        if word.is_empty() || word.parse::<LevelFilter>().is_err() {
            bail!(
                "[{word}] must be off, error, warn, info, debug or trace, or name a part of the program as mlgate::request=off"
            );
        }
    }
    EnvFilter::builder().parse(directives).with_context(|| format!("[{directives}]"))
}

#[cfg(test)]
mod tests {
    use super::filter;

    #[test]
    fn directives() {
        for good in ["info", "warn,mlgate::request=off", "info,mlgate=debug", "off", "info,[request]=trace"] {
            assert!(filter(good).is_ok(), "{good}");
        }
        for bad in ["verbose", "", "info,", "mlgate", "mlgate=loud", "info,[request=trace"] {
            assert!(filter(bad).is_err(), "{bad}");
        }
    }
}
