//! Roles: those of `roles.yml`, those built into Elasticsearch, and the role descriptors of API keys.
//!
//! A grant that cannot be honoured is no grant: document- and field-level security, regular expressions as index names, and
//! restrictions to workflows. Each is said once, when the file is read.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use super::{
    builtin::BUILT_IN,
    grants::{ClusterGrants, IndexPrivilege},
    users::is_valid_name,
};
use crate::privileges::pattern::Pattern;

/// What a role grants.
#[derive(Debug, Default)]
pub(super) struct Role {
    pub cluster: ClusterGrants,
    /// The indices that may be searched, whole documents of them.
    readable: Vec<Pattern>,
}

/// All roles, by name.
#[derive(Debug)]
pub(super) struct Roles(HashMap<String, Arc<Role>>);

/// A role as it is written, in `roles.yml` or in an API key. What has no bearing on results is read over.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Descriptor {
    cluster: Option<Vec<String>>,
    #[serde(alias = "index")]
    indices: Vec<IndexGrant>,
    restriction: Option<Value>,
    #[serde(rename = "run_as")]
    _run_as: IgnoredAny,
    #[serde(rename = "applications")]
    _applications: IgnoredAny,
    #[serde(rename = "global")]
    _global: IgnoredAny,
    #[serde(rename = "metadata")]
    _metadata: IgnoredAny,
    #[serde(rename = "transient_metadata")]
    _transient_metadata: IgnoredAny,
    #[serde(rename = "remote_indices")]
    _remote_indices: IgnoredAny,
    #[serde(rename = "remote_cluster")]
    _remote_cluster: IgnoredAny,
    #[serde(rename = "description")]
    _description: IgnoredAny,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct IndexGrant {
    names: OneOrMany,
    privileges: Vec<String>,
    #[serde(default)]
    query: Option<Value>,
    #[serde(default)]
    field_security: Option<FieldSecurity>,
    /// Results are in no restricted index.
    #[serde(default, rename = "allow_restricted_indices")]
    _allow_restricted_indices: IgnoredAny,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldSecurity {
    grant: Option<Vec<String>>,
    except: Option<Vec<String>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

// === impl Roles ===

impl Roles {
    /// Reads `roles.yml` in a folder, on top of the roles that are built in.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("roles.yml");
        Self::parse(&super::read(&path)?).with_context(|| path.display().to_string())
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let options = serde_saphyr::options! { with_snippet: false };
        let written: Option<BTreeMap<String, Option<Descriptor>>> =
            if text.lines().all(|line| line.trim().is_empty() || line.starts_with('#')) {
                None
            } else {
                serde_saphyr::from_str_with_options(text, options)?
            };
        let mut roles: HashMap<_, _> =
            BUILT_IN.iter().map(|role| (role.name.to_owned(), Arc::new(Role::built_in(role)))).collect();
        for (name, descriptor) in written.unwrap_or_default() {
            ensure!(is_valid_name(&name), "invalid role name {name:?}");
            let Some(descriptor) = descriptor else { bail!("role [{name}] says nothing; write {{}} to grant nothing") };
            let role = Role::new(&name, &descriptor)?;
            ensure!(roles.insert(name.clone(), Arc::new(role)).is_none(), "role [{name}] is built in");
        }
        Ok(Self(roles))
    }

    pub fn get(&self, name: &str) -> Option<&Arc<Role>> {
        self.0.get(name)
    }
}

// === impl Role ===

impl Role {
    /// What a written role grants. `name` is for warnings and errors.
    pub fn new(name: &str, written: &Descriptor) -> anyhow::Result<Self> {
        let mut role = Self::default();
        if written.restriction.as_ref().is_some_and(|restriction| !restriction.is_null()) {
            tracing::warn!(role = name, "is restricted to workflows, which there are none of here: it grants nothing");
            return Ok(role);
        }
        for privilege in written.cluster.iter().flatten() {
            if !role.cluster.add(privilege) {
                tracing::warn!(role = name, privilege, "unknown cluster privilege: it grants nothing");
            }
        }
        for grant in &written.indices {
            ensure!(!grant.names.all().is_empty(), "role [{name}]: names of indices are missing");
            role.readable.extend(grant.readable(name)?);
        }
        Ok(role)
    }

    fn built_in(role: &super::builtin::BuiltIn) -> Self {
        let mut cluster = ClusterGrants::default();
        for privilege in role.cluster {
            cluster.add(privilege);
        }
        Self { cluster, readable: role.readable.iter().map(|name| Pattern::new(name)).collect() }
    }

    pub fn may_read(&self, index: &str) -> bool {
        self.readable.iter().any(|pattern| pattern.covers(index))
    }
}

// === impl IndexGrant ===

impl IndexGrant {
    /// The names that may be searched by this grant without looking into documents.
    fn readable(&self, role: &str) -> anyhow::Result<Vec<Pattern>> {
        let mut search = false;
        for privilege in &self.privileges {
            match IndexPrivilege::of(privilege) {
                IndexPrivilege::Search => search = true,
                IndexPrivilege::Other => {}
                IndexPrivilege::Unknown => {
                    tracing::warn!(role, privilege, "unknown index privilege: it grants nothing");
                }
            }
        }
        let mut readable = Vec::new();
        for name in self.names.all() {
            if let Some(rest) = name.strip_prefix('/') {
                ensure!(
                    rest.len() > 1 && rest.ends_with('/'),
                    "role [{role}]: index name [{name}] begins but does not end as a regular expression"
                );
                if search {
                    tracing::warn!(role, name, "regular expressions are not understood: this name grants nothing");
                }
            } else if search {
                readable.push(Pattern::new(name));
            }
        }
        if self.looks_into_documents() && !readable.is_empty() {
            let names = self.names.all();
            tracing::warn!(role, ?names, "document- and field-level security cannot be kept here: these grant nothing");
            readable.clear();
        }
        Ok(readable)
    }

    fn looks_into_documents(&self) -> bool {
        let query = match &self.query {
            None | Some(Value::Null) => false,
            Some(Value::String(text)) => !text.is_empty(),
            Some(_) => true,
        };
        query || self.field_security.as_ref().is_some_and(FieldSecurity::hides)
    }
}

// === impl FieldSecurity ===

impl FieldSecurity {
    fn hides(&self) -> bool {
        let all = self.grant.as_ref().is_some_and(|fields| fields.iter().any(|field| field == "*"));
        !all || self.except.as_ref().is_some_and(|fields| !fields.is_empty())
    }
}

// === impl OneOrMany ===

impl OneOrMany {
    fn all(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Roles;

    fn error(text: &str) -> String {
        format!("{:#}", Roles::parse(text).unwrap_err())
    }

    #[test]
    fn written_roles() {
        let roles = Roles::parse(
            "# comment\nreader:\n  cluster: [ monitor_ml ]\n  indices:\n  - names: '.ml-anomalies-*'\n    privileges: [ read ]\n\
             'q r':\n  cluster: null\n  indices:\n    - names: [ a, 'b*' ]\n      privileges: [ write, 'indices:data/read/*' ]\n      \
             query: ''\n      field_security: {grant: ['*']}\nempty: {}\nrest:\n  description: x\n  metadata: {a: 1}\n  run_as: [y]\n  \
             applications: [{application: z, privileges: [all], resources: ['*']}]\n",
        )
        .unwrap();
        let reader = roles.get("reader").unwrap();
        assert!(reader.cluster.has("monitor_ml") && reader.may_read(".ml-anomalies-x"));
        assert!(!reader.may_read(".ml-config"));
        let other = roles.get("q r").unwrap();
        assert!(other.may_read("a") && other.may_read("bx") && !other.may_read("c"));
        assert!(!roles.get("empty").unwrap().may_read("a"));
        assert!(roles.get("superuser").unwrap().may_read("a") && roles.get("nosuch").is_none());
        assert!(Roles::parse("").is_ok() && Roles::parse("# nothing\n\n").is_ok());
    }

    #[test]
    fn grants_that_cannot_be_honoured() {
        for grant in [
            "query: '{\"match_all\":{}}'",
            "query: {match_all: {}}",
            "field_security: {grant: ['a']}",
            "field_security: {grant: ['*'], except: ['b']}",
            "field_security: {except: ['b']}",
        ] {
            let text = format!("r:\n  indices:\n    - names: ['*']\n      privileges: [all]\n      {grant}\n");
            assert!(!Roles::parse(&text).unwrap().get("r").unwrap().may_read("a"), "{grant}");
        }
        let regex = "r:\n  indices:\n    - names: ['/.*/', 'b']\n      privileges: [all]\n";
        let roles = Roles::parse(regex).unwrap();
        assert!(!roles.get("r").unwrap().may_read("a") && roles.get("r").unwrap().may_read("b"));
        let restricted = "r:\n  cluster: [all]\n  restriction: {workflows: [x]}\n";
        assert!(!Roles::parse(restricted).unwrap().get("r").unwrap().cluster.has("monitor_ml"));
    }

    #[test]
    fn broken_files_name_the_place() {
        for (text, place) in [
            ("r:\n  cluster: [monitor]\n  bogus: 1\n", "line 3"),
            ("r:\n  cluster: monitor\n", "line 2"),
            ("r:\n  indices:\n    - names: a\n", "line 3"),
            ("r:\n  indices:\n    - names: a\n      privileges: read\n", "line 4"),
            ("r:\n  cluster: [monitor\n", "line"),
            ("r:\n  cluster: [a]\nr:\n  cluster: [b]\n", "line 3"),
            ("r:\n", "role [r]"),
            ("superuser:\n  cluster: [monitor]\n", "role [superuser]"),
            ("r:\n  indices:\n    - names: []\n      privileges: [read]\n", "role [r]"),
            ("r:\n  indices:\n    - names: ['/a']\n      privileges: [read]\n", "role [r]"),
            ("' r':\n  cluster: []\n", "invalid role name"),
            ("- a\n", "line 1"),
        ] {
            assert!(error(text).contains(place), "{text}: {}", error(text));
        }
    }

    proptest::proptest! {
        #[test]
        fn parsing_never_panics(text in "([a: \\-\\[\\]{}'\"&*!|>#]|\n|cluster|indices|names|privileges|query){0,40}") {
            let _ = Roles::parse(&text);
        }
    }
}
