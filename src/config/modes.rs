//! What the settings say about who answers for which jobs, and about a second cluster.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::{
    Results, Settings,
    access::basic,
    listener::{number, seconds},
    upstream::{ClusterConfig, longest_search, way_to},
};
use crate::{
    modes::{
        ignore::Ignore,
        rules::{ModeName, ModeRule, Place, SideName, Way},
        shadow::ShadowSettings,
    },
    privileges::SearchAs,
    upstream::{nodes::Address, tls::Tls},
};

/// Whose credential the second cluster is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum SecondaryCredential {
    /// Nobody's
    None,
    /// The caller's own: both clusters know the same callers, and may see their passwords
    Caller,
    /// The one of `secondary_username`
    Service,
}

/// Modes, checked.
#[derive(Debug, Clone)]
pub struct ModesConfig {
    pub rules: Vec<ModeRule>,
    pub secondary: Option<Secondary>,
    /// How jobs in shadow mode are answered, where there are any.
    pub shadow: Option<ShadowConfig>,
}

/// The second cluster.
#[derive(Debug, Clone)]
pub struct Secondary {
    pub cluster: ClusterConfig,
    pub account: SearchAs,
}

/// Shadow mode.
#[derive(Debug, Clone)]
pub struct ShadowConfig {
    /// Whose answer the caller gets, flipped where that is set.
    pub primary: SideName,
    pub secondary: SideName,
    pub settings: ShadowSettings,
    pub log: Option<PathBuf>,
    /// The file's largest size.
    pub log_bytes: u64,
}

// === impl ModesConfig ===

impl ModesConfig {
    /// Checks the settings about modes together; `results` is where the results are.
    ///
    /// # Errors
    /// What is wrong with them, naming the key.
    pub fn of(settings: &Settings, results: &Results) -> anyhow::Result<Self> {
        let rules = settings.modes.clone().unwrap_or_default();
        let secondary = secondary(settings)?;
        let shadows = rules.iter().any(|rule| rule.mode == ModeName::Shadow);
        let shadow = if shadows { Some(shadow(settings, secondary.is_some())?) } else { None };
        if shadow.is_none()
            && let Some(key) = settings.first_set("shadow_")
        {
            bail!("{key}: is of use only where modes has shadow");
        }
        let in_modes = rules.iter().filter_map(|rule| match rule.mode {
            ModeName::Side(name) => Some(("modes", name)),
            ModeName::Shadow => None,
        });
        let in_shadow = shadow.iter().flat_map(|shadow| {
            // Named as they stand in the configuration.
            let names = [shadow.primary, shadow.secondary];
            let [primary, secondary] = if settings.shadow_flip == Some(true) { [names[1], names[0]] } else { names };
            [("shadow_primary", primary), ("shadow_secondary", secondary)]
        });
        let mut used = false;
        for (key, name) in in_modes.chain(in_shadow) {
            match name {
                SideName { place: Place::Secondary, .. } if secondary.is_none() => {
                    bail!("{key}: {} needs secondary", name.name())
                }
                SideName { place: Place::Upstream, way: Way::Native } if matches!(results, Results::Embedded(_)) => {
                    bail!("{key}: native needs an upstream with a machine-learning API; a file has none")
                }
                SideName { place: Place::Secondary, .. } => used = true,
                SideName { place: Place::Upstream, .. } => {}
            }
        }
        if secondary.is_some() && !used {
            bail!("secondary: is of use only where modes, shadow_primary or shadow_secondary name it");
        }
        Ok(Self { rules, secondary, shadow })
    }

    /// Whose credential a side is sent; none where `search_as` says.
    #[must_use]
    pub fn account(&self, name: SideName) -> Option<SearchAs> {
        let secondary = self.secondary.as_ref().filter(|_| name.place == Place::Secondary)?;
        Some(secondary.account.clone())
    }
}

fn shadow(settings: &Settings, has_secondary: bool) -> anyhow::Result<ShadowConfig> {
    let place = if has_secondary { Place::Secondary } else { Place::Upstream };
    let primary = settings.shadow_primary.unwrap_or(SideName::REWRITE);
    let secondary = settings.shadow_secondary.unwrap_or(SideName { way: Way::Native, place });
    if primary == secondary {
        bail!("shadow_secondary: {} is shadow_primary as well", secondary.name());
    }
    let flip = settings.shadow_flip.unwrap_or(false);
    let (primary, secondary) = if flip { (secondary, primary) } else { (primary, secondary) };
    let log_bytes = settings.shadow_log_max_bytes.unwrap_or(64 << 20);
    if settings.shadow_log.is_none() && settings.shadow_log_max_bytes.is_some() {
        bail!("shadow_log_max_bytes: is of use only with shadow_log");
    }
    if log_bytes < 64 << 10 {
        bail!("shadow_log_max_bytes: must be at least 65536");
    }
    let percent = number("shadow_sample_percent", settings.shadow_sample_percent, 100, 1, 100)?;
    Ok(ShadowConfig {
        primary,
        secondary,
        settings: ShadowSettings {
            ignore: Ignore::new(settings.shadow_ignore.as_deref().unwrap_or_default()),
            in_flight: number("shadow_in_flight", settings.shadow_in_flight, 8, 1, 1 << 10)?,
            sample_percent: percent as u64,
            within: seconds("shadow_timeout_seconds", settings.shadow_timeout_seconds, Duration::from_secs(30))?,
            most: number("shadow_max_body_bytes", settings.shadow_max_body_bytes, 16 << 20, 1, 1 << 30)?,
        },
        log: settings.shadow_log.clone(),
        log_bytes,
    })
}

