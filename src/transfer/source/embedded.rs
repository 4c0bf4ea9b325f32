//! Documents of the embedded store, job by job.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc::Sender;

use crate::{
    store::embedded::EmbeddedStore,
    transfer::{
        cutter::Cutter,
        document::{Batch, Document, Head, Mark, Rejected, in_one_line, index_at_target, made_up_id},
        plan::{Chosen, Part, Plan},
        trouble::Trouble,
    },
};

/// A store to read from.
#[derive(Clone)]
pub struct EmbeddedSource {
    pub store: EmbeddedStore,
}

// === impl EmbeddedSource ===

impl EmbeddedSource {
    pub async fn plan(&self, chosen: &Chosen) -> Result<Plan, Trouble> {
        let store = self.store.clone();
        let mut plan = Plan::default();
        let mut without_results = 0;
        for held in tokio::task::spawn_blocking(move || store.held()).await?? {
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

    pub async fn read(
        &self,
        part: &Part,
        from: Option<Mark>,
        mut cutter: Cutter,
        out: Sender<Batch>,
    ) -> Result<(), Trouble> {
        let (store, jobs) = (self.store.clone(), part.jobs.clone());
        let read = move || -> anyhow::Result<()> {
            let from = from.map(|mark| mark.at);
            let mut is_taken = true;
            for job in &jobs {
                store.each_of(job, from, |stored| {
                    if let Some(batch) = cutter.reach(Mark { at: stored.time.unwrap_or(i64::MIN), line: 0 }) {
                        is_taken = out.blocking_send(batch).is_ok();
                    }
                    let Some(index) = index_at_target(stored.index) else { return is_taken };
                    let id = match (stored.id, Head::read(stored.source)) {
                        (Some(id), _) => id.to_owned(),
                        (None, Ok(head)) => made_up_id(&head, stored.seq, stored.source),
                        (None, Err(error)) => {
                            let what = format!("document {} of {job}", stored.seq);
                            cutter.add_unfit(Rejected { what, why: error.to_string() });
                            return is_taken;
                        }
                    };
                    let source = in_one_line(Bytes::copy_from_slice(stored.source));
                    cutter.add(Document { index: Arc::from(&*index), id, source });
                    is_taken
                })?;
            }
            if is_taken {
                let _ = out.blocking_send(cutter.end());
            }
            Ok(())
        };
        Ok(tokio::task::spawn_blocking(read).await??)
    }
}
