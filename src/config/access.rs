//! What the settings say about who may.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use clap::ValueEnum;
use http::{HeaderValue, Uri};
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::{
    listen::socket::Place,
    pass_through::allowed::{Allowed, Passing},
    privileges::{
        Rule, SearchAs,
        file_realm::jwt::{JwtSettings, KeySource},
        opensearch::RoleGrant,
    },
    secret::Secret,
};

/// Who knows callers and what they may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum AuthorityKind {
    /// The cluster's own security, whichever it is
    Auto,
    /// Elasticsearch's security
    Elasticsearch,
    /// OpenSearch's security plugin
    Opensearch,
    /// The files of `realm`
    File,
}

/// Whether `read` on a job's results index is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum IndexRead {
    /// As the documentation up to 7.12 says
    Required,
    /// As servers do since 6.1: the cluster privilege is enough
    NotRequired,
}

/// Whose credential searches carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Account {
    /// The caller's own
    Caller,
    /// The one of `upstream_username`
    Service,
}

/// Access, checked.
#[derive(Debug, Clone)]
pub struct Access {
    /// None: everyone may.
    pub authority: Option<AuthorityKind>,
    pub realm: Option<PathBuf>,
    /// Whose tokens the realm takes.
    pub jwt: Option<JwtSettings>,
    pub rule: Rule,
    /// What is passed on besides Get Buckets, if anything.
    pub passing: Option<Allowed>,
    /// Whether clients of Elasticsearch shall take OpenSearch for one.
    pub elastic_clients: bool,
    /// mlgate's own account on the cluster.
    pub service: Option<HeaderValue>,
    pub opensearch_roles: Vec<RoleGrant>,
    pub timeout: Duration,
    pub cache: Duration,
    pub stale: Duration,
    pub allow_run_as: bool,
    /// `-` is standard output.
    pub audit_log: Option<PathBuf>,
}

// === impl Access ===

impl Access {
    /// Checks the settings about access together.
    ///
    /// # Errors
    /// What is wrong with them, naming the key.
    pub fn of(settings: &Settings) -> anyhow::Result<Self> {
        let service = service(settings)?;
        let authority = Self::authority(settings)?;
        let on_cluster =
            matches!(authority, Some(AuthorityKind::Auto | AuthorityKind::Elasticsearch | AuthorityKind::Opensearch));
        let search_as = match settings.search_as {
            Some(Account::Caller) if !on_cluster => {
                bail!("search_as: callers that the cluster does not know cannot search it; must be service")
            }
            Some(Account::Service) if on_cluster && service.is_none() => {
                bail!("search_as: service needs upstream_username and upstream_password")
            }
            Some(Account::Service) => SearchAs::Service(service.clone()),
            None if !on_cluster => SearchAs::Service(service.clone()),
            Some(Account::Caller) | None => SearchAs::Caller,
        };
        let allow_run_as = settings.allow_run_as.unwrap_or(false);
        if allow_run_as && !matches!(authority, Some(AuthorityKind::Auto | AuthorityKind::Elasticsearch)) {
            bail!("allow_run_as: only Elasticsearch's security knows it");
        }
        let passing = passing(settings, on_cluster)?;
        let elastic_clients = settings.elastic_clients.unwrap_or(false);
        if elastic_clients && passing.is_none() {
            bail!("elastic_clients: is of use only where something is passed on to a cluster");
        }
        let seconds = |value: Option<u64>, default: u64| Duration::from_secs(value.unwrap_or(default));
        Ok(Self {
            authority,
            realm: settings.realm.clone(),
            jwt: Self::jwt(settings, authority)?,
            rule: Rule {
                index_read: settings.index_read.unwrap_or(IndexRead::Required) == IndexRead::Required,
                hide_forbidden_jobs: settings.hide_forbidden_jobs.unwrap_or(false),
                search_as,
            },
            passing,
            elastic_clients,
            service,
            opensearch_roles: settings.opensearch_roles.clone().unwrap_or_default(),
            timeout: seconds(settings.authority_timeout_seconds, 5),
            cache: seconds(settings.privilege_cache_seconds, 5),
            stale: seconds(settings.privilege_stale_seconds, 0),
            allow_run_as,
            audit_log: settings.audit_log.clone(),
        })
    }

    /// Checks that an address is for as many as are let in.
    ///
    /// # Errors
    /// Where everyone is let in, and not only from this machine.
    pub fn may_listen_on(&self, place: &Place) -> anyhow::Result<()> {
        if self.authority.is_none() && !place.is_local() {
            bail!("listen: {place} is not a loopback address, and unsafe_open_to_all lets everyone in");
        }
        Ok(())
    }

