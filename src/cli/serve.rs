//! `mlgate serve`: answers requests.

use std::path::PathBuf;

use sd_notify::NotifyState;

use super::import::load;
use crate::{
    assemble::Checked,
    config::{Results, Settings},
    listen::phase::{Phase, Phases},
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
        let checked = Checked::of(settings)?;
        if !self.load.is_empty() {
            let Results::Embedded(file) = &checked.config.results else {
                anyhow::bail!("--load: only the embedded store can be loaded");
            };
            load(&EmbeddedStore::open(file)?, &self.load)?;
        }
        let assembled = checked.assemble()?;
        let phases = Phases::of_signals()?;
        allow_descriptors();
        let listening = assembled.listen()?;
        tell(NotifyState::Ready);
        let mut draining = phases.clone();
        let stopping = async {
            draining.reached(Phase::Draining).await;
            tell(NotifyState::Stopping);
        };
        tokio::join!(listening.serve(phases), stopping);
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
