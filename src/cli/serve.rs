//! `mlgate serve`: answers requests.

use std::path::PathBuf;

use anyhow::Context as _;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::{import::load, open};
use crate::{
    config::{Config, Results, Settings, access::Access},
    handle::Gate,
    pass_through::pass_through,
    privileges::assemble::assemble,
    server::serve,
    store::embedded::EmbeddedStore,
};

#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    #[command(flatten)]
    pub settings: Settings,
    /// Load these files, or the `.ndjson` files of these folders, into the store first
    #[arg(long, value_name = "PATH", num_args = 1..)]
    load: Vec<PathBuf>,
}

// === impl Serve ===

impl Serve {
    pub async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let config = Config::of(settings)?;
        let access = Access::of(settings)?;
        access.may_listen_on(config.listen)?;
        if !self.load.is_empty() {
            let Results::Embedded(file) = &config.results else {
                anyhow::bail!("--load: only the embedded store can be loaded");
            };
            load(&EmbeddedStore::open(file)?, &self.load)?;
        }
        let privileges = assemble(&access, config.upstream())?;
        let pass_through = pass_through(config.upstream(), &access)?;
        let store = open(config.results)?;
        let listener = TcpListener::bind(config.listen).await.with_context(|| format!("listen: {}", config.listen))?;
        let mut terminate = signal(SignalKind::terminate())?;
        let open = access.authority.is_none();
        tracing::info!(address = %listener.local_addr()?, "{}", if open { "listening; everyone may" } else { "listening" });
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            tracing::info!("stopping: requests under way may finish");
        };
        let gate = Gate {
            privileges,
            store,
            pass_through,
            most_body: config.max_body_bytes,
            allow_run_as: access.allow_run_as,
        };
        serve(listener, gate, stop).await;
        Ok(())
    }
}
