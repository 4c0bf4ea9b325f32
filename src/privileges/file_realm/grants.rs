//! What names of privileges mean, as far as results are concerned.
//!
//! Whatever is not known here grants nothing.

use crate::privileges::pattern::Pattern;

/// The action of a search.
const SEARCH: &str = "indices:data/read/search";
const MONITOR: &[&str] = &["cluster:monitor/*", "indices:admin/template/get*", "indices:admin/index_template/get*"];
const MONITOR_ML: &[&str] = &["cluster:monitor/xpack/ml/*"];
const MANAGE_ML: &[&str] = &["cluster:monitor/xpack/ml/*", "cluster:admin/xpack/ml/*"];
/// The part of `manage` that reaches anything here.
const MANAGE: &[&str] = &[
    "cluster:monitor/*",
    "cluster:admin/xpack/ml/*",
    "indices:admin/template/get*",
    "indices:admin/index_template/get*",
];

/// Cluster privileges of Elasticsearch 8.19 that grant nothing here: known, so that only the others are warned about.
const OTHER_CLUSTER: &str = "cancel_task create_snapshot cross_cluster_replication cross_cluster_search delegate_pki \
    grant_api_key manage_api_key manage_autoscaling manage_behavioral_analytics manage_ccr manage_connector \
    manage_data_frame_transforms manage_data_stream_global_retention manage_enrich manage_ilm manage_index_templates \
    manage_inference manage_ingest_pipelines manage_logstash_pipelines manage_oidc manage_own_api_key manage_pipeline \
    manage_rollup manage_saml manage_search_application manage_search_query_rules manage_search_synonyms \
    manage_security manage_service_account manage_slm manage_token manage_transform manage_user_profile \
    manage_watcher monitor_connector monitor_data_frame_transforms monitor_data_stream_global_retention \
    monitor_enrich monitor_inference monitor_rollup monitor_snapshot monitor_stats monitor_text_structure \
    monitor_transform monitor_watcher none post_behavioral_analytics_event read_ccr read_connector_secrets \
    read_fleet_secrets read_ilm read_pipeline read_security read_slm transport_client write_connector_secrets \
    write_fleet_secrets";
/// Index privileges of Elasticsearch 8.19 that do not allow a search.
const OTHER_INDEX: &str = "auto_configure create create_doc create_index cross_cluster_replication \
    cross_cluster_replication_internal delete delete_index index maintenance manage manage_data_stream_lifecycle \
    manage_failure_store manage_follow_index manage_ilm manage_leader_index monitor none read_cross_cluster \
    read_failure_store view_index_metadata write";

/// Cluster privileges that are held together.
#[derive(Debug, Clone, Default)]
pub(super) struct ClusterGrants {
    names: Vec<String>,
    actions: Vec<Pattern>,
}

// === impl ClusterGrants ===

impl ClusterGrants {
    /// Adds a privilege; `false` where nobody knows it, so that it grants nothing.
    pub fn add(&mut self, privilege: &str) -> bool {
        // Elasticsearch reads names and actions in any case.
        let privilege = privilege.to_ascii_lowercase();
        let legal = ["cluster:", "indices:admin/template/", "indices:admin/index_template/"];
        if legal.iter().any(|start| privilege.starts_with(start)) {
            // The name of an action stands for all that begin so.
            self.actions.push(Pattern::new(&format!("{privilege}*")));
            return true;
        }
        let known = !meaning(&privilege).is_empty() || is_listed(OTHER_CLUSTER, &privilege);
        if known && privilege != "none" {
            self.actions.extend(meaning(&privilege).iter().map(|pattern| Pattern::new(pattern)));
            self.names.push(privilege);
        }
        known
    }

