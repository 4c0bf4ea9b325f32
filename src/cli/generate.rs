//! `mlgate generate`: files for those who package mlgate.

use std::{io::stdout, path::PathBuf};

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;

#[derive(Debug, clap::Args)]
pub(super) struct Generate {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Write manual pages, one a command, into a folder
    Man { folder: PathBuf },
    /// Print what a shell needs to complete commands
    Completions { shell: Shell },
}

// === impl Generate ===

impl Generate {
    pub fn run(self) -> anyhow::Result<()> {
        let mut command: Command = Cli::command();
        match self.what {
            What::Man { folder } => std::fs::create_dir_all(&folder)
                .and_then(|()| clap_mangen::generate_to(command, &folder))
                .with_context(|| folder.display().to_string()),
            What::Completions { shell } => {
                clap_complete::generate(shell, &mut command, "mlgate", &mut stdout());
                Ok(())
            }
        }
    }
}
