//! `mlgate serve`: answers requests.

use std::path::PathBuf;

use anyhow::Context as _;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::{import::load, open};
use crate::{
    config::{Config, Results, Settings},
    handle::Gate,
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
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        if !self.load.is_empty() {
            let Results::Embedded(file) = &config.results else {
                anyhow::bail!("--load: only the embedded store can be loaded");
            };
            load(&EmbeddedStore::open(file)?, &self.load)?;
        }
        let store = open(config.results)?;
        let listener = TcpListener::bind(config.listen).await.with_context(|| format!("listen: {}", config.listen))?;
        let mut terminate = signal(SignalKind::terminate())?;
        tracing::info!(address = %listener.local_addr()?, "listening; there is no access control yet, so on this machine only");
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            tracing::info!("stopping: requests under way may finish");
        };
        serve(listener, Gate { store, most_body: config.max_body_bytes }, stop).await;
        Ok(())
    }
}
