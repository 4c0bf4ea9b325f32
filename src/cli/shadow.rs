//! `mlgate shadow report`: what shadow mode found.

use std::{
    io::{Write as _, stdout},
    path::PathBuf,
};

use anyhow::{Context as _, bail};

use crate::{config::Settings, modes::report::Report, observe::one_line::escape};

#[derive(Debug, clap::Args)]
pub(super) struct ShadowCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Show the differences by job and kind, each with its first example
    Report(ReportCommand),
}

#[derive(Debug, clap::Args)]
struct ReportCommand {
    /// The file of differences [default: `shadow_log` of the configuration]
    #[arg(long, env = "MLGATE_SHADOW_LOG", value_name = "FILE")]
    log: Option<PathBuf>,
    /// Show JSON
    #[arg(long)]
    json: bool,
    /// Fail where anything differs, or nothing was compared
    #[arg(long)]
    strict: bool,
}

// === impl ShadowCommand ===

impl ShadowCommand {
    pub fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let What::Report(ReportCommand { log, json, strict }) = self.what;
        let file = log.or_else(|| settings.shadow_log.clone()).context("shadow_log: must be set, or --log")?;
        let report = Report::read(&file)?;
        if json {
            writeln!(stdout(), "{}", escape(&serde_json::to_string(&report)?))?;
        } else {
            write!(stdout(), "{}", report.text())?;
        }
        if strict && report.differs() {
            bail!("{} of {} answers differ", report.different, report.equal + report.different);
        }
        if strict && report.equal == 0 {
            bail!("nothing was compared");
        }
        Ok(())
    }
}
