//! Parses the command line and runs one command.

use std::process::ExitCode;

use clap::Parser as _;
use mlgate::cli::{Cli, run};
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = Runtime::new().map_err(Into::into).and_then(|runtime| {
        let outcome = runtime.block_on(run(cli));
        // A search that was cut is not waited for.
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mlgate: {error:#}");
            ExitCode::FAILURE
        }
    }
}
