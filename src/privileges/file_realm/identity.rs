//! Who asks, and what they may.

use std::sync::Arc;

use super::roles::{Role, Roles};

/// Someone who was recognised.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The user; of an API key its owner.
    pub user: String,
    /// Who recognised them, as Elasticsearch names it.
    pub realm: &'static str,
    /// The id of the API key that was shown instead of a password.
    pub api_key: Option<String>,
    /// The roles that count, sorted. Of an API key: its owner's.
    pub roles: Vec<String>,
    /// The roles that are assigned but that there are none of, sorted.
    pub missing_roles: Vec<String>,
    /// Every layer must allow: the roles, and what an API key is limited to.
    layers: Vec<Vec<Arc<Role>>>,
}

// === impl Identity ===

impl Identity {
    pub(super) fn new(user: String, realm: &'static str, assigned: &[String], all: &Roles) -> Self {
        let mut assigned: Vec<&String> = assigned.iter().collect();
        assigned.sort();
        assigned.dedup();
        let (mut roles, mut missing_roles, mut layer) = (Vec::new(), Vec::new(), Vec::new());
        for name in assigned {
            match all.get(name) {
                Some(role) => {
                    roles.push(name.clone());
                    layer.push(Arc::clone(role));
                }
                None => missing_roles.push(name.clone()),
            }
        }
        Self { user, realm, api_key: None, roles, missing_roles, layers: vec![layer] }
    }

    /// The same, by an API key and no further than that allows.
    #[must_use]
    pub(super) fn by_api_key(mut self, id: String, limit: Option<Vec<Arc<Role>>>) -> Self {
        self.api_key = Some(id);
        self.layers.extend(limit);
        self
    }

    /// Whether a cluster privilege is held: one of `all`, `manage`, `monitor`, `manage_ml`, `monitor_ml`, or an action such as
    /// `cluster:monitor/xpack/ml/job/results/buckets/get`. Other privileges are held by their own name or by `all` only.
    #[must_use]
    pub fn has_cluster(&self, privilege: &str) -> bool {
        self.layers.iter().all(|roles| roles.iter().any(|role| role.cluster.has(privilege)))
    }

    /// Whether an index, or every index of a pattern, may be searched with all its documents and fields. Meant for indices of
    /// results: that some indices of Elasticsearch are closed even to `*` is not known here.
    #[must_use]
    pub fn may_read(&self, index: &str) -> bool {
        self.layers.iter().all(|roles| roles.iter().any(|role| role.may_read(index)))
    }
}
