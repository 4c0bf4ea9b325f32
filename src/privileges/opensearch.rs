//! OpenSearch with its security plugin, which knows roles and nothing of Elastic's privileges. Roles are asked for as the
//! caller; what they mean stands in our configuration, or in the roles themselves where a service account may read them.

use std::{str::FromStr, sync::Arc, time::Duration};

use anyhow::{anyhow, bail};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use moka::future::Cache;
use serde::{Deserialize, Serialize};

use super::{
    ask::Line,
    authority::{Authority, Judging, NoVerdict, Question, Unauthenticated, Verdict, Who},
    caller::Caller,
    pattern::Pattern,
    refusal,
    role_book::RoleBook,
};
use crate::{results::job_id::JobId, upstream::Answer};

const AUTHINFO: &str = "/_plugins/_security/authinfo";

/// Where it says who asks, and the name of the name there.
pub(super) const WHO_ASKS: (&str, &str) = (AUTHINFO, "user_name");

/// How long roles that the service account has read are used.
const ROLES_LIFETIME: Duration = Duration::from_secs(10);

/// The cluster privileges that a role can be given, any of which is enough.
const PRIVILEGES: [&str; 5] = ["monitor_ml", "monitor", "manage_ml", "manage", "all"];

/// `role=privilege`, or `role=privilege@pattern`: for the jobs whose alias the pattern covers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleGrant {
    role: String,
    /// Any of them is enough: it is kept to be shown.
    privilege: String,
    pattern: Option<String>,
}

/// The security plugin of the cluster.
pub struct OpenSearch {
    line: Line,
    grants: Vec<RoleGrant>,
    /// May read the roles.
    service: Option<HeaderValue>,
    /// Whether searches carry the caller's credential, so that what a role filters is filtered.
    as_caller: bool,
    book: Cache<(), Arc<RoleBook>>,
}

#[derive(Deserialize)]
struct AuthInfo {
    user_name: String,
    roles: Vec<String>,
}

// === impl RoleGrant ===

impl FromStr for RoleGrant {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (role, grant) =
            text.split_once('=').ok_or_else(|| anyhow!("[{text}] must be role=privilege or role=privilege@pattern"))?;
        let (privilege, pattern) = match grant.split_once('@') {
            Some((privilege, pattern)) => (privilege, Some(pattern.to_owned())),
            None => (grant, None),
        };
        if !PRIVILEGES.contains(&privilege) {
            bail!("[{privilege}] in [{text}] must be one of {}", PRIVILEGES.join(", "));
        }
        if role.is_empty() || pattern.as_deref() == Some("") {
            bail!("[{text}] must be role=privilege or role=privilege@pattern");
        }
        Ok(Self { role: role.to_owned(), privilege: privilege.to_owned(), pattern })
    }
}

impl TryFrom<String> for RoleGrant {
    type Error = anyhow::Error;

    fn try_from(text: String) -> anyhow::Result<Self> {
        text.parse()
    }
}

impl From<RoleGrant> for String {
    fn from(RoleGrant { role, privilege, pattern }: RoleGrant) -> Self {
        match pattern {
            Some(pattern) => format!("{role}={privilege}@{pattern}"),
            None => format!("{role}={privilege}"),
        }
    }
}

// === impl OpenSearch ===

impl OpenSearch {
    /// `grants` say what roles mean. Where there are none the roles themselves do, as `service` reads them; without a
    /// service account only `all_access` means anything.
    #[must_use]
    pub fn new(line: Line, grants: Vec<RoleGrant>, service: Option<HeaderValue>, as_caller: bool) -> Self {
        let book = Cache::builder().max_capacity(1).time_to_live(ROLES_LIFETIME).build();
        Self { line, grants, service, as_caller, book }
    }