    fn jwt(settings: &Settings, authority: Option<AuthorityKind>) -> anyhow::Result<Option<JwtSettings>> {
        let (issuer, audience, keys) = match (&settings.jwt_issuer, &settings.jwt_audience, &settings.jwt_jwks) {
            (None, None, None) if settings.jwt_user_claim.is_none() && settings.jwt_roles_claim.is_none() => {
                return Ok(None);
            }
            (Some(issuer), Some(audience), Some(keys)) if !audience.is_empty() => (issuer, audience, keys),
            _ => bail!("jwt_issuer: must be set together with jwt_audience and jwt_jwks"),
        };
        if authority != Some(AuthorityKind::File) {
            bail!("jwt_issuer: is of use only where authority is file");
        }
        let keys = match keys.parse::<Uri>() {
            Ok(url) if matches!(url.scheme_str(), Some("http" | "https")) => KeySource::Url(url),
            _ => KeySource::File(keys.into()),
        };
        let claim = |name: &Option<String>, default: &str| name.clone().unwrap_or_else(|| default.to_owned());
        Ok(Some(JwtSettings {
            issuer: issuer.clone(),
            audience: audience.clone(),
            keys,
            user_claim: claim(&settings.jwt_user_claim, "sub"),
            roles_claim: claim(&settings.jwt_roles_claim, "roles"),
        }))
    }

    fn authority(settings: &Settings) -> anyhow::Result<Option<AuthorityKind>> {
        let open = settings.unsafe_open_to_all.unwrap_or(false);
        if open && (settings.authority.is_some() || settings.realm.is_some()) {
            bail!("unsafe_open_to_all: cannot be set together with authority or realm");
        }
        if open {
            return Ok(None);
        }
        let chosen = match (settings.authority, &settings.realm) {
            (Some(AuthorityKind::File) | None, Some(_)) => AuthorityKind::File,
            (Some(AuthorityKind::File), None) => bail!("realm: must be set, as authority is file"),
            (Some(_), Some(_)) => bail!("realm: is of use only where authority is file"),
            (Some(kind), None) => kind,
            (None, None) => AuthorityKind::Auto,
        };
        if settings.upstream.is_none() && chosen != AuthorityKind::File {
            bail!(
                "realm: must be set to a folder with users, users_roles and roles.yml, as there is no cluster to ask who \
                 may; or set unsafe_open_to_all, which lets everyone on this machine in"
            );
        }
        Ok(Some(chosen))
    }
}

fn passing(settings: &Settings, on_cluster: bool) -> anyhow::Result<Option<Allowed>> {
    let passing = settings.pass_through.unwrap_or(if on_cluster { Passing::ReadOnly } else { Passing::Off });
    if passing != Passing::Off && !on_cluster {
        bail!(
            "pass_through: must be off where the cluster does not know the callers, as it would let everyone do everything"
        );
    }
    Ok(match (passing, &settings.pass_through_allow) {
        (Passing::AllowList, Some(list)) => Some(Allowed::List(list.clone())),
        (Passing::AllowList, None) => bail!("pass_through_allow: must be set, as pass_through is allow-list"),
        (_, Some(_)) => bail!("pass_through_allow: is of use only where pass_through is allow-list"),
        (Passing::Off, None) => None,
        (Passing::ReadOnly, None) => Some(Allowed::read_only()),
        (Passing::All, None) => Some(Allowed::All),
    })
}

/// `Authorization` of mlgate's own account on the cluster.
///
/// # Errors
/// Where only half of it is set.
pub fn service(settings: &Settings) -> anyhow::Result<Option<HeaderValue>> {
    Ok(match (&settings.upstream_username, &settings.upstream_password) {
        (Some(name), Some(password)) => Some(basic(name, password).context("upstream_username")?),
        (None, None) => None,
        _ => bail!("upstream_username: must be set together with upstream_password"),
    })
}

/// `Authorization` for a name and a password.
///
/// # Errors
/// Where the name has a colon.
pub fn basic(name: &str, password: &Secret) -> anyhow::Result<HeaderValue> {
    if name.contains(':') {
        bail!("the name of a user may not contain a colon");
    }
    let pair = BASE64_STANDARD.encode(format!("{name}:{}", password.expose()));
    let mut value = HeaderValue::from_str(&format!("Basic {pair}"))?;
    value.set_sensitive(true);
    Ok(value)
}
