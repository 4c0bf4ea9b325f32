//! Elasticsearch with its security on, 7.17 to 9.x: one question for the cluster's and the index's part.

use http::{Method, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    ask::Line,
    authority::{Authority, Judging, NoVerdict, Question, Unauthenticated, Verdict, Who},
    caller::Caller,
    refusal,
};
use crate::{upstream::Answer, xcontent::Node};

const HAS_PRIVILEGES: &str = refusal::THIS_REQUEST;
const AUTHENTICATE: &str = "/_security/_authenticate";

/// Where it says who asks, and the name of the name there.
pub(super) const WHO_ASKS: (&str, &str) = (AUTHENTICATE, "username");

/// The security layer of the cluster itself.
pub struct Elasticsearch {
    line: Line,
}

/// The answer to `_has_privileges`. What we asked for and is missing or of another type makes it nonsense.
#[derive(Deserialize)]
struct HasPrivileges {
    username: String,
    has_all_requested: bool,
    cluster: serde_json::Map<String, Value>,
    index: serde_json::Map<String, Value>,
}

/// The answer to `_authenticate`, as far as messages need it.
#[derive(Deserialize)]
struct Authentication {
    username: String,
    roles: Vec<String>,
    api_key: Option<ApiKey>,
    #[serde(rename = "authentication_realm")]
    realm: Option<Realm>,
}

#[derive(Deserialize)]
struct ApiKey {
    id: String,
}

#[derive(Deserialize)]
struct Realm {
    #[serde(rename = "type")]
    kind: String,
}

// === impl Elasticsearch ===

impl Elasticsearch {
    #[must_use]
    pub fn new(line: Line) -> Self {
        Self { line }
    }

    async fn ask(&self, question: Question<'_>) -> Result<Verdict, NoVerdict> {
        let asked = privileges(question);
        let answer = self.line.ask(Method::POST, HAS_PRIVILEGES, question.caller.as_caller(), Some(&asked)).await?;
        match answer.status {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED => return Err(unauthenticated(&answer)),
            // Who may ask about himself may always; who acts as another may not be let.
            StatusCode::FORBIDDEN if question.caller.acts_as().is_some() => return may_not_act(&answer, question),
            _ => return Err(answer.nonsense(HAS_PRIVILEGES)),
        }
        let nonsense = || answer.nonsense(HAS_PRIVILEGES);
        let has: HasPrivileges = serde_json::from_slice(&answer.body).map_err(|_| nonsense())?;
        let cluster = any(&has.cluster).ok_or_else(nonsense)?;
        let read = match question.job.filter(|_| question.index_read) {
            Some(job) => {
                let index = has.index.get(&job.results_alias()).and_then(Value::as_object);
                index.and_then(|index| index.get("read")).and_then(Value::as_bool).ok_or_else(nonsense)?
            }
            None => true,
        };
        // Everything granted one by one, and not as a whole, or the reverse: an answer to another question.
        let all = has.cluster.values().all(|value| value == &Value::Bool(true)) && read;
        if has.has_all_requested != all {
            return Err(nonsense());
        }
        let mut who = Who { user: has.username, realm: "elasticsearch".into(), ..Who::default() };
        if cluster && read {
            return Ok(Verdict { who, cluster: Ok(()), read: Ok(()) });
        }
        let authentication = self.authenticate(question.caller).await?;
        let text = authentication.text();
        let cluster = if cluster { Ok(()) } else { Err(self.refuse(question.caller, &text).await?) };
        let read = match question.job.filter(|_| !read) {
            Some(job) => Err(refusal::no_read(&text, job)),
            None => Ok(()),
        };
        who.api_key = authentication.api_key.map(|key| key.id);
        who.roles = authentication.roles;
        Ok(Verdict { who, cluster, read })
    }

