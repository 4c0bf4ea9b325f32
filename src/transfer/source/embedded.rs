//! Documents of the embedded store, job by job.

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;

use super::outlet::{Outlet, Read};
use crate::{
    store::embedded::{EmbeddedStore, copying::Stored},
    transfer::{
        document::{Document, Head, Mark, Rejected, in_one_line, index_at_target, made_up_id},
        plan::{Chosen, Part, Plan},
    },
};

/// A store to read from.
#[derive(Clone)]
pub struct EmbeddedSource {
    pub store: EmbeddedStore,
}

// === impl EmbeddedSource ===

impl EmbeddedSource {
    pub fn plan(&self, chosen: &Chosen) -> anyhow::Result<Plan> {
        let mut plan = Plan::default();
        let mut without_results = 0;
        for held in self.store.held()? {
            if !chosen.includes(&held.job) {
                continue;
            }
            let is_known = plan.jobs.contains_key(&held.job);
            let Some(index) = held.index else {
                without_results += u64::from(!is_known);
                continue;
            };
            let Some(index) = index_at_target(&index) else {
                plan.notes
                    .push(format!("the results of {} in the index {index:?} stay: it is none of results", held.job));
                continue;
            };
            let job = plan.jobs.entry(held.job).or_default();
            job.documents += held.documents;
            job.indices.insert(index.into_owned());
            job.span = match (job.span, held.span) {
                (Some(one), Some(other)) => Some((one.0.min(other.0), one.1.max(other.1))),
                (one, other) => one.or(other),
            };
        }
        if without_results > 0 {
            let jobs = if without_results == 1 { "job" } else { "jobs" };
            plan.notes.push(format!(
                "{without_results} {jobs} without results stay: the store keeps no configurations to move"
            ));
        }
        for (name, job) in &plan.jobs {
            let jobs = [name.clone()].into();
            plan.parts.push(Part { name: name.clone(), jobs, documents: job.documents });
        }
        Ok(plan)
    }

    pub fn read(&self, jobs: &BTreeSet<String>, from: Option<Mark>, outlet: &mut Outlet) -> anyhow::Result<()> {
        let from = from.map(|mark| mark.at);
        for job in jobs {
            self.store.each_of(job, from, |stored| {
                let place = Mark { at: stored.time.unwrap_or(i64::MIN), line: 0 };
                outlet.put_waiting(place, understand(&stored, job))
            })?;
        }
        Ok(())
    }
}

/// What a document of the store is: it need not be one of results.
fn understand(stored: &Stored<'_>, job: &str) -> Read {
    let Some(index) = index_at_target(stored.index) else { return Read::Left };
    let id = match (stored.id, Head::read(stored.source)) {
        (Some(id), _) => id.to_owned(),
        (None, Ok(head)) => made_up_id(&head, stored.seq, stored.source),
        (None, Err(error)) => {
            let what = format!("document {} of {job}", stored.seq);
            return Read::Unfit(Rejected { what, why: error.to_string() });
        }
    };
    let source = in_one_line(Bytes::copy_from_slice(stored.source));
    Read::Taken(Document { index: Arc::from(&*index), id, source })
}
