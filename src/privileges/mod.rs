//! Who may read which job's results. `Decision::permit` is the only maker of a `Permit` for a client, and no store can
//! be asked without one.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use http::{HeaderMap, HeaderValue, StatusCode};

use crate::{
    error::Error,
    observe::{
        decisions::Decisions,
        metrics,
        request::{current_id, known_as},
    },
    results::job_id::{InvalidJobId, JobId},
};

pub mod ask;
pub mod assemble;
pub mod audit;
pub mod authority;
pub mod cache;
pub mod caller;
pub mod detect;
pub mod elasticsearch;
pub mod explain;
pub mod file_realm;
pub mod open;
pub mod opensearch;
pub mod pattern;
pub mod realm;
pub mod refusal;
pub mod role_book;

use audit::{Audit, Line, Outcome};
use authority::{Authority, NoVerdict, Question, Verdict, Who};
use cache::Verdicts;
use caller::{Caller, FingerprintKey};

/// A yes to one caller for one job, and the headers its searches are sent with.
#[derive(Debug)]
pub struct Permit {
    job: JobId,
    headers: HeaderMap,
    /// Whether the headers carry the caller's own credential.
    as_caller: bool,
}

/// The rule that this mlgate enforces.
#[derive(Debug, Clone, Default)]
pub struct Rule {
    /// Whether `read` on the job's results index is needed besides the cluster privilege.
    pub index_read: bool,
    /// Answer for a job that may not be read as for one that is not there.
    pub hide_forbidden_jobs: bool,
    pub search_as: SearchAs,
}

/// Whose credential a search carries.
#[derive(Debug, Clone, Default)]
pub enum SearchAs {
    /// The caller's own: the cluster's document- and field-level security hold.
    #[default]
    Caller,
    /// mlgate's, or none.
    Service(Option<HeaderValue>),
}

/// Decides, and keeps what was decided.
pub struct Privileges {
    authority: Box<dyn Authority>,
    rule: Rule,
    verdicts: Verdicts,
    audit: Audit,
    key: FingerprintKey,
    decisions: AtomicU64,
}

/// What is known of the caller of one request, before it is known whether the request is well-formed.
pub struct Decision<'a> {
    privileges: &'a Privileges,
    caller: &'a Caller,
    job: Option<Result<JobId, InvalidJobId>>,
    verdict: Arc<Verdict>,
}

// === impl Permit ===

impl Permit {
    /// For a command of mlgate itself: whoever can open the file, or has the credential for the cluster, asks for himself.
    pub(crate) fn of_operator(job: JobId, headers: HeaderMap) -> Self {
        Self { job, headers, as_caller: false }
    }

    /// The job that may be read.
    #[must_use]
    pub fn job(&self) -> &JobId {
        &self.job
    }

    /// The headers of searches.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

// === impl Privileges ===

impl Privileges {
    /// Enforces `rule` by what `authority` knows.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn new(authority: Box<dyn Authority>, rule: Rule, verdicts: Verdicts, audit: Audit) -> anyhow::Result<Self> {
        let key = FingerprintKey::random()?;
        Ok(Self { authority, rule, verdicts, audit, key, decisions: AtomicU64::new(0) })
    }

    /// Finds out who the caller is and what he may. `job` is the job that the path names, if it names one.
    ///
    /// # Errors
    /// 401 for a caller whom nobody knows, 503 where nobody can say.
    pub async fn decide<'a>(&'a self, caller: &'a Caller, job: Option<&str>) -> Result<Decision<'a>, Error> {
        let job = job.map(JobId::parse);
        // What cannot be a job id is not asked about: index names are made from job ids only.
        let known = job.as_ref().and_then(|job| job.as_ref().ok());
        let key = (caller.fingerprint(&self.key), known.cloned());
        let question = Question { caller, job: known, index_read: self.rule.index_read };
        match self.verdicts.get(key, self.authority.judge(question)).await {
            Ok(verdict) => {
                known_as(&verdict.who.user);
                Ok(Decision { privileges: self, caller, job, verdict })
            }
            Err(no_verdict) => {
                let (outcome, error) = match no_verdict {
                    NoVerdict::Unauthenticated(refusal) => (Outcome::Unauthenticated, refusal.answer(caller.target())),
                    NoVerdict::Unavailable => (Outcome::Unavailable, refusal::unavailable()),
                };
                self.record(outcome, caller, None, known.map(JobId::as_str), error.reason())?;
                Err(error)
            }
        }
    }

    /// The last decisions.
    #[must_use]
    pub fn decisions(&self) -> Arc<Decisions> {
        self.audit.last()
    }

    /// Reads the files of the authority again, and asks about everyone again.
    pub fn reload(&self) {
        self.authority.reload();
        self.verdicts.forget_all();
    }

    /// Writes the audit log to a new file of the same name.
    ///
    /// # Errors
    /// Where it cannot be opened: then the old one is written.
    pub fn reopen_audit(&self) -> anyhow::Result<()> {
        self.audit.reopen()
    }

