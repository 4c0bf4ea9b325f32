//! `mlgate serve`: answers requests.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use sd_notify::NotifyState;

use super::{import::load, reload::Reload};
use crate::{
    admin::{self, Admin},
    assemble::Checked,
    config::{Results, Settings, show::show},
    listen::phase::{Phase, Phases},
    observe::logging::Log,
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
        let checked = Checked::of(settings)?;
        if !self.load.is_empty() {
            let Results::Embedded(file) = &checked.config.results else {
                anyhow::bail!("--load: only the embedded store can be loaded");
            };
            load(&EmbeddedStore::open(file)?, &self.load)?;
        }
        let admin_listen = checked.operations.admin_listen;
        let assembled = checked.assemble()?;
        let (privileges, readiness) = (Arc::clone(&assembled.privileges), Arc::clone(&assembled.readiness));
        let settings = Arc::new(ArcSwap::from_pointee(settings.clone()));
        if let Some(address) = admin_listen {
            let (readiness, settings) = (Arc::clone(&readiness), Arc::clone(&settings));
            let shown = Box::new(move || show(&settings.load()));
            let admin = Admin { readiness, decisions: privileges.decisions(), settings: shown };
            let (address, answering) =
                admin::bind(address, admin).await.with_context(|| format!("admin_listen: {address}"))?;
            tracing::info!(%address, "health, metrics and decisions are shown");
            tokio::spawn(answering);
        }
        let front = Arc::clone(&assembled.front);
        Reload { flags: self.settings, file, settings, log, privileges, front }.at_hangup()?;
        let mut phases = Phases::of_signals()?;
        allow_descriptors();
        let listening = assembled.listen()?;
        tell(NotifyState::Ready);
        let serving = listening.serve(phases.clone());
        let stopping = async {
            phases.reached(Phase::Draining).await;
            readiness.drain();
            tell(NotifyState::Stopping);
        };
        tokio::join!(serving, stopping);
        Ok(())
    }
}

/// Tells systemd, where that started this program.
fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}

/// Takes as many descriptors as this process may have: the usual first limit is less than a server needs.
fn allow_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
}
