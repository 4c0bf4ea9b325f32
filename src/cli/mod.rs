//! The command line: one module a command.

mod api_key;
mod check;
mod copy;
mod endpoint;
mod export;
mod generate;
mod get_buckets;
mod import;
mod reload;
mod serve;
mod shadow;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::bail;
use http::{HeaderMap, header};

use crate::{
    config::{Config, Settings, access::service, show::show},
    observe::logging::Logging,
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
    /// Move results from a cluster, a file or the embedded store to another of these
    Copy(Box<copy::CopyCommand>),
    /// Write results into a file
    Export(Box<export::Export>),
    /// Show the settings in effect, as JSON; nothing secret
    Config(ShowConfig),
    /// What shadow mode found
    Shadow(shadow::ShadowCommand),
    /// Make manual pages and shell completions
    Generate(generate::Generate),
}

#[derive(Debug, clap::Args)]
struct ShowConfig {
    #[command(flatten)]
    settings: Settings,
}

/// Runs a command.
///
/// # Errors
/// What went wrong, for a person to read.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    let flags = match &cli.command {
        Command::Serve(command) => &command.settings,
        Command::Check(command) => &command.settings,
        Command::GetBuckets(command) => &command.settings,
        Command::Import(command) => &command.settings,
        Command::Copy(command) => &command.settings,
        Command::Export(command) => &command.settings,
        Command::Config(command) => &command.settings,
        Command::ApiKey(_) | Command::Shadow(_) | Command::Generate(_) => &Settings::default(),
    };
    let settings = flags.clone().with_file(cli.config.as_deref())?;
    let outcome = run_with(cli, &settings).await;
    outcome.map_err(|error| settings.located(error))
}

async fn run_with(cli: Cli, settings: &Settings) -> anyhow::Result<()> {
    let log = Arc::new(Logging::of(settings)?.start()?);
    let outcome = match cli.command {
        Command::Serve(command) => command.run(settings, cli.config, Arc::clone(&log)).await,
        Command::Check(command) => check::run(*command, settings).await,
        Command::ApiKey(command) => command.run(),
        Command::GetBuckets(command) => command.run(settings).await,
        Command::Import(command) => command.run(&Config::of(settings)?),
        Command::Copy(command) => command.run(settings).await,
        Command::Export(command) => command.run(settings).await,
        Command::Config(_) => {
            println!("{:#}", show(settings));
            Ok(())
        }
        Command::Shadow(command) => command.run(settings),
        Command::Generate(command) => command.run(),
    };
    log.end().await;
    outcome
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
