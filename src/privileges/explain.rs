//! A decision told step by step, for `mlgate check`.

use std::io::{self, Write};

use super::{
    Privileges, SearchAs,
    authority::{NoVerdict, Question},
    caller::Caller,
};
use crate::results::job_id::JobId;

impl Privileges {
    /// Writes how it would be decided whether the caller may read `job`; true where he may. Nothing is kept or searched.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub async fn explain(&self, caller: &Caller, job: &JobId, out: &mut (dyn Write + Send)) -> io::Result<bool> {
        let question = Question { caller, job: Some(job), index_read: self.rule.index_read };
        let verdict = match self.authority.judge(question).await {
            Ok(verdict) => verdict,
            Err(NoVerdict::Unauthenticated(refusal)) => {
                let error = refusal.answer(caller.target());
                writeln!(out, "caller: not known: {}", error.reason().unwrap_or_default())?;
                return Ok(false);
            }
            Err(NoVerdict::Unavailable) => {
                writeln!(out, "caller: nobody can say; the log tells why")?;
                return Ok(false);
            }
        };
        let who = &verdict.who;
        writeln!(out, "caller: {} of {}, roles [{}]", who.user, who.realm, who.roles.join(","))?;
        write!(out, "cluster: one of monitor_ml, monitor, manage_ml, manage: ")?;
        match &verdict.cluster {
            Ok(()) => writeln!(out, "granted")?,
            Err(error) => writeln!(out, "refused: {}", error.reason().unwrap_or_default())?,
        }
        write!(out, "index: read on {}: ", job.results_alias())?;
        match &verdict.read {
            _ if !self.rule.index_read => writeln!(out, "not asked for, as index_read is not-required")?,
            Ok(()) => writeln!(out, "granted, as far as it is known before the search")?,
            Err(error) => writeln!(out, "refused: {}", error.reason().unwrap_or_default())?,
        }
        let allowed = verdict.cluster.is_ok() && verdict.read.is_ok();
        let searcher = match self.rule.search_as {
            SearchAs::Caller => "with the caller's own credential",
            SearchAs::Service(Some(_)) => "with the account of upstream_username",
            SearchAs::Service(None) => "without a credential",
        };
        let hidden = self.rule.hide_forbidden_jobs && verdict.cluster.is_ok();
        match (allowed, hidden) {
            (true, _) => writeln!(out, "decision: allowed; searches are sent {searcher}")?,
            (false, true) => writeln!(out, "decision: refused, 404 as for a job that is not there")?,
            (false, false) => writeln!(out, "decision: refused, 403")?,
        }
        Ok(allowed)
    }
}
