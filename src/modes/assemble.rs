//! From the configuration to those who answer.

use std::sync::Arc;

use super::{
    Answers, Mode, Modes,
    log::ShadowLog,
    rules::{ModeName, Place, SideName, Way},
    shadow::{Shadow, ShadowSettings},
    side::Side,
};
use crate::{
    config::{
        Results,
        modes::{ModesConfig, ShadowConfig},
        upstream::ClusterConfig,
    },
    privileges::{SearchAs, pattern::Pattern},
    store::{ResultsStore, cluster::ClusterStore},
    upstream::{Upstream, UpstreamSettings},
};

/// What there is without any mode.
pub struct Primary<'a> {
    pub results: &'a Results,
    pub store: Arc<dyn ResultsStore>,
    /// Where the results are in a cluster.
    pub upstream: Option<Arc<Upstream>>,
}

/// How much of a search reply is read for a comparison, as a multiple of the reply that is made of it.
const SEARCH_REPLY: usize = 4;

// === impl Modes ===

impl Modes {
    /// Opens what the modes need; nothing is sent yet.
    ///
    /// # Errors
    /// Certificates that cannot be read, a log that cannot be written; the message names the key.
    pub fn open(config: &ModesConfig, primary: &Primary<'_>) -> anyhow::Result<Self> {
        let ours =
            Side { name: SideName::REWRITE, answers: Answers::Rewrite(Arc::clone(&primary.store)), account: None };
        let otherwise = Mode { side: Arc::new(ours), shadow: None };
        let secondary = match &config.secondary {
            Some(secondary) => Some(Upstream::new(secondary.cluster.upstream.clone())?),
            None => None,
        };
        let side = |name: SideName| -> anyhow::Result<Side> {
            let account = config.account(name);
            let within = config.secondary.as_ref().map_or_else(Default::default, |secondary| secondary.cluster.search);
            Ok(match (name.place, &primary.upstream, &secondary) {
                (Place::Upstream, upstream, _) => Side {
                    name,
                    account,
                    answers: match (name.way, upstream) {
                        (Way::Native, Some(upstream)) => Answers::Native(Arc::clone(upstream)),
                        (Way::Native, None) => anyhow::bail!("modes: native needs an upstream"),
                        (Way::Rewrite, _) => Answers::Rewrite(Arc::clone(&primary.store)),
                    },
                },
                (Place::Secondary, _, Some(secondary)) => {
                    of_cluster(name, account, Arc::clone(secondary), |upstream| ClusterStore::new(upstream, within))
                }
                (Place::Secondary, _, None) => anyhow::bail!("modes: {} needs secondary", name.name()),
            })
        };
        let shadow = match &config.shadow {
            None => None,
            Some(shadow) => {
                let answering = Arc::new(side(shadow.primary)?);
                let other = match cluster_of(shadow.secondary, config, primary.results) {
                    Some(cluster) => compared(shadow, cluster, config.account(shadow.secondary))?,
                    None => side(shadow.secondary)?,
                };
                let names = [shadow.primary, shadow.secondary];
                let log = ShadowLog::open(shadow.log.as_deref(), shadow.log_bytes, names)?;
                let shadow = Shadow::new(shadow.primary, Arc::new(other), shadow.settings.clone(), log);
                Some(Mode { side: answering, shadow: Some(Arc::new(shadow)) })
            }
        };
        let mut rules = Vec::new();
        for rule in &config.rules {
            let mode = match (rule.mode, &shadow) {
                (ModeName::Side(name), _) => Mode { side: Arc::new(side(name)?), shadow: None },
                (ModeName::Shadow, Some(shadow)) => shadow.clone(),
                (ModeName::Shadow, None) => anyhow::bail!("modes: shadow is not set up"),
            };
            rules.push((Pattern::new(&rule.jobs), mode));
        }
        Ok(Self { rules, otherwise, secondary })
    }
}

/// The cluster of a side; none where the results are in a file.
fn cluster_of<'a>(name: SideName, config: &'a ModesConfig, results: &'a Results) -> Option<&'a ClusterConfig> {
    match (name.place, results) {
        (Place::Secondary, _) => config.secondary.as_ref().map(|secondary| &secondary.cluster),
        (Place::Upstream, Results::Cluster(cluster)) => Some(cluster),
        (Place::Upstream, Results::Embedded(_)) => None,
    }
}

/// A side that is compared has connections of its own, so that it takes none from those that are waited for.
fn compared(shadow: &ShadowConfig, cluster: &ClusterConfig, account: Option<SearchAs>) -> anyhow::Result<Side> {
    let ShadowSettings { in_flight, within, most, .. } = shadow.settings;
    let settings = UpstreamSettings { connections: in_flight, reply: within, ..cluster.upstream.clone() };
    let upstream = Upstream::new(settings)?;
    Ok(of_cluster(shadow.secondary, account, upstream, |upstream| {
        ClusterStore::new(upstream, within).bounded(most.saturating_mul(SEARCH_REPLY))
    }))
}

fn of_cluster(
    name: SideName,
    account: Option<SearchAs>,
    upstream: Arc<Upstream>,
    store: impl FnOnce(Arc<Upstream>) -> ClusterStore,
) -> Side {
    let answers = match name.way {
        Way::Native => Answers::Native(upstream),
        Way::Rewrite => Answers::Rewrite(Arc::new(store(upstream))),
    };
    Side { name, answers, account }
}
