//! Documents of a file of bulk requests, elasticdump lines, search replies or bare documents, in the order of their lines.

use std::{
    fs::File,
    io::{Seek as _, SeekFrom},
    path::PathBuf,
    sync::Arc,
};

use anyhow::Context as _;
use bytes::Bytes;
use tokio::sync::mpsc::Sender;

use crate::{
    store::embedded::import::{
        formats::{Content, Found},
        lines::Lines,
    },
    transfer::{
        cutter::Cutter,
        document::{
            Batch, CONFIGURATIONS, DEFAULT_INDEX, Document, Head, Mark, Rejected, in_one_line, index_at_target,
            made_up_id,
        },
        plan::{Chosen, Part, Plan},
        trouble::Trouble,
    },
};

/// The only part of a file.
const ALL: &str = "file";

/// A file to read from.
#[derive(Clone)]
pub struct FileSource {
    pub file: PathBuf,
}

/// What a document in the file is.
enum Read {
    /// A result, or the configuration of a job.
    Taken {
        document: Document,
        job: String,
        time: Option<i64>,
    },
    Unfit(String),
    /// It is no result, or of a job that is not asked for.
    Left,
}

// === impl FileSource ===

impl FileSource {
    pub async fn plan(&self, chosen: &Chosen) -> Result<Plan, Trouble> {
        let (this, chosen) = (self.clone(), chosen.clone());
        let plan = move || -> anyhow::Result<Plan> {
            let (mut plan, mut documents) = (Plan::default(), 0);
            this.each(None, |_, read| {
                let read = match read {
                    Ok(found) => understand(&found, 0, |job| chosen.includes(job)),
                    Err(reason) => Read::Unfit(reason),
                };
                match read {
                    Read::Taken { document, job, time } => {
                        documents += 1;
                        if document.is_configuration() {
                            plan.jobs.entry(job).or_default().configuration = true;
                        } else {
                            plan.count(job, &document.index, time);
                        }
                    }
                    Read::Unfit(_) => documents += 1,
                    Read::Left => {}
                }
                true
            })?;
            let jobs = plan.jobs.keys().cloned().collect();
            plan.parts.push(Part { name: ALL.into(), jobs, documents });
            Ok(plan)
        };
        Ok(tokio::task::spawn_blocking(plan).await??)
    }

    pub async fn read(
        &self,
        part: &Part,
        from: Option<Mark>,
        mut cutter: Cutter,
        out: Sender<Batch>,
    ) -> Result<(), Trouble> {
        let (this, jobs) = (self.clone(), part.jobs.clone());
        let read = move || -> anyhow::Result<()> {
            let name = this.file.display().to_string();
            let is_taken = this.each(from, |place, read| {
                if let Some(batch) = cutter.reach(place)
                    && out.blocking_send(batch).is_err()
                {
                    return false;
                }
                let read = match read {
                    Ok(found) => understand(&found, place.at, |job| jobs.contains(job)),
                    Err(reason) => Read::Unfit(reason),
                };
                match read {
                    Read::Taken { document, .. } => cutter.add(document),
                    Read::Unfit(why) => {
                        cutter.add_unfit(Rejected { what: format!("{name}:{}", place.line + 1), why });
                    }
                    Read::Left => {}
                }
                true
            })?;
            if is_taken {
                let _ = out.blocking_send(cutter.end());
            }
            Ok(())
        };
        Ok(tokio::task::spawn_blocking(read).await??)
    }

    /// Calls for each document, or for what is none, with its place, until it is told to stop.
    fn each(
        &self,
        from: Option<Mark>,
        mut call: impl FnMut(Mark, Result<Found<'_>, String>) -> bool,
    ) -> anyhow::Result<bool> {
        let named = || self.file.display().to_string();
        let mut file = File::open(&self.file).with_context(named)?;
        let Mark { at, line } = from.unwrap_or(Mark { at: 0, line: 0 });
        let mut offset = u64::try_from(at)?;
        file.seek(SeekFrom::Start(offset)).with_context(named)?;
        let mut lines = Lines::new(file, offset, line);
        let mut before = line;
        while let Some(unit) = lines.next_unit().with_context(named)? {
            let place = Mark { at: i64::try_from(offset)?, line: before };
            let goes_on = match unit.content {
                Ok(Content::Documents(documents)) => documents.into_iter().all(|found| call(place, Ok(found))),
                Ok(Content::Aliases(_)) => true,
                Err(reason) => call(place, Err(reason)),
            };
            if !goes_on {
                return Ok(false);
            }
            (offset, before) = (lines.offset(), lines.line());
        }
        Ok(true)
    }
}

/// What a document in the file is. `place` is its own: of those without an id.
fn understand(found: &Found<'_>, place: i64, is_asked_for: impl Fn(&str) -> bool) -> Read {
    let head = match Head::read(found.source) {
        Ok(head) => head,
        Err(error) => return Read::Unfit(format!("not a document: {error}")),
    };
    let index = match found.index.as_deref() {
        None if head.is_configuration() => CONFIGURATIONS.into(),
        None => DEFAULT_INDEX.into(),
        Some(name) if name.starts_with(".ml-") && index_at_target(name).is_none() => return Read::Left,
        Some(name) => match index_at_target(name) {
            Some(index) => index,
            None => return Read::Unfit(format!("the index {name:?} is none of results (.ml-anomalies-…)")),
        },
    };
    if index == CONFIGURATIONS && !head.is_configuration() {
        // a datafeed, for one
        return Read::Left;
    }
    let Some(job) = head.job() else { return Read::Unfit("a document without job_id".into()) };
    if !is_asked_for(&job) {
        return Read::Left;
    }
    let id = match &found.id {
        Some(id) => id.clone().into_owned(),
        None if index == CONFIGURATIONS => format!("anomaly_detector-{job}"),
        None => made_up_id(&head, place, found.source),
    };
    let source = in_one_line(Bytes::copy_from_slice(found.source));
    Read::Taken { document: Document { index: Arc::from(&*index), id, source }, job, time: head.time() }
}
