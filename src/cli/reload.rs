//! SIGHUP: what can be taken without a restart is taken, and what cannot is named.

use std::{path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    assemble::Checked,
    config::Settings,
    listen::Front,
    observe::logging::{Log, Logging},
    privileges::Privileges,
};

/// Keys whose new value is taken.
const TAKEN: [&str; 1] = ["log_level"];

/// What can be reloaded.
pub(super) struct Reload {
    /// As flags and environment say.
    pub flags: Settings,
    pub file: Option<PathBuf>,
    /// What runs.
    pub settings: Arc<ArcSwap<Settings>>,
    pub log: Arc<Log>,
    pub privileges: Arc<Privileges>,
    pub front: Arc<Front>,
}

// === impl Reload ===

impl Reload {
    /// Reloads at every SIGHUP.
    ///
    /// # Errors
    /// Where the signal cannot be had.
    pub fn at_hangup(self) -> anyhow::Result<()> {
        let mut hangup = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                self.reload();
            }
        });
        Ok(())
    }

    fn reload(&self) {
        match self.read() {
            Ok(settings) => self.take(settings),
            Err(error) => tracing::error!("SIGHUP: {error:#}; the settings stay as they were"),
        }
        self.privileges.reload();
        if let Err(error) = self.privileges.reopen_audit() {
            tracing::error!("SIGHUP: {error:#}; the file that was open stays in use");
        }
        self.front.reload();
        tracing::info!("SIGHUP: done");
    }

    /// The settings as they are now, checked as at the start.
    fn read(&self) -> anyhow::Result<Settings> {
        let settings = self.flags.clone().with_file(self.file.as_deref())?;
        Checked::of(&settings).map_err(|error| settings.located(error))?;
        Ok(settings)
    }

    fn take(&self, settings: Settings) {
        let running = self.settings.load_full();
        for key in running.differing(&settings).into_iter().filter(|key| !TAKEN.contains(key)) {
            tracing::warn!(key, "SIGHUP: {key} has changed, and takes effect at the next start");
        }
        if running.log_level == settings.log_level {
            return;
        }
        let mut next = Settings::clone(&running);
        next.log_level = settings.log_level;
        let level = Logging::of(&next);
        match level.and_then(|logging| self.log.set_level(&logging.level)) {
            Ok(()) => self.settings.store(Arc::new(next)),
            Err(error) => tracing::error!("SIGHUP: {error:#}; the log stays as it was"),
        }
    }
}
