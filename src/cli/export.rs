//! `mlgate export`: writes results into a file. It is a copy whose target is that file.

use std::path::PathBuf;

use super::{
    copy::{FromAccount, How, Task},
    endpoint::{Account, Endpoint},
};
use crate::{
    config::Settings,
    transfer::{plan::Chosen, target::FileFormat},
};

#[derive(Debug, clap::Args)]
pub(super) struct Export {
    #[command(flatten)]
    pub settings: Settings,
    /// Where the results are: a cluster's address, or embedded for the store
    #[arg(long, value_name = "URL|embedded", default_value = "embedded")]
    from: Endpoint,
    #[command(flatten)]
    source: FromAccount,
    /// What stands in the file
    #[arg(long, value_enum, default_value = "ndjson")]
    format: FileFormat,
    #[command(flatten)]
    how: How,
    /// Do not read both sides once more at the end to compare them; a table never is
    #[arg(long)]
    no_verify: bool,
    /// The file, which must not be there yet
    file: PathBuf,
}

// === impl Export ===

impl Export {
    pub async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let Self { from, source, format, how, no_verify, file, .. } = self;
        let source = from.source(settings, source.account(), &how)?;
        let target = Account { side: "to", username: None, password: None, ca: None };
        let task =
            Task { settings, from, to: Endpoint::File(file), source, target, how: &how, format, verify: !no_verify };
        task.run(&Chosen::parse(&how.jobs)?).await
    }
}
