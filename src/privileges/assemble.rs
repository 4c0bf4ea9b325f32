//! From the configuration to what enforces it.

use std::sync::Arc;

use anyhow::Context as _;

use super::{
    Privileges, SearchAs,
    ask::Line,
    audit::Audit,
    authority::Authority,
    cache::Verdicts,
    detect::{Detected, Kind},
    elasticsearch::Elasticsearch,
    file_realm::{FileRealm, RealmFiles},
    open::OpenToAll,
    opensearch::OpenSearch,
    realm::Realm,
};
use crate::{
    config::access::{Access, AuthorityKind},
    upstream::Upstream,
};

/// Makes the privileges for a store; `upstream` leads to its cluster, where it is one. Needs a runtime, as files are looked after.
///
/// # Errors
/// Files that cannot be read or written.
pub fn assemble(access: &Access, upstream: Option<&Arc<Upstream>>) -> anyhow::Result<Arc<Privileges>> {
    let authority = authority(access, upstream)?;
    let audit = access.audit_log.as_deref().map_or_else(|| Ok(Audit::off()), Audit::to)?;
    let verdicts = Verdicts::new(access.cache, access.stale);
    Ok(Arc::new(Privileges::new(authority, access.rule.clone(), verdicts, audit)?))
}

fn authority(access: &Access, upstream: Option<&Arc<Upstream>>) -> anyhow::Result<Box<dyn Authority>> {
    let has_identity = upstream.is_some_and(|upstream| upstream.has_identity());
    let line = || match upstream {
        Some(upstream) => Ok(Line::new(Arc::clone(upstream), access.timeout)),
        None => anyhow::bail!("authority: there is no cluster that could be asked"),
    };
    Ok(match access.authority {
        None => Box::new(OpenToAll),
        Some(AuthorityKind::Elasticsearch) if !has_identity => Box::new(Elasticsearch::new(line()?)),
        Some(AuthorityKind::Opensearch) if !has_identity => Box::new(opensearch(line()?, access)),
        // Also where the kind is said, if there is a certificate: whom the cluster takes it for must be known first.
        Some(said @ (AuthorityKind::Auto | AuthorityKind::Elasticsearch | AuthorityKind::Opensearch)) => {
            let (line, access) = (line()?, access.clone());
            Box::new(Detected::new(line.clone(), move |kind| match kind {
                Kind::Elasticsearch if said != AuthorityKind::Opensearch => {
                    Some(Box::new(Elasticsearch::new(line.clone())))
                }
                Kind::OpenSearch if said != AuthorityKind::Elasticsearch => {
                    Some(Box::new(opensearch(line.clone(), &access)))
                }
                Kind::Elasticsearch | Kind::OpenSearch => {
                    tracing::error!(?kind, "the cluster's security is another than authority says");
                    None
                }
                Kind::OfCertificate => {
                    tracing::error!("upstream_certificate: the cluster takes it for the user who asks");
                    None
                }
                Kind::WithoutSecurity => {
                    tracing::error!("the cluster has no security: set realm, so that it is known who may");
                    None
                }
            }))
        }
        Some(AuthorityKind::File) => {
            let directory = access.realm.clone().context("realm: must be set")?;
            let realm = FileRealm::open(RealmFiles { directory, jwt: access.jwt.clone() }).context("realm")?;
            let realm = Arc::new(realm);
            tokio::spawn(Arc::clone(&realm).watch());
            Box::new(Realm::new(realm))
        }
    })
}

fn opensearch(line: Line, access: &Access) -> OpenSearch {
    let as_caller = matches!(access.rule.search_as, SearchAs::Caller);
    OpenSearch::new(line, access.opensearch_roles.clone(), access.service.clone(), as_caller)
}