fn secondary(settings: &Settings) -> anyhow::Result<Option<Secondary>> {
    let Some(nodes) = &settings.secondary else {
        return match settings.first_set("secondary_") {
            Some(key) => bail!("{key}: is of use only where there is a secondary"),
            None => Ok(None),
        };
    };
    let nodes = nodes.addresses("secondary")?;
    let tls =
        Tls { ca: settings.secondary_ca.clone(), identity: None, server_name: settings.secondary_server_name.clone() };
    let is_encrypted = nodes.iter().any(Address::is_encrypted);
    for (key, set) in [("secondary_ca", tls.ca.is_some()), ("secondary_server_name", tls.server_name.is_some())] {
        if set && !is_encrypted {
            bail!("{key}: is of use only where secondary is https");
        }
    }
    let upstream = way_to(settings, "secondary", nodes, tls)?;
    let cluster = ClusterConfig { upstream, search: longest_search(settings)? };
    Ok(Some(Secondary { cluster, account: account(settings)? }))
}

/// No credential goes to another cluster unless that is said.
fn account(settings: &Settings) -> anyhow::Result<SearchAs> {
    let service = match (&settings.secondary_username, &settings.secondary_password) {
        (Some(name), Some(password)) => Some(basic(name, password).context("secondary_username")?),
        (None, None) => None,
        _ => bail!("secondary_username: must be set together with secondary_password"),
    };
    Ok(match (settings.secondary_credential, service) {
        (Some(SecondaryCredential::Service) | None, Some(service)) => SearchAs::Service(Some(service)),
        (Some(SecondaryCredential::Service), None) => {
            bail!("secondary_credential: service needs secondary_username and secondary_password")
        }
        (Some(_), Some(_)) => bail!("secondary_username: is of use only where secondary_credential is service"),
        (Some(SecondaryCredential::Caller), None) => SearchAs::Caller,
        (Some(SecondaryCredential::None) | None, None) => SearchAs::Service(None),
    })
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Settings, modes::ModesConfig};

    fn read(toml: &str) -> anyhow::Result<ModesConfig> {
        let settings: Settings = toml::from_str(toml)?;
        Ok(Config::of(&settings)?.modes)
    }

    #[test]
    fn refused_with_the_name_of_the_key() {
        const BOTH: &str = "upstream = 'http://a'\nsecondary = 'http://b'\nmodes = ['*=shadow']\n";
        for (toml, key) in [
            ("upstream = 'http://a'\nmodes = ['*=native@secondary']".to_owned(), "modes:"),
            ("modes = ['*=native']".to_owned(), "modes:"),
            ("modes = ['*=shadow']".to_owned(), "shadow_secondary:"),
            (
                "upstream = 'http://a'\nmodes = ['*=shadow']\nshadow_secondary = 'rewrite'".to_owned(),
                "shadow_secondary:",
            ),
            (
                "upstream = 'http://a'\nmodes = ['*=shadow']\nshadow_primary = 'native@secondary'".to_owned(),
                "shadow_primary:",
            ),
            ("upstream = 'http://a'\nsecondary = 'http://b'".to_owned(), "secondary:"),
            ("upstream = 'http://a'\nsecondary = 'x'\nmodes = ['*=shadow']".to_owned(), "secondary:"),
            ("upstream = 'http://a'\nshadow_log = 'x'".to_owned(), "shadow_log:"),
            ("secondary_username = 'x'".to_owned(), "secondary_username:"),
            (format!("{BOTH}secondary_ca = 'c'"), "secondary_ca:"),
            (format!("{BOTH}secondary_username = 'c'"), "secondary_username:"),
            (format!("{BOTH}secondary_credential = 'service'"), "secondary_credential:"),
            (
                format!("{BOTH}secondary_credential = 'caller'\nsecondary_username = 'x'\nsecondary_password = 'y'"),
                "secondary_username:",
            ),
            (format!("{BOTH}shadow_sample_percent = 101"), "shadow_sample_percent:"),
            (format!("{BOTH}shadow_log_max_bytes = 100000"), "shadow_log_max_bytes:"),
            (format!("{BOTH}shadow_log = 'x'\nshadow_log_max_bytes = 1"), "shadow_log_max_bytes:"),
        ] {
            let refusal = read(&toml).err().map(|error| format!("{error:#}")).unwrap_or_default();
            assert!(refusal.starts_with(key), "{toml}: {refusal}");
        }
    }

    #[test]
    fn one_setting_flips_the_sides() {
        let sides = |toml: &str| {
            let shadow = read(&format!("upstream = 'http://a'\nmodes = ['*=shadow']\n{toml}")).unwrap().shadow.unwrap();
            [shadow.primary.name(), shadow.secondary.name()]
        };
        assert_eq!(sides(""), ["rewrite", "native"]);
        assert_eq!(sides("shadow_flip = true"), ["native", "rewrite"]);
        assert_eq!(sides("secondary = 'http://b'"), ["rewrite", "native@secondary"]);
        let other = "secondary = 'http://b'\nshadow_primary = 'native'\nshadow_secondary = 'rewrite@secondary'\n";
        assert_eq!(sides(other), ["native", "rewrite@secondary"]);
        assert_eq!(sides(&format!("{other}shadow_flip = true")), ["rewrite@secondary", "native"]);
    }
}
