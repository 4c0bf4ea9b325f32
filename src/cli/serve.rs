//! `mlgate serve`: answers requests.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::{checked, import::load, open, reload::Reload};
use crate::{
    admin::{
        self, Admin,
        ready::{ClusterHealth, Health, Readiness, StoreHealth},
    },
    config::{Config, Results, Settings, show::show},
    handle::Gate,
    observe::logging::Log,
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
    pub async fn run(self, settings: &Settings, file: Option<PathBuf>, log: Arc<Log>) -> anyhow::Result<()> {
        let (config, access, operations) = checked(settings)?;
        if !self.load.is_empty() {
            let Results::Embedded(file) = &config.results else {
                anyhow::bail!("--load: only the embedded store can be loaded");
            };
            load(&EmbeddedStore::open(file)?, &self.load)?;
        }
        let privileges = assemble(&access, config.upstream())?;
        let pass_through = pass_through(config.upstream(), &access)?;
        let readiness = Arc::new(Readiness::new(health(&config)?));
        let store = open(config.results)?;
        let listener = TcpListener::bind(config.listen).await.with_context(|| format!("listen: {}", config.listen))?;
        let mut terminate = signal(SignalKind::terminate())?;
        let settings = Arc::new(ArcSwap::from_pointee(settings.clone()));
        if let Some(address) = operations.admin_listen {
            let (readiness, settings) = (Arc::clone(&readiness), Arc::clone(&settings));
            let shown = Box::new(move || show(&settings.load()));
            let admin = Admin { readiness, decisions: privileges.decisions(), settings: shown };
            let (address, answering) =
                admin::bind(address, admin).await.with_context(|| format!("admin_listen: {address}"))?;
            tracing::info!(%address, "health, metrics and decisions are shown");
            tokio::spawn(answering);
        }
        let again =
            Reload { flags: self.settings, file, settings, log, privileges: Arc::clone(&privileges), more: vec![] };
        again.at_hangup()?;
        let open = access.authority.is_none();
        tracing::info!(address = %listener.local_addr()?, "{}", if open { "listening; everyone may" } else { "listening" });
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            readiness.drain();
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

/// Who knows whether the results can be had.
fn health(config: &Config) -> anyhow::Result<Box<dyn Health>> {
    Ok(match &config.results {
        Results::Embedded(file) => Box::new(StoreHealth(EmbeddedStore::open(file)?)),
        Results::Cluster(upstream) => Box::new(ClusterHealth::new(upstream.url.clone())?),
    })
}