    /// Whether a privilege, or an action, is granted.
    pub fn has(&self, wanted: &str) -> bool {
        let covered = |action: &str| self.actions.iter().any(|granted| granted.covers(action));
        if wanted.contains(':') {
            return covered(wanted);
        }
        let held = |name: &str| self.names.iter().any(|own| own == name);
        match wanted {
            "all" => held("all"),
            // Only a part of it is known by its actions, so they cannot stand for it.
            "manage" => held("manage") || held("all"),
            _ => {
                held("all") || held(wanted) || {
                    let actions = meaning(wanted);
                    !actions.is_empty() && actions.iter().all(|action| covered(action))
                }
            }
        }
    }
}

/// What index privileges allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IndexPrivilege {
    Search,
    Other,
    /// Nobody knows it.
    Unknown,
}

// === impl IndexPrivilege ===

impl IndexPrivilege {
    pub fn of(privilege: &str) -> Self {
        let privilege = privilege.to_ascii_lowercase();
        match &*privilege {
            "all" | "read" => Self::Search,
            action if action.starts_with("indices:") => {
                if Pattern::new(&format!("{action}*")).covers(SEARCH) {
                    Self::Search
                } else {
                    Self::Other
                }
            }
            other if is_listed(OTHER_INDEX, other) || other.starts_with("internal:") => Self::Other,
            _ => Self::Unknown,
        }
    }
}

fn meaning(privilege: &str) -> &'static [&'static str] {
    match privilege {
        "all" => &["*"],
        "manage" => MANAGE,
        "monitor" => MONITOR,
        "manage_ml" => MANAGE_ML,
        "monitor_ml" => MONITOR_ML,
        _ => &[],
    }
}

fn is_listed(list: &str, name: &str) -> bool {
    list.split_ascii_whitespace().any(|listed| listed == name)
}

#[cfg(test)]
mod tests {
    use super::{ClusterGrants, IndexPrivilege};

    const GET_BUCKETS: &str = "cluster:monitor/xpack/ml/job/results/buckets/get";

    /// Asked of Elasticsearch 8.19.21 and 9.5.3.
    #[test]
    fn cluster_privileges() {
        let asked = ["monitor_ml", "manage_ml", "monitor", "manage", "all", GET_BUCKETS];
        for (held, expected) in [
            ("none", "......"),
            ("monitor_ml", "x....x"),
            ("MONITOR_ML", "x....x"),
            ("manage_ml", "xx...x"),
            ("monitor", "x.x..x"),
            ("manage", "xxxx.x"),
            ("all", "xxxxxx"),
            ("cluster:monitor/xpack/ml/*", "x....x"),
            ("cluster:monitor/*", "x....x"),
            ("cluster:monitor/xpack/ml/job/results", ".....x"),
            (GET_BUCKETS, ".....x"),
            ("cluster:monitor/xpack/ml/job/results/records/get", "......"),
            ("manage_security", "......"),
            ("monitor_stats", "......"),
        ] {
            let mut grants = ClusterGrants::default();
            assert!(grants.add(held), "{held}");
            let found: String = asked.iter().map(|wanted| if grants.has(wanted) { 'x' } else { '.' }).collect();
            assert_eq!(found, expected, "{held}");
        }
    }

    #[test]
    fn an_unknown_privilege_grants_nothing() {
        let mut grants = ClusterGrants::default();
        for name in ["monitr_ml", "", "*", " monitor ", "indices:data/read/search"] {
            assert!(!grants.add(name), "{name}");
        }
        assert!(!grants.has("monitr_ml") && !grants.has("") && !grants.has(GET_BUCKETS));
    }

    #[test]
    fn index_privileges() {
        use IndexPrivilege::{Other, Search, Unknown};
        for (name, expected) in [
            ("read", Search),
            ("ALL", Search),
            ("indices:data/read/*", Search),
            ("indices:data/read/search", Search),
            ("indices:*", Search),
            ("indices:data/read", Search),
            ("indices:data/read/get", Other),
            ("indices:data/write/*", Other),
            ("write", Other),
            ("none", Other),
            ("read_cross_cluster", Other),
            ("raed", Unknown),
            ("*", Unknown),
        ] {
            assert_eq!(IndexPrivilege::of(name), expected, "{name}");
        }
    }
}
