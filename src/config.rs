//! The typed configuration: file < environment < flags, refused whole before a port opens.
//!
//! Every key has the same name in all three: `listen` in the file, `MLGATE_LISTEN`, `--listen`.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use elasticsearch::{auth::Credentials, http::Url};
use serde::Deserialize;

use crate::{secret::Secret, store::cluster::Upstream};

/// What may be set, wherever it is set.
#[derive(Debug, Default, Clone, Deserialize, clap::Args)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Address to listen on; loopback only, as everyone may read [default: 127.0.0.1:9280]
    #[arg(long, env = "MLGATE_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// SQLite file that holds the results [default: mlgate.db, unless there is an upstream]
    #[arg(long, env = "MLGATE_STORE", value_name = "FILE")]
    pub store: Option<PathBuf>,
    /// Cluster that holds the results, instead of a file
    #[arg(long, env = "MLGATE_UPSTREAM", value_name = "URL", conflicts_with = "store")]
    pub upstream: Option<String>,
    /// User for the cluster
    #[arg(long, env = "MLGATE_UPSTREAM_USERNAME", value_name = "NAME", requires = "upstream_password")]
    pub upstream_username: Option<String>,
    /// Password for the cluster; better given in the environment than on the command line
    #[arg(long, env = "MLGATE_UPSTREAM_PASSWORD", value_name = "PASSWORD", hide_env_values = true)]
    pub upstream_password: Option<Secret>,
    /// Longest time for one search, in seconds [default: 30]
    #[arg(long, env = "MLGATE_UPSTREAM_TIMEOUT_SECONDS", value_name = "SECONDS")]
    pub upstream_timeout_seconds: Option<u64>,
    /// Largest request body, in bytes [default: 1048576]
    #[arg(long, env = "MLGATE_MAX_BODY_BYTES", value_name = "BYTES")]
    pub max_body_bytes: Option<usize>,
}

/// A configuration that can be run.
#[derive(Clone)]
pub struct Config {
    pub listen: SocketAddr,
    pub results: Results,
    pub max_body_bytes: usize,
}

/// Where the results are.
#[derive(Clone)]
pub enum Results {
    Embedded(PathBuf),
    Cluster(Upstream),
}

// === impl Settings ===

impl Settings {
    /// Fills what is not set from a file.
    ///
    /// # Errors
    /// Where the file cannot be read, or has a key or a value that it cannot have; the message names the line.
    pub fn with_file(self, file: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = file else { return Ok(self) };
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let below: Self = toml::from_str(&text).with_context(|| path.display().to_string())?;
        Ok(Self {
            listen: self.listen.or(below.listen),
            // Store and upstream exclude each other: who names one of them overrules both.
            store: below
                .store
                .filter(|_| self.store.is_none() && self.upstream.is_none())
                .or_else(|| self.store.clone()),
            upstream: self.upstream.or(below.upstream.filter(|_| self.store.is_none())),
            upstream_username: self.upstream_username.or(below.upstream_username),
            upstream_password: self.upstream_password.or(below.upstream_password),
            upstream_timeout_seconds: self.upstream_timeout_seconds.or(below.upstream_timeout_seconds),
            max_body_bytes: self.max_body_bytes.or(below.max_body_bytes),
        })
    }
}

// === impl Config ===

impl Config {
    /// Checks the settings together.
    ///
    /// # Errors
    /// What is wrong with them, naming the key.
    pub fn of(settings: Settings) -> anyhow::Result<Self> {
        let listen = settings.listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 9280)));
        if !listen.ip().is_loopback() {
            bail!(
                "listen: {listen} is not a loopback address; there is no access control yet, so only this machine may ask"
            );
        }
        let results = match (settings.upstream, settings.store) {
            (Some(_), Some(_)) => bail!("store: cannot be set together with upstream"),
            (Some(url), None) => {
                let url: Url = url.parse().with_context(|| format!("upstream: {url} is no URL"))?;
                if !matches!(url.scheme(), "http" | "https") || url.path() != "/" || !url.username().is_empty() {
                    bail!("upstream: must be http://host:port or https://host:port, without a path or a user");
                }
                let credentials = match (settings.upstream_username, settings.upstream_password) {
                    (Some(name), Some(password)) => Some(Credentials::Basic(name, password.expose().to_owned())),
                    (None, None) => None,
                    _ => bail!("upstream_username: must be set together with upstream_password"),
                };
                let timeout = Duration::from_secs(settings.upstream_timeout_seconds.unwrap_or(30));
                Results::Cluster(Upstream { url, credentials, timeout })
            }
            (None, store) => Results::Embedded(store.unwrap_or_else(|| "mlgate.db".into())),
        };
        Ok(Self { listen, results, max_body_bytes: settings.max_body_bytes.unwrap_or(1 << 20) })
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, Settings};

    fn refusal(toml: &str) -> String {
        let settings: Result<Settings, _> = toml::from_str(toml);
        match settings {
            Err(error) => error.to_string(),
            Ok(settings) => Config::of(settings).err().map(|error| format!("{error:#}")).unwrap_or_default(),
        }
    }

    #[test]
    fn refused_with_the_name_of_the_key() {
        assert!(refusal("listne = '127.0.0.1:1'").contains("listne"));
        assert!(refusal("listen = '0.0.0.0:9280'").starts_with("listen:"));
        assert!(refusal("upstream = 'ftp://x'").starts_with("upstream:"));
        assert!(refusal("upstream = 'http://x'\nstore = 'y'").starts_with("store:"));
        assert!(refusal("upstream = 'http://x'\nupstream_username = 'y'").starts_with("upstream_username:"));
        assert_eq!(refusal("listen = '[::1]:0'\nstore = 'y'"), "");
    }
}
