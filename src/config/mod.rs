//! The typed configuration: file < environment < flags, refused whole before a port opens.
//!
//! Every key has the same name in all three: `listen` in the file, `MLGATE_LISTEN`, `--listen`.

use std::path::PathBuf;

use anyhow::bail;

pub mod access;
mod layers;
pub mod lines;
pub mod listener;
pub mod modes;
pub mod operations;
mod settings;
pub mod show;
pub mod upstream;

use listener::LARGEST_BODY;
use modes::ModesConfig;
pub use settings::Settings;
use upstream::ClusterConfig;

/// A configuration that can be run.
#[derive(Clone)]
pub struct Config {
    pub results: Results,
    pub modes: ModesConfig,
    pub max_body_bytes: usize,
}

/// Where the results are.
#[derive(Clone)]
pub enum Results {
    Embedded(PathBuf),
    Cluster(ClusterConfig),
}

// === impl Config ===

impl Config {
    /// Checks the settings together.
    ///
    /// # Errors
    /// What is wrong with them, naming the key.
    pub fn of(settings: &Settings) -> anyhow::Result<Self> {
        let results = match (ClusterConfig::of(settings)?, &settings.store) {
            (Some(_), Some(_)) => bail!("store: cannot be set together with upstream"),
            (Some(cluster), None) => Results::Cluster(cluster),
            (None, store) => Results::Embedded(store.clone().unwrap_or_else(|| "mlgate.db".into())),
        };
        let modes = ModesConfig::of(settings, &results)?;
        Ok(Self { results, modes, max_body_bytes: settings.max_body_bytes.unwrap_or(LARGEST_BODY) })
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, Settings, access::Access, listener::ListenerConfig};

    fn refusal(toml: &str) -> String {
        let settings: Result<Settings, _> = toml::from_str(toml);
        match settings {
            Err(error) => error.to_string(),
            Ok(settings) => {
                let checked =
                    Config::of(&settings).and_then(|_| ListenerConfig::of(&settings, &Access::of(&settings)?));
                checked.err().map(|error| format!("{error:#}")).unwrap_or_default()
            }
        }
    }

    #[test]
    fn refused_with_the_name_of_the_key() {
        assert!(refusal("listne = '127.0.0.1:1'").contains("listne"));
        assert!(refusal("listen = '0.0.0.0:9280'\nunsafe_open_to_all = true").starts_with("listen:"));
        assert!(refusal("store = 'y'").starts_with("realm:"));
        assert!(refusal("authority = 'file'\nupstream = 'http://x'").starts_with("realm:"));
        assert!(refusal("realm = 'r'\nunsafe_open_to_all = true").starts_with("unsafe_open_to_all:"));
        assert!(refusal("realm = 'r'\nsearch_as = 'caller'").starts_with("search_as:"));
        assert!(refusal("upstream = 'http://x'\nsearch_as = 'service'").starts_with("search_as:"));
        assert!(refusal("realm = 'r'\nallow_run_as = true").starts_with("allow_run_as:"));
        assert!(refusal("opensearch_roles = ['a=read']").contains("[read]"));
        assert!(refusal("upstream = 'ftp://x'").starts_with("upstream:"));
        assert!(refusal("upstream = 'http://x'\nstore = 'y'\nrealm = 'r'").starts_with("store:"));
        assert!(refusal("upstream = 'http://x'\nupstream_username = 'y'").starts_with("upstream_username:"));
        assert_eq!(refusal("listen = '[::1]:0'\nstore = 'y'\nrealm = 'r'"), "");
    }
}
