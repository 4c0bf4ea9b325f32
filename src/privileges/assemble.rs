//! From the configuration to what enforces it.

use reqwest::Url;

use super::{
    Privileges, SearchAs,
    ask::Line,
    audit::Audit,
    authority::Authority,
    cache::Verdicts,
    detect::{Detected, Kind},
    elasticsearch::Elasticsearch,
    open::OpenToAll,
    opensearch::OpenSearch,
};
use crate::config::access::{Access, AuthorityKind};

/// Makes the privileges for a store; `upstream` is its cluster, where it is one.
///
/// # Errors
/// Files that cannot be read or written.
pub fn assemble(access: &Access, upstream: Option<&Url>) -> anyhow::Result<Privileges> {
    let authority = authority(access, upstream)?;
    let audit = access.audit_log.as_deref().map_or_else(|| Ok(Audit::off()), Audit::to)?;
    Privileges::new(authority, access.rule.clone(), Verdicts::new(access.cache, access.stale), audit)
}

fn authority(access: &Access, upstream: Option<&Url>) -> anyhow::Result<Box<dyn Authority>> {
    let line = || match upstream {
        Some(url) => Line::new(url.clone(), access.timeout),
        None => anyhow::bail!("authority: there is no cluster that could be asked"),
    };
    let opensearch = |line: Line| -> Box<dyn Authority> {
        let as_caller = matches!(access.rule.search_as, SearchAs::Caller);
        Box::new(OpenSearch::new(line, access.opensearch_roles.clone(), access.service.clone(), as_caller))
    };
    Ok(match access.authority {
        None => Box::new(OpenToAll),
        Some(AuthorityKind::Elasticsearch) => Box::new(Elasticsearch::new(line()?)),
        Some(AuthorityKind::Opensearch) => opensearch(line()?),
        Some(AuthorityKind::Auto) => {
            let (line, access) = (line()?, access.clone());
            Box::new(Detected::new(line.clone(), move |kind| match kind {
                Kind::Elasticsearch => Some(Box::new(Elasticsearch::new(line.clone()))),
                Kind::OpenSearch => {
                    let as_caller = matches!(access.rule.search_as, SearchAs::Caller);
                    let roles = access.opensearch_roles.clone();
                    Some(Box::new(OpenSearch::new(line.clone(), roles, access.service.clone(), as_caller)))
                }
                Kind::WithoutSecurity => {
                    tracing::error!("the cluster has no security: set realm, so that it is known who may");
                    None
                }
            }))
        }
        Some(AuthorityKind::File) => anyhow::bail!("realm: not there yet"),
    })
}
