//! Moves results: out of a cluster, the embedded store or a file, into another of these. `mlgate copy` and `mlgate export` are
//! this engine.
//!
//! ```text
//! source ─ (plan) ─ read ─ cut ─ [ batches ] ─ write ─ journal … finish ─ verify
//! ```
//!
//! A source is read in the order of times. A batch ends where the time changes, and once it and all before it are written, that
//! time is noted in the journal: from there an ended copy goes on. What was written behind it is written again; as ids are kept,
//! it replaces itself, and a file is cut off there first.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use indicatif::ProgressBar;
use tokio::{sync::mpsc, task::JoinHandle};

/// Checksums of jobs and days.
pub mod checksum;

/// A cluster, as both sides see it.
pub mod cluster;

/// A stream of documents, in batches.
pub mod cutter;

/// A document, and a batch of them.
pub mod document;

/// How far a copy has come.
pub mod journal;

/// One document where there are two of one id.
pub mod once;

/// What is to be moved.
pub mod plan;

/// Where documents come from.
pub mod source;

/// Where documents go.
pub mod target;

/// What goes wrong, and how long it is borne.
pub mod trouble;

/// Whether the target has what the source has.
pub mod verify;

use document::{Batch, Rejected};
use journal::{Journal, Reached};
use once::Once;
use plan::{Part, Plan};
use source::Source;
use target::{Target, Written};
use trouble::{Patience, Trouble};

/// Documents that cannot be moved and are named one by one; more are counted.
const NAMED: u64 = 100;

/// A copy that runs.
pub struct Copy {
    pub source: Source,
    pub target: Arc<Target>,
    pub journal: Journal,
    /// About how many documents are written at once.
    pub size: usize,
    /// How long it goes on without getting on.
    pub patience: Duration,
    pub bar: ProgressBar,
    /// Configurations that the target had already.
    pub kept: u64,
    /// Documents that were there twice, and the same.
    pub twice: u64,
}

/// A batch that is being written.
struct UnderWay {
    writing: JoinHandle<Result<Written, Trouble>>,
    /// The batch without its documents, and how many they were.
    batch: Batch,
    documents: u64,
}

// === impl Copy ===

impl Copy {
    /// Moves all parts, from where they are.
    ///
    /// # Errors
    /// Where it does not get on; what is done stays done.
    pub async fn run(&mut self, plan: &Plan) -> anyhow::Result<()> {
        for part in &plan.parts {
            let mut patience = Patience::new(self.patience);
            loop {
                let before = self.journal.reached(&part.name);
                if before.done {
                    break;
                }
                match self.run_part(part).await {
                    Ok(()) => break,
                    Err(Trouble::Lasting(error)) => return Err(error),
                    Err(Trouble::Passing { why, after }) => {
                        if self.journal.reached(&part.name) != before {
                            patience.restore();
                        }
                        if !patience.wait(after).await {
                            let seconds = self.patience.as_secs();
                            anyhow::bail!("{why}, for {seconds} seconds; called again, the copy goes on from here");
                        }
                        tracing::debug!(part = part.name, why, "the copy goes on from its last mark");
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads a part and writes it, several batches at once, and notes them in their order. A part that is read in vain ends
    /// without being done.
    async fn run_part(&mut self, part: &Part) -> Result<(), Trouble> {
        let reached = self.journal.reached(&part.name);
        self.target.rewind(self.journal.bytes())?;
        self.bar.set_message(part.name.clone());
        self.bar.set_position(self.journal.documents());
        let (sender, batches) = mpsc::channel(1);
        let source = self.source.clone();
        let (read, written) = tokio::join!(
            source.read(part, reached.mark(), self.size, sender),
            self.write_all(part, reached.clone(), batches)
        );
        written?;
        read
    }

    async fn write_all(
        &mut self,
        part: &Part,
        mut reached: Reached,
        mut batches: mpsc::Receiver<Batch>,
    ) -> Result<(), Trouble> {
        let (mut under_way, mut is_open) = (VecDeque::<UnderWay>::new(), true);
        let mut once = Once::of(&self.source);
        let outcome = loop {
            let may_read = is_open && under_way.len() < self.target.most_under_way();
            tokio::select! {
                batch = batches.recv(), if may_read => match batch {
                    Some(mut batch) => {
                        self.twice += once.pass(&mut batch);
                        under_way.push_back(self.begin(batch));
                    }
                    None => is_open = false,
                },
                Some(written) = first(&mut under_way) => {
                    let outcome = match (written, under_way.pop_front()) {
                        (Ok(written), Some(done)) => self.note(part, &mut reached, &done, &written),
                        (Err(trouble), _) => Err(trouble),
                        (_, None) => Ok(()),
                    };
                    if outcome.is_err() {
                        break outcome;
                    }
                }
                else => break Ok(()),
            }
        };
        for rest in &under_way {
            rest.writing.abort();
        }
        outcome
    }

    fn begin(&self, mut batch: Batch) -> UnderWay {
        let target = Arc::clone(&self.target);
        let documents = (batch.documents.len() + batch.unfit.len()) as u64;
        let mut sent = Batch { documents: std::mem::take(&mut batch.documents), ..Batch::default() };
        (sent.mark, sent.is_last) = (batch.mark, batch.is_last);
        let writing = tokio::spawn(async move { target.write(&mut sent).await });
        UnderWay { writing, batch, documents }
    }

    /// Notes a batch that is written, all before it being so.
    fn note(&mut self, part: &Part, reached: &mut Reached, done: &UnderWay, written: &Written) -> Result<(), Trouble> {
        let before = self.journal.rejected() - self.journal.reached(&part.name).rejected;
        for rejected in done.batch.unfit.iter().chain(&written.rejected) {
            reached.rejected += 1;
            self.name(rejected, before + reached.rejected);
        }
        self.kept += written.kept;
        reached.documents += done.documents;
        reached.bytes = written.bytes;
        self.bar.inc(done.documents);
        if done.batch.is_last {
            reached.done = true;
            self.journal.write(&part.name, reached.clone())?;
        } else if let Some(mark) = done.batch.mark {
            (reached.at, reached.line) = (Some(mark.at), mark.line);
            self.journal.write(&part.name, reached.clone())?;
        }
        Ok(())
    }

    fn name(&self, rejected: &Rejected, number: u64) {
        let line = format!("{}: {}", rejected.what, rejected.why);
        let line = crate::observe::one_line::escape(&line);
        match number {
            ..=NAMED => self.bar.suspend(|| eprintln!("{line}")),
            number if number == NAMED + 1 => {
                self.bar.suspend(|| eprintln!("more documents cannot be moved; they are counted"));
            }
            _ => {}
        }
    }
}

/// What became of the batch that was begun first; it stays in the queue. `None` where none is under way.
async fn first(under_way: &mut VecDeque<UnderWay>) -> Option<Result<Written, Trouble>> {
    let outcome = (&mut under_way.front_mut()?.writing).await;
    Some(outcome.unwrap_or_else(|error| Err(error.into())))
}
