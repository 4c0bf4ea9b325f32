//! Who may read which job's results. [`authorize`] is the only maker of a [`Permit`], and no store can be asked without one.

use crate::results::job_id::JobId;

/// A yes to one caller for one job.
#[derive(Debug)]
pub struct Permit {
    job: JobId,
}

// === impl Permit ===

impl Permit {
    /// The job that may be read.
    #[must_use]
    pub fn job(&self) -> &JobId {
        &self.job
    }
}

/// Decides whether the caller may read the results of `job`.
///
/// There is no authority yet: everyone may, and so the server binds to loopback addresses only.
#[must_use]
pub fn authorize(job: JobId) -> Permit {
    Permit { job }
}