    async fn ask(&self, question: Question<'_>) -> Result<Verdict, NoVerdict> {
        let answer = self.line.ask(Method::GET, AUTHINFO, question.caller.as_caller(), None).await?;
        let info: AuthInfo = match answer.status {
            StatusCode::OK => serde_json::from_slice(&answer.body).map_err(|_| answer.nonsense(AUTHINFO))?,
            StatusCode::UNAUTHORIZED => return Err(unauthenticated(question.caller, &answer.headers)),
            _ => return Err(answer.nonsense(AUTHINFO)),
        };
        let book = self.book().await?;
        let who = refusal::user(&info.user_name, &info.roles, &[]);
        let cluster = match &book {
            Some(book) if self.grants.is_empty() => book.grants_cluster(&info.roles, refusal::ACTION),
            _ => self.granted(&info.roles, None),
        };
        let read = question.job.filter(|_| question.index_read).filter(|job| {
            let by_map = self.grants.is_empty() || self.granted(&info.roles, Some(job));
            let by_role = book.as_ref().is_none_or(|book| {
                book.grants_read(&info.roles, &info.user_name, &job.results_alias(), self.as_caller)
            });
            !(by_map && by_role)
        });
        Ok(Verdict {
            cluster: if cluster { Ok(()) } else { Err(refusal::no_cluster_privilege(&who)) },
            read: read.map_or(Ok(()), |job| Err(refusal::no_read(&who, job))),
            who: Who { user: info.user_name, realm: "opensearch".into(), roles: info.roles, api_key: None },
        })
    }

    /// Whether one of the roles is given a privilege, for `job` where there is one.
    fn granted(&self, roles: &[String], job: Option<&JobId>) -> bool {
        let has = |role: &str| roles.iter().any(|own| own == role);
        if self.grants.is_empty() {
            return has("all_access");
        }
        self.grants.iter().filter(|grant| has(&grant.role)).any(|grant| match (&grant.pattern, job) {
            (Some(pattern), Some(job)) => Pattern::new(pattern).covers(&job.results_alias()),
            _ => true,
        })
    }

    async fn book(&self) -> Result<Option<Arc<RoleBook>>, NoVerdict> {
        let Some(service) = &self.service else { return Ok(None) };
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, service.clone());
        let read = async { RoleBook::read(&self.line, &headers).await.map(Arc::new) };
        self.book.try_get_with((), read).await.map(Some).map_err(|failure| (*failure).clone())
    }
}

impl Authority for OpenSearch {
    fn judge<'a>(&'a self, question: Question<'a>) -> Judging<'a> {
        Box::pin(self.ask(question))
    }
}

/// Whether this refusal is one of the plugin's.
pub(super) fn refused(answer: &Answer) -> bool {
    let mut challenges =
        answer.headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    challenges.any(|challenge| challenge.contains("OpenSearch Security"))
}

/// The plugin's 401 is a plain word: clients of Elasticsearch are told in Elastic's form.
fn unauthenticated(caller: &Caller, headers: &HeaderMap) -> NoVerdict {
    let request = format!("for REST request [{}]", refusal::THIS_REQUEST);
    let reason = match caller.authorization() {
        None => format!("missing authentication credentials {request}"),
        Some(authorization) => match basic_user(authorization) {
            Some(user) => format!("unable to authenticate user [{user}] {request}"),
            None => "unable to authenticate with provided credentials and anonymous access is not allowed for this \
                     request"
                .to_owned(),
        },
    };
    let challenges: Vec<HeaderValue> = headers.get_all(header::WWW_AUTHENTICATE).iter().cloned().collect();
    let Unauthenticated { document, challenges: usual } = refusal::unauthenticated(reason, None, None);
    NoVerdict::Unauthenticated(Unauthenticated {
        document,
        challenges: if challenges.is_empty() { usual } else { challenges },
    })
}

fn basic_user(authorization: &str) -> Option<String> {
    let (scheme, encoded) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    decoded.split_once(':').map(|(user, _)| user.to_owned())
}

#[cfg(test)]
mod tests {
    use super::RoleGrant;

    #[test]
    fn grants_are_checked() {
        for good in ["a=monitor_ml", "team a=all@.ml-anomalies-a*"] {
            assert!(good.parse::<RoleGrant>().is_ok(), "{good}");
        }
        for bad in ["", "a", "a=", "a=read", "=monitor", "a=monitor@"] {
            assert!(bad.parse::<RoleGrant>().is_err(), "{bad}");
        }
    }
}
