//! The command line: one module a command.

mod api_key;
mod check;
mod get_buckets;
mod import;
mod serve;

use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
};

use anyhow::bail;
use http::{HeaderMap, header};
use tracing_subscriber::EnvFilter;

use crate::{
    config::{Config, Settings, access::service},
    store::embedded::EmbeddedStore,
};

/// Serves Elastic's machine-learning results API in front of any cluster, or file, that merely holds the results.
#[derive(Debug, clap::Parser)]
#[command(version)]
pub struct Cli {
    /// File with settings; flags and environment overrule it
    #[arg(long, env = "MLGATE_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Answer requests
    Serve(serve::Serve),
    /// Tell whether the configuration is right, the cluster reachable and the results there
    Check(Box<check::Check>),
    /// Show the buckets of a job
    GetBuckets(Box<get_buckets::GetBucketsCommand>),
    /// Make, show and revoke API keys of the file realm
    ApiKey(api_key::ApiKeyCommand),
    /// Load files of result documents into the embedded store
    Import(import::Import),
}

/// Runs a command.
///
/// # Errors
/// What went wrong, for a person to read.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_env("MLGATE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let file = cli.config.as_deref();
    match cli.command {
        Command::Serve(command) => {
            let settings = command.settings.clone().with_file(file)?;
            command.run(&settings).await
        }
        Command::Check(mut command) => {
            command.settings = command.settings.with_file(file)?;
            check::run(*command).await
        }
        Command::ApiKey(command) => command.run(),
        Command::GetBuckets(command) => {
            let settings = command.settings.clone().with_file(file)?;
            command.run(&settings).await
        }
        Command::Import(command) => {
            let settings = command.settings.clone().with_file(file)?;
            command.run(&Config::of(&settings)?)
        }
    }
}

/// Opens a store to ask it; one that is not there is not made.
fn existing(file: &Path) -> anyhow::Result<EmbeddedStore> {
    if !file.exists() {
        bail!("{}: no such file; load results with mlgate import", file.display());
    }
    Ok(EmbeddedStore::open(file)?)
}

/// The headers of a command's own searches: mlgate's account, where there is one.
fn operator(settings: &Settings) -> anyhow::Result<HeaderMap> {
    Ok(service(settings)?.into_iter().map(|service| (header::AUTHORIZATION, service)).collect())
}
