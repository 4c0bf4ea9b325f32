//! What the settings say about the cluster and the way to it.

use std::{convert::Infallible, str::FromStr, time::Duration};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use super::{
    Settings,
    listener::{number, seconds},
};
use crate::upstream::{UpstreamSettings, nodes::Address, tls::Tls};

/// A cluster's nodes, as they are written: one text with commas, or a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(from = "Written")]
pub struct Nodes(Vec<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    List(Vec<String>),
}

/// The cluster that holds the results, checked.
#[derive(Debug, Clone)]
pub struct ClusterConfig {
    pub upstream: UpstreamSettings,
    /// Longest time for one search.
    pub search: Duration,
}

// === impl Nodes ===

impl Nodes {
    pub(super) fn addresses(&self, key: &'static str) -> anyhow::Result<Vec<Address>> {
        let addresses: Vec<Address> =
            self.0.iter().map(|text| text.parse()).collect::<anyhow::Result<_>>().context(key)?;
        if addresses.is_empty() {
            bail!("{key}: must name a node");
        }
        for (at, address) in addresses.iter().enumerate() {
            if addresses[..at].contains(address) {
                bail!("{key}: {address} is named twice");
            }
        }
        Ok(addresses)
    }
}

impl FromStr for Nodes {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.split(',').map(|text| text.trim().to_owned()).collect()))
    }
}

impl From<Written> for Nodes {
    fn from(written: Written) -> Self {
        match written {
            Written::Text(text) => text.parse().unwrap_or_else(|never: Infallible| match never {}),
            Written::List(list) => Self(list),
        }
    }
}

// === impl ClusterConfig ===

impl ClusterConfig {
    /// Checks the settings about the cluster together. `None` where there is none.
    ///
    /// # Errors
    /// What is wrong with them, naming the key.
    pub fn of(settings: &Settings) -> anyhow::Result<Option<Self>> {
        let Some(nodes) = &settings.upstream else {
            return match unused(settings).find(|(_, set)| *set) {
                Some((key, _)) => bail!("{key}: is of use only where there is an upstream"),
                None => Ok(None),
            };
        };
        let nodes = nodes.addresses("upstream")?;
        let tls = tls(settings, &nodes)?;
        let way = way_to(settings, "upstream", nodes, tls)?;
        let reply = seconds("pass_through_reply_seconds", settings.pass_through_reply_seconds, way.reply)?;
        Ok(Some(Self { upstream: UpstreamSettings { reply, ..way }, search: longest_search(settings)? }))
    }
}

/// The way to a cluster that a key names: times and numbers are the same for each.
pub(super) fn way_to(
    settings: &Settings,
    key: &'static str,
    nodes: Vec<Address>,
    tls: Tls,
) -> anyhow::Result<UpstreamSettings> {
    let default = UpstreamSettings::of(nodes);
    let (connect, connections) = (settings.upstream_connect_timeout_seconds, settings.upstream_connections);
    Ok(UpstreamSettings {
        tls,
        key,
        connect: seconds("upstream_connect_timeout_seconds", connect, default.connect)?,
        connections: number("upstream_connections", connections, default.connections, 1, 1 << 16)?,
        idle: seconds("pass_through_idle_seconds", settings.pass_through_idle_seconds, default.idle)?,
        ..default
    })
}

/// Longest time for one search, of any cluster.
pub(super) fn longest_search(settings: &Settings) -> anyhow::Result<Duration> {
    seconds("upstream_timeout_seconds", settings.upstream_timeout_seconds, Duration::from_secs(30))
}

fn unused(settings: &Settings) -> impl Iterator<Item = (&'static str, bool)> {
    [
        ("upstream_ca", settings.upstream_ca.is_some()),
        ("upstream_certificate", settings.upstream_certificate.is_some()),
        ("upstream_key", settings.upstream_key.is_some()),
        ("upstream_server_name", settings.upstream_server_name.is_some()),
    ]
    .into_iter()
}

fn tls(settings: &Settings, nodes: &[Address]) -> anyhow::Result<Tls> {
    if let Some((key, _)) = unused(settings).find(|(_, set)| *set)
        && !nodes.iter().any(Address::is_encrypted)
    {
        bail!("{key}: is of use only where upstream is https");
    }
    let identity = match (&settings.upstream_certificate, &settings.upstream_key) {
        (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
        (None, None) => None,
        (Some(_), None) => bail!("upstream_certificate: must be set together with upstream_key"),
        (None, Some(_)) => bail!("upstream_key: must be set together with upstream_certificate"),
    };
    Ok(Tls { ca: settings.upstream_ca.clone(), identity, server_name: settings.upstream_server_name.clone() })
}

#[cfg(test)]
mod tests {
    use super::ClusterConfig;
    use crate::config::Settings;

    fn refusal(toml: &str) -> String {
        let settings: Settings = toml::from_str(toml).unwrap();
        ClusterConfig::of(&settings).err().map(|error| format!("{error:#}")).unwrap_or_default()
    }

    #[test]
    fn refused_with_the_name_of_the_key() {
        for (toml, key) in [
            ("upstream = 'ftp://x'", "upstream:"),
            ("upstream = []", "upstream:"),
            ("upstream = ''", "upstream:"),
            ("upstream = 'http://a,http://a/'", "upstream:"),
            ("upstream = 'http://a'\nupstream_ca = 'c'", "upstream_ca:"),
            ("upstream = 'https://a'\nupstream_key = 'c'", "upstream_key:"),
            ("upstream = 'https://a'\nupstream_certificate = 'c'", "upstream_certificate:"),
            ("upstream_server_name = 'a'", "upstream_server_name:"),
            ("upstream = 'https://a'\nupstream_connections = 0", "upstream_connections:"),
            ("upstream = 'https://a'\nupstream_timeout_seconds = 0", "upstream_timeout_seconds:"),
        ] {
            assert!(refusal(toml).starts_with(key), "{toml}: {}", refusal(toml));
        }
        let refused = refusal("upstream = 'http://user:hunter2@a'");
        assert!(refused.starts_with("upstream:") && !refused.contains("hunter2"), "{refused}");
        for toml in ["upstream = ['http://a', 'http://b:1']", "upstream = 'http://a, https://b'\nupstream_ca = 'c'", ""]
        {
            assert_eq!(refusal(toml), "", "{toml}");
        }
    }
}
