//! What the settings say about how mlgate is run: the admin listener and the log.

use std::net::SocketAddr;

use anyhow::bail;

use super::Settings;
use crate::{listen::socket::Place, observe::logging::Logging};

/// Operations, checked.
#[derive(Debug, Clone)]
pub struct Operations {
    /// Where health, metrics and decisions are shown, if anywhere.
    pub admin_listen: Option<SocketAddr>,
    pub logging: Logging,
}

// === impl Operations ===

impl Operations {
    /// Checks the settings about operations together; `listen` is where requests come in.
    ///
    /// # Errors
    /// What is wrong with them, naming the key.
    pub fn of(settings: &Settings, listen: &Place) -> anyhow::Result<Self> {
        let public = settings.unsafe_admin_public.unwrap_or(false);
        match settings.admin_listen {
            Some(address) if *listen == Place::Address(address) && address.port() != 0 => {
                bail!("admin_listen: must not be the address of listen")
            }
            Some(address) if !address.ip().is_loopback() && !public => bail!(
                "admin_listen: {address} is not a loopback address, and whoever reaches it may look; unsafe_admin_public allows it"
            ),
            None if public => bail!("unsafe_admin_public: is of use only with admin_listen"),
            _ => {}
        }
        Ok(Self { admin_listen: settings.admin_listen, logging: Logging::of(settings)? })
    }
}
