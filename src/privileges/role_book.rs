//! The roles of an OpenSearch cluster, as a service account may read them.

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};

use super::{ask::Line, authority::NoVerdict, pattern::Pattern};

const ROLES: &str = "/_plugins/_security/api/roles";
const ACTION_GROUPS: &str = "/_plugins/_security/api/actiongroups";

/// What a search of results is, for the security plugin.
const SEARCH: &str = "indices:data/read/search";

/// Roles and the groups of actions that they are written with.
#[derive(Debug)]
pub struct RoleBook {
    roles: BTreeMap<String, Role>,
    groups: BTreeMap<String, ActionGroup>,
}

#[derive(Debug, Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Role {
    cluster_permissions: Vec<String>,
    index_permissions: Vec<IndexPermission>,
}

#[derive(Debug, Deserialize)]
struct IndexPermission {
    index_patterns: Vec<String>,
    allowed_actions: Vec<String>,
    dls: Option<String>,
    #[serde(default)]
    fls: Vec<String>,
    #[serde(default)]
    masked_fields: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct ActionGroup {
    #[serde(default)]
    allowed_actions: Vec<String>,
}

// === impl RoleBook ===

impl RoleBook {
    /// Reads all roles and action groups.
    ///
    /// # Errors
    /// [`NoVerdict::Unavailable`] where the account may not, or the answer is not whole.
    pub async fn read(line: &Line, service: &HeaderMap) -> Result<Self, NoVerdict> {
        async fn get<T: DeserializeOwned>(line: &Line, path: &str, service: &HeaderMap) -> Result<T, NoVerdict> {
            let answer = line.ask(Method::GET, path, service.clone(), None).await?;
            if answer.status != StatusCode::OK {
                return Err(answer.nonsense(path));
            }
            serde_json::from_slice(&answer.body).map_err(|_| answer.nonsense(path))
        }
        Ok(Self { roles: get(line, ROLES, service).await?, groups: get(line, ACTION_GROUPS, service).await? })
    }

    /// Whether one of the roles may do `action` on the cluster.
    #[must_use]
    pub fn grants_cluster(&self, roles: &[String], action: &str) -> bool {
        self.of(roles).any(|role| self.allows(&role.cluster_permissions, action))
    }

    /// Whether one of the roles may search the index or alias `name`. A role that shows a part only counts where
    /// `filters_hold`.
    #[must_use]
    pub fn grants_read(&self, roles: &[String], user: &str, name: &str, filters_hold: bool) -> bool {
        self.of(roles).flat_map(|role| &role.index_permissions).any(|permission| {
            let whole = permission.dls.as_deref().unwrap_or_default().is_empty()
                && permission.fls.is_empty()
                && permission.masked_fields.is_empty();
            (whole || filters_hold)
                && self.allows(&permission.allowed_actions, SEARCH)
                && permission.index_patterns.iter().any(|pattern| covers_name(pattern, user, name))
        })
    }

    fn of<'a>(&'a self, roles: &'a [String]) -> impl Iterator<Item = &'a Role> {
        roles.iter().filter_map(|role| self.roles.get(role))
    }

    fn allows(&self, permissions: &[String], action: &str) -> bool {
        let mut todo: Vec<&str> = permissions.iter().map(String::as_str).collect();
        let mut seen = BTreeSet::new();
        while let Some(permission) = todo.pop() {
            if !seen.insert(permission) {
                continue;
            }
            match self.groups.get(permission) {
                Some(group) => todo.extend(group.allowed_actions.iter().map(String::as_str)),
                None if Pattern::new(permission).covers(action) => return true,
                None => {}
            }
        }
        false
    }
}

/// Regular expressions and attributes of users other than their name are not known here, and grant nothing.
fn covers_name(pattern: &str, user: &str, name: &str) -> bool {
    // A user may not widen a pattern by his name.
    if pattern.contains("${user.name}") && user.contains(['*', '?']) {
        return false;
    }
    let pattern = pattern.replace("${user.name}", user);
    let unknown = pattern.contains("${") || pattern.starts_with('/');
    !unknown && Pattern::new(&pattern).covers(name)
}

#[cfg(test)]
mod tests {
    use super::RoleBook;

    fn book() -> RoleBook {
        let roles = r#"{
            "a": {"cluster_permissions": ["ml"], "index_permissions": [{"index_patterns": [".ml-anomalies-a*"], "allowed_actions": ["read"]}]},
            "f": {"index_permissions": [{"index_patterns": ["*"], "dls": "{}", "allowed_actions": ["*"]}]},
            "u": {"index_permissions": [{"index_patterns": ["/.*/", ".ml-anomalies-${user.name}", "${attr.x}*"], "allowed_actions": ["indices:data/read*"]}]}
        }"#;
        let groups = r#"{"read": {"allowed_actions": ["indices:data/read*", "loop"]}, "loop": {"allowed_actions": ["read"]},
            "ml": {"allowed_actions": ["cluster:monitor/xpack/ml/*"]}}"#;
        RoleBook { roles: serde_json::from_str(roles).unwrap(), groups: serde_json::from_str(groups).unwrap() }
    }

    #[test]
    fn groups_patterns_and_filters() {
        let book = book();
        let roles = |name: &str| vec![name.to_owned()];
        assert!(book.grants_cluster(&roles("a"), "cluster:monitor/xpack/ml/job/x"));
        assert!(!book.grants_cluster(&roles("f"), "cluster:monitor/xpack/ml/job/x"));
        assert!(!book.grants_cluster(&roles("unknown"), "x"));
        for (role, user, name, filters_hold, expected) in [
            ("a", "x", ".ml-anomalies-a1", false, true),
            ("a", "x", ".ml-anomalies-b1", false, false),
            ("f", "x", ".ml-anomalies-a1", false, false),
            ("f", "x", ".ml-anomalies-a1", true, true),
            ("u", "bob", ".ml-anomalies-bob", false, true),
            ("u", "bob", ".ml-anomalies-eve", false, false),
            ("u", "*", ".ml-anomalies-eve", false, false),
        ] {
            assert_eq!(book.grants_read(&roles(role), user, name, filters_hold), expected, "{role} {user} {name}");
        }
    }
}