    /// The cluster's own refusal with our action in it: only the cluster knows which roles take effect.
    async fn refuse(&self, caller: &Caller, text: &str) -> Result<crate::error::Error, NoVerdict> {
        let answer = self.line.ask(Method::GET, "/", caller.as_caller(), None).await?;
        let words = (answer.status == StatusCode::FORBIDDEN)
            .then(|| answer.json()?.pointer("/error/reason")?.as_str().and_then(refusal::for_our_action))
            .flatten();
        Ok(words.map_or_else(|| refusal::no_cluster_privilege(text), refusal::forbidden))
    }

    async fn authenticate(&self, caller: &Caller) -> Result<Authentication, NoVerdict> {
        let answer = self.line.ask(Method::GET, AUTHENTICATE, caller.as_caller(), None).await?;
        match answer.status {
            StatusCode::OK => serde_json::from_slice(&answer.body).map_err(|_| answer.nonsense(AUTHENTICATE)),
            StatusCode::UNAUTHORIZED => Err(unauthenticated(&answer)),
            _ => Err(answer.nonsense(AUTHENTICATE)),
        }
    }
}

impl Authority for Elasticsearch {
    fn judge<'a>(&'a self, question: Question<'a>) -> Judging<'a> {
        Box::pin(self.ask(question))
    }
}

// === impl Authentication ===

impl Authentication {
    fn text(&self) -> String {
        let realm = self.realm.as_ref().map(|realm| realm.kind.as_str());
        match (&self.api_key, realm) {
            (Some(key), _) => refusal::api_key(&key.id, &self.username),
            (None, Some("_service_account")) => format!("service account [{}]", self.username),
            _ => refusal::user(&self.username, &self.roles, &[]),
        }
    }
}

/// Whether this refusal is one of its own.
pub(super) fn refused(answer: &Answer) -> bool {
    let kind = |document: &Value| document.pointer("/error/type").and_then(Value::as_str) == Some("security_exception");
    answer.headers.contains_key("x-elastic-product") || answer.json().is_some_and(|document| kind(&document))
}

/// The body of `_has_privileges`. The action is asked for as well: a role may grant it by its own name.
fn privileges(question: Question<'_>) -> Value {
    let index = question
        .job
        .filter(|_| question.index_read)
        .map(|job| json!({"names": [job.results_alias()], "privileges": ["read"]}));
    json!({
        "cluster": refusal::ASKED,
        "index": index.into_iter().collect::<Vec<_>>(),
    })
}

/// Whether one is granted; `None` where one is neither granted nor refused, or none was answered.
fn any(granted: &serde_json::Map<String, Value>) -> Option<bool> {
    let granted = granted.values().map(Value::as_bool).collect::<Option<Vec<_>>>()?;
    (!granted.is_empty()).then(|| granted.contains(&true))
}

/// The cluster's refusal to let the caller act as another.
fn may_not_act(answer: &Answer, question: Question<'_>) -> Result<Verdict, NoVerdict> {
    let document = answer.json().unwrap_or_default();
    let reason = document.pointer("/error/reason").and_then(Value::as_str).and_then(refusal::for_our_action);
    let reason = reason.ok_or_else(|| answer.nonsense(HAS_PRIVILEGES))?;
    let user = question.caller.acts_as().unwrap_or_default();
    let who = Who { user, realm: "elasticsearch".into(), ..Who::default() };
    Ok(Verdict { who, cluster: Err(refusal::forbidden(reason)), read: Ok(()) })
}

/// The cluster's own 401.
fn unauthenticated(answer: &Answer) -> NoVerdict {
    match answer.json() {
        Some(document @ Value::Object(_)) if document.pointer("/error/reason").is_some_and(Value::is_string) => {
            let challenges = answer.headers.get_all(header::WWW_AUTHENTICATE).iter().cloned().collect();
            NoVerdict::Unauthenticated(Unauthenticated { document: Node::from(document), challenges })
        }
        _ => answer.nonsense(HAS_PRIVILEGES),
    }
}
