//! A place that results are moved from or to, as it stands on the command line.

use std::{
    convert::Infallible,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use anyhow::{Context as _, bail};

use super::{copy::How, existing};
use crate::{
    config::{Settings, access::basic},
    secret::Secret,
    store::embedded::EmbeddedStore,
    transfer::{
        cluster::Cluster,
        source::{ClusterSource, CursorKind, EmbeddedSource, FileSource, Source},
        target::{ClusterTarget, EmbeddedTarget, FileFormat, FileTarget, Target},
    },
    upstream::{Upstream, UpstreamSettings, nodes::Address, tls::Tls},
};

/// Longest time for one page, or one bulk request.
const WITHIN: Duration = Duration::from_mins(2);

/// A place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// Addresses of a cluster's nodes, with commas.
    Cluster(String),
    File(PathBuf),
    Embedded,
}

/// Who asks a cluster.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// `from` or `to`, as in the names of flags.
    pub side: &'static str,
    pub username: Option<String>,
    pub password: Option<Secret>,
    pub ca: Option<PathBuf>,
}

// === impl Endpoint ===

impl FromStr for Endpoint {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "embedded" => Self::Embedded,
            text if text.contains("://") => Self::Cluster(text.to_owned()),
            text => Self::File(text.into()),
        })
    }
}

impl Endpoint {
    /// How it is called in messages. An address that is none may have a password in it.
    pub fn named(&self, settings: &Settings) -> String {
        match self {
            Self::Cluster(text) => addresses(text).map_or_else(
                |_| "a cluster".into(),
                |nodes| nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
            ),
            Self::File(path) => path.display().to_string(),
            Self::Embedded => store(settings).display().to_string(),
        }
    }

    /// Whether both are the same place.
    pub fn is(&self, other: &Self, settings: &Settings) -> bool {
        let path = |endpoint: &Self| match endpoint {
            Self::Cluster(_) => None,
            Self::File(path) => path.canonicalize().ok(),
            Self::Embedded => store(settings).canonicalize().ok(),
        };
        self == other || path(self).is_some_and(|own| path(other) == Some(own))
    }

    /// To read from.
    pub fn source(&self, settings: &Settings, account: Account, how: &How) -> anyhow::Result<Source> {
        Ok(match self {
            Self::Cluster(text) => {
                // What was asked for is about where the results come from.
                let cursor = if account.side == "from" { how.cursor } else { CursorKind::Auto };
                Source::Cluster(ClusterSource::new(account.cluster(text)?, how.page.into(), cursor))
            }
            Self::File(file) => {
                if !file.is_file() {
                    bail!("--{}: {}: no such file", account.side, file.display());
                }
                Source::File(FileSource { file: file.clone() })
            }
            Self::Embedded => Source::Embedded(EmbeddedSource { store: existing(store(settings))? }),
        })
    }

    /// To write to.
    pub fn target(
        &self,
        settings: &Settings,
        account: Account,
        how: &How,
        format: FileFormat,
        is_resumed: bool,
    ) -> anyhow::Result<Target> {
        Ok(match self {
            Self::Cluster(text) => {
                let patience = Duration::from_secs(how.patience);
                Target::Cluster(ClusterTarget::new(account.cluster(text)?, how.in_flight.into(), patience))
            }
            Self::File(file) => Target::File(FileTarget::open(file.clone(), format, is_resumed)?),
            Self::Embedded => Target::Embedded(EmbeddedTarget::new(EmbeddedStore::open(store(settings))?)),
        })
    }
}

fn addresses(text: &str) -> anyhow::Result<Vec<Address>> {
    text.split(',').map(|text| text.trim().parse()).collect()
}

fn store(settings: &Settings) -> &Path {
    settings.store.as_deref().unwrap_or(Path::new("mlgate.db"))
}

// === impl Account ===

impl Account {
    fn cluster(self, text: &str) -> anyhow::Result<Cluster> {
        let side = self.side;
        let nodes = addresses(text).with_context(|| format!("--{side}"))?;
        let credential = match (&self.username, &self.password) {
            (Some(name), Some(password)) => Some(basic(name, password).with_context(|| format!("--{side}-username"))?),
            (None, None) => None,
            (Some(_), None) => {
                bail!("--{side}-username: needs a password, in MLGATE_{}_PASSWORD", side.to_uppercase())
            }
            (None, Some(_)) => bail!("--{side}-password: needs --{side}-username"),
        };
        if self.ca.is_some() && !nodes.iter().any(Address::is_encrypted) {
            bail!("--{side}-ca: is of use only where --{side} is https");
        }
        let tls = Tls { ca: self.ca, ..Tls::default() };
        let upstream = Upstream::new(UpstreamSettings { tls, ..UpstreamSettings::of(nodes) });
        Ok(Cluster::new(upstream.with_context(|| format!("--{side}-ca"))?, credential, WITHIN))
    }
}
