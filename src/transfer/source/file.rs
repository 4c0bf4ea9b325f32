//! Documents of a file of bulk requests, elasticdump lines, search replies or bare documents, in the order of their lines.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{Seek as _, SeekFrom},
    path::PathBuf,
    sync::Arc,
};

use anyhow::Context as _;
use bytes::Bytes;

use super::outlet::{Outlet, Read};
use crate::{
    store::embedded::import::{
        formats::{Content, Found},
        lines::Lines,
    },
    transfer::{
        document::{
            CONFIGURATIONS, DEFAULT_INDEX, Document, Head, Mark, Rejected, in_one_line, index_at_target, made_up_id,
        },
        plan::{Chosen, Part, Plan},
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
enum Meaning {
    /// A result, or the configuration of a job.
    Document {
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
    pub fn plan(&self, chosen: &Chosen) -> anyhow::Result<Plan> {
        let (mut plan, mut documents) = (Plan::default(), 0);
        self.each(
            None,
            |job| chosen.includes(job),
            |_, found| {
                match found {
                    Meaning::Document { document, job, time } => {
                        documents += 1;
                        if document.is_configuration() {
                            plan.jobs.entry(job).or_default().configuration = true;
                        } else {
                            plan.count(job, &document.index, time);
                        }
                    }
                    Meaning::Unfit(_) => documents += 1,
                    Meaning::Left => {}
                }
                true
            },
        )?;
        let jobs = plan.jobs.keys().cloned().collect();
        plan.parts.push(Part { name: ALL.into(), jobs, documents });
        Ok(plan)
    }

    pub fn read(&self, jobs: &BTreeSet<String>, from: Option<Mark>, outlet: &mut Outlet) -> anyhow::Result<()> {
        let name = self.file.display().to_string();
        self.each(
            from,
            |job| jobs.contains(job),
            |place, found| {
                let read = match found {
                    Meaning::Document { document, .. } => Read::Taken(document),
                    Meaning::Unfit(why) => Read::Unfit(Rejected { what: format!("{name}:{}", place.line + 1), why }),
                    Meaning::Left => Read::Left,
                };
                outlet.put_waiting(place, read)
            },
        )
    }

    /// Calls for each document, or for what is none, with its place, until it is told to stop.
    fn each(
        &self,
        from: Option<Mark>,
        is_asked_for: impl Fn(&str) -> bool,
        mut call: impl FnMut(Mark, Meaning) -> bool,
    ) -> anyhow::Result<()> {
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
                Ok(Content::Documents(documents)) => {
                    documents.iter().all(|document| call(place, understand(document, place.at, &is_asked_for)))
                }
                Ok(Content::Aliases(_)) => true,
                Err(reason) => call(place, Meaning::Unfit(reason)),
            };
            if !goes_on {
                break;
            }
            (offset, before) = (lines.offset(), lines.line());
        }
        Ok(())
    }
}

/// What a document in the file is. `place` is its own: of those without an id.
fn understand(found: &Found<'_>, place: i64, is_asked_for: impl Fn(&str) -> bool) -> Meaning {
    let head = match Head::read(found.source) {
        Ok(head) => head,
        Err(error) => return Meaning::Unfit(format!("not a document: {error}")),
    };
    let index = match found.index.as_deref() {
        None if head.is_configuration() => CONFIGURATIONS.into(),
        None => DEFAULT_INDEX.into(),
        Some(name) if name.starts_with(".ml-") && index_at_target(name).is_none() => return Meaning::Left,
        Some(name) => match index_at_target(name) {
            Some(index) => index,
            None => return Meaning::Unfit(format!("the index {name:?} is none of results (.ml-anomalies-…)")),
        },
    };
    if index == CONFIGURATIONS && !head.is_configuration() {
        // a datafeed, for one
        return Meaning::Left;
    }
    let Some(job) = head.job() else { return Meaning::Unfit("a document without job_id".into()) };
    if !is_asked_for(&job) {
        return Meaning::Left;
    }
    let id = match &found.id {
        Some(id) => id.clone().into_owned(),
        None if index == CONFIGURATIONS => format!("anomaly_detector-{job}"),
        None => made_up_id(&head, place, found.source),
    };
    let source = in_one_line(Bytes::copy_from_slice(found.source));
    Meaning::Document { document: Document { index: Arc::from(&*index), id, source }, job, time: head.time() }
}
