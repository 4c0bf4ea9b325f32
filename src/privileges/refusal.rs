//! The words of a refusal: what Elasticsearch's security layer answers for this API's own path and action.

use std::fmt::Write as _;

use http::{HeaderValue, StatusCode, header};

use super::authority::Unauthenticated;
use crate::{
    error::{Error, Exception, Fault},
    results::job_id::JobId,
    xcontent::Node,
};

/// The transport action of Get Buckets: what Elasticsearch checks.
pub const ACTION: &str = "cluster:monitor/xpack/ml/job/results/buckets/get";

/// What is asked about: the action itself, as a role may grant it by its name, and the privileges any of which is enough.
pub const ASKED: [&str; 5] = [ACTION, "monitor_ml", "monitor", "manage_ml", "manage"];

/// Stands for the request in a text that is kept for other requests of the same caller.
pub const THIS_REQUEST: &str = "/_security/user/_has_privileges";

/// The cluster privileges that grant [`ACTION`], as messages list them, least first.
const GRANTED_BY: &str = "[monitor_ml,manage_ml,monitor,manage,all]";

/// Ways to authenticate that Elasticsearch names by default.
const CHALLENGES: [&str; 2] = ["Basic realm=\"security\", charset=\"UTF-8\"", "ApiKey"];

/// How long a client should wait where nobody can say who may, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// 401, as Elasticsearch itself would say it.
#[must_use]
pub fn unauthenticated(reason: String, credential_faults: Option<String>, cause: Option<&str>) -> Unauthenticated {
    let mut exception = vec![("type".into(), Node::from("security_exception")), ("reason".into(), reason.into())];
    exception.extend(credential_faults.map(|faults| ("additional_unsuccessful_credentials".into(), faults.into())));
    let challenges = CHALLENGES.iter().map(|&challenge| Node::from(challenge)).collect();
    let header = ("header".into(), Node::Object(vec![("WWW-Authenticate".into(), Node::Array(challenges))]));
    let mut root = exception.clone();
    root.push(header.clone());
    // The cause stands before the headers, which no other exception has.
    exception.extend(cause.map(|cause| ("caused_by".into(), Exception::illegal_argument(cause).node())));
    exception.push(header);
    let mut error = vec![("root_cause".into(), Node::Array(vec![Node::Object(root)]))];
    error.extend(exception);
    let document = Node::Object(vec![("error".into(), Node::Object(error)), ("status".into(), Node::Long(401))]);
    Unauthenticated { document, challenges: CHALLENGES.map(HeaderValue::from_static).to_vec() }
}

/// 403 in the given words.
#[must_use]
pub fn forbidden(reason: impl Into<String>) -> Error {
    let exception = Exception::new("security_exception", reason);
    Error::new(StatusCode::FORBIDDEN, Fault::Client, exception.clone(), exception)
}

/// 403 for a caller without any of the cluster privileges. `who` is a text as `user [bob] with effective roles [a,b]`.
#[must_use]
pub fn no_cluster_privilege(who: &str) -> Error {
    forbidden(format!(
        "action [{ACTION}] is unauthorized for {who}, this action is granted by the cluster privileges {GRANTED_BY}"
    ))
}

/// 403 for a caller who may not read the job's results: the words of a search that is refused, with our action and the
/// job, as servers did while they asked for this privilege.
#[must_use]
pub fn no_read(who: &str, job: &JobId) -> Error {
    forbidden(format!(
        "action [{ACTION}] is unauthorized for {who} on indices [{}], this action is granted by the index privileges \
         [read,all] for job [{job}]",
        job.results_alias()
    ))
}

/// The text for a user, as messages have it since 8.3.
#[must_use]
pub fn user(name: &str, roles: &[String], missing: &[String]) -> String {
    let sorted = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort_unstable();
        names.join(",")
    };
    let mut text = format!("user [{name}] with effective roles [{}]", sorted(roles));
    if !missing.is_empty() {
        let _ = write!(text, " (assigned roles [{}] were not found)", sorted(missing));
    }
    text
}

/// The text for an API key.
#[must_use]
pub fn api_key(id: &str, owner: &str) -> String {
    format!("API key id [{id}] of user [{owner}]")
}

/// Puts our action and privileges into a refusal of another action on the cluster; `None` where it is not such a text.
#[must_use]
pub fn for_our_action(refusal: &str) -> Option<String> {
    let rest = refusal.strip_prefix("action [")?;
    let (_, rest) = rest.split_once("] is unauthorized for ")?;
    let mut text = format!("action [{ACTION}] is unauthorized for ");
    // Older servers do not say what would grant it.
    match rest.rfind("privileges [") {
        Some(at) => {
            text += &rest[..at];
            text += "privileges ";
            text += GRANTED_BY;
        }
        None => text += rest,
    }
    Some(text)
}

/// Puts our action and the job into the cluster's refusal of a search; `None` where it is not such a text.
#[must_use]
pub fn of_search(refusal: &str, job: &JobId) -> Option<String> {
    let (_, rest) = refusal.strip_prefix("action [")?.split_once(']')?;
    Some(format!("action [{ACTION}]{rest} for job [{job}]"))
}

/// 503: nobody could say whether the caller may.
#[must_use]
pub fn unavailable() -> Error {
    Error::store(StatusCode::SERVICE_UNAVAILABLE, "the privileges of the caller could not be checked")
        .with_header(header::RETRY_AFTER, RETRY_AFTER)
}

// === impl Unauthenticated ===

impl Unauthenticated {
    /// The 401 for a request to `target`.
    #[must_use]
    pub fn answer(&self, target: &str) -> Error {
        let document = with_target(&self.document, target);
        let error = Error::document_as_is(StatusCode::UNAUTHORIZED, Fault::Client, document);
        self.challenges
            .iter()
            .fold(error, |error, challenge| error.with_header(header::WWW_AUTHENTICATE, challenge.clone()))
    }
}

fn with_target(node: &Node, target: &str) -> Node {
    match node {
        Node::String(text) => {
            let ours = format!("REST request [{THIS_REQUEST}]");
            text.replace(&ours, &format!("REST request [{target}]")).into()
        }
        Node::Array(items) => Node::Array(items.iter().map(|item| with_target(item, target)).collect()),
        Node::Object(fields) => {
            Node::Object(fields.iter().map(|(name, value)| (name.clone(), with_target(value, target))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::{for_our_action, user};

    #[test]
    fn refusals_of_every_version() {
        let ours = "action [cluster:monitor/xpack/ml/job/results/buckets/get] is unauthorized for ";
        let list = "[monitor_ml,manage_ml,monitor,manage,all]";
        for (theirs, expected) in [
            ("user [b]", "user [b]".to_owned()),
            (
                "user [b], this action is granted by the privileges [monitor,all]",
                format!("user [b], this action is granted by the privileges {list}"),
            ),
            (
                "user [privileges [x] with effective roles [], this action is granted by the cluster privileges [monitor,manage,all]",
                format!(
                    "user [privileges [x] with effective roles [], this action is granted by the cluster privileges {list}"
                ),
            ),
        ] {
            let theirs = format!("action [cluster:monitor/main] is unauthorized for {theirs}");
            assert_eq!(for_our_action(&theirs), Some(format!("{ours}{expected}")));
        }
        assert_eq!(for_our_action("current license is non-compliant"), None);
    }

    #[test]
    fn roles_are_sorted() {
        let names = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(user("b", &names("z a"), &[]), "user [b] with effective roles [a,z]");
        assert_eq!(
            user("b", &[], &names("y x")),
            "user [b] with effective roles [] (assigned roles [x,y] were not found)"
        );
    }
}
