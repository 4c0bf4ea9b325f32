//! The jobs, one module for each kind.

mod categories;
mod copied;
mod farequote;
mod it_ops_kpi;
mod odd;
mod plain;
mod weblogs_population;

use crate::job::Job;

pub fn all() -> Vec<Job> {
    let mut jobs = vec![
        it_ops_kpi::job(),
        farequote::job(),
        weblogs_population::job(),
        categories::job(),
        categories::by_service(),
        plain::quiet(),
        plain::iso_times(),
        plain::never_run(),
        plain::never_opened(),
        copied::with_dots(),
        copied::special(),
        copied::rolled(),
    ];
    jobs.extend(odd::jobs());
    jobs
}