    fn record(
        &self,
        outcome: Outcome,
        caller: &Caller,
        verdict: Option<&Verdict>,
        job: Option<&str>,
        why: Option<&str>,
    ) -> Result<(), Error> {
        let mut asked = vec!["cluster: monitor_ml, monitor, manage_ml or manage"];
        if self.rule.index_read && job.is_some() {
            asked.push("index: read");
        }
        // A request's query may hold anything.
        let why = why.map(|why| match caller.target() {
            target if target.contains('?') => why.replace(target, caller.path()),
            _ => why.to_owned(),
        });
        metrics::decision(outcome.name());
        let line = Line {
            time: jiff::Timestamp::now().to_string(),
            outcome,
            who: verdict.map(|verdict| &verdict.who),
            job,
            asked,
            why: why.as_deref(),
            request: self.decisions.fetch_add(1, Ordering::Relaxed),
            request_id: current_id(),
            opaque_id: caller.opaque_id(),
        };
        self.audit.write(&line).map_err(|error| {
            tracing::error!(%error, "the audit log cannot be written: nobody is let in");
            refusal::unavailable()
        })
    }
}

// === impl Decision ===

impl Decision<'_> {
    /// Who asks.
    #[must_use]
    pub fn who(&self) -> &Who {
        &self.verdict.who
    }

    /// Lets the caller read the job that the path names.
    ///
    /// # Errors
    /// 403 for a caller who may not, 400 for what cannot be a job.
    pub fn permit(&self) -> Result<Permit, Error> {
        let rule = &self.privileges.rule;
        let name = match &self.job {
            Some(Ok(job)) => Some(job.as_str()),
            _ => None,
        };
        let outcome = self.verdict.cluster.as_ref().and(self.verdict.read.as_ref());
        let why = outcome.err().and_then(|error| error.reason());
        let word = if outcome.is_ok() { Outcome::Allowed } else { Outcome::Refused };
        self.privileges.record(word, self.caller, Some(&self.verdict), name, why)?;
        self.verdict.cluster.clone()?;
        let job = match &self.job {
            Some(Ok(job)) => job.clone(),
            Some(Err(reason)) => return Err(Error::invalid_job_id(reason)),
            None => return Err(refusal::unavailable()),
        };
        if rule.hide_forbidden_jobs && self.verdict.read.is_err() {
            return Err(crate::store::unknown_job(&job));
        }
        self.verdict.read.clone()?;
        Ok(self.permit_as(job, &rule.search_as))
    }

    /// The same permit, to be used elsewhere or again: as `account`, else as `search_as` says.
    #[must_use]
    pub fn elsewhere(&self, permit: &Permit, account: Option<&SearchAs>) -> Permit {
        self.permit_as(permit.job.clone(), account.unwrap_or(&self.privileges.rule.search_as))
    }

    fn permit_as(&self, job: JobId, account: &SearchAs) -> Permit {
        let (headers, as_caller) = match account {
            SearchAs::Caller => (self.caller.as_caller(), true),
            SearchAs::Service(service) => (self.caller.as_service(service.as_ref()), false),
        };
        Permit { job, headers, as_caller }
    }

    /// Takes notice of the status that a cluster answered with: where it refuses the caller, what was decided is void.
    ///
    /// # Errors
    /// 503 where mlgate's own account is refused, which is no answer for the caller.
    pub async fn after_answer(&self, status: StatusCode, permit: &Permit) -> Result<(), Error> {
        if !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Ok(());
        }
        if !permit.as_caller {
            // Not the caller is refused, mlgate is.
            tracing::error!(status = status.as_u16(), "the cluster refuses the search of mlgate's own account");
            return Err(refusal::unavailable());
        }
        self.privileges.verdicts.forget(self.caller.fingerprint(&self.privileges.key)).await;
        Ok(())
    }

    /// Takes notice of what the store said: where the cluster itself refuses, what was decided is void, and the refusal is
    /// worded as one of ours.
    pub async fn after_search(&self, error: Error, permit: &Permit) -> Error {
        if let Err(unavailable) = self.after_answer(error.status, permit).await {
            return unavailable;
        }
        if error.status != StatusCode::FORBIDDEN {
            return error;
        }
        let who = &self.verdict.who;
        let refused = match error.reason().and_then(|reason| refusal::of_search(reason, permit.job())) {
            Some(words) => refusal::forbidden(words),
            None => refusal::no_read(&refusal::user(&who.user, &who.roles, &[]), permit.job()),
        };
        let _ = self.privileges.record(
            Outcome::Refused,
            self.caller,
            Some(&self.verdict),
            Some(permit.job().as_str()),
            refused.reason(),
        );
        if self.privileges.rule.hide_forbidden_jobs { crate::store::unknown_job(permit.job()) } else { refused }
    }
}
