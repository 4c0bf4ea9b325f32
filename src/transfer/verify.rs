//! Whether the target has what the source has: both are read whole, and their checksums compared, job by job and day by day.

use std::collections::BTreeSet;

use indicatif::ProgressBar;
use tokio::sync::mpsc;

use super::{
    checksum::Sums,
    document::{Batch, Mark},
    once::Once,
    plan::{Chosen, Part, Plan},
    source::Source,
    trouble::{Patience, Trouble},
};

/// Documents that are summed up at once.
const SIZE: usize = 4_000;

/// The sums of both sides.
pub struct Compared {
    pub source: Sums,
    pub target: Sums,
}

/// Reads the jobs of a plan on both sides.
///
/// # Errors
/// Where one cannot be read.
pub async fn compare(
    source: &Source,
    target: &Source,
    plan: &Plan,
    patience: impl Fn() -> Patience,
    bar: &ProgressBar,
) -> anyhow::Result<Compared> {
    let jobs: BTreeSet<String> = plan.jobs.keys().cloned().collect();
    let of_target = parts_of_target(target, jobs).await.map_err(Trouble::in_words)?;
    let (source, target) =
        tokio::try_join!(sums(source, &plan.parts, patience(), bar), sums(target, &of_target, patience(), bar))?;
    Ok(Compared { source, target })
}

/// The parts of the target that hold the jobs, whatever else there is.
async fn parts_of_target(target: &Source, jobs: BTreeSet<String>) -> Result<Vec<Part>, Trouble> {
    if let Source::File(_) = target {
        let chosen = Chosen::parse(&jobs.into_iter().collect::<Vec<_>>())?;
        return Ok(target.plan(&chosen).await?.parts);
    }
    Ok(jobs.into_iter().map(|job| Part { name: job.clone(), jobs: [job].into(), documents: 0 }).collect())
}

async fn sums(source: &Source, parts: &[Part], mut patience: Patience, bar: &ProgressBar) -> anyhow::Result<Sums> {
    let mut sums = Sums::default();
    for part in parts {
        let mut at = None;
        loop {
            let before = at;
            match sum_part(source, part, bar, &mut sums, &mut at).await {
                Ok(()) => break,
                Err(Trouble::Passing { why, after }) => {
                    if at != before {
                        patience.restore();
                    }
                    anyhow::ensure!(patience.wait(after).await, "{why}; the copy could not be verified");
                }
                Err(Trouble::Lasting(error)) => return Err(error),
            }
        }
    }
    Ok(sums)
}

/// Sums up a part from a mark on; where it breaks off, up to another one.
async fn sum_part(
    source: &Source,
    part: &Part,
    bar: &ProgressBar,
    sums: &mut Sums,
    at: &mut Option<Mark>,
) -> Result<(), Trouble> {
    let (sender, mut batches) = mpsc::channel::<Batch>(1);
    let (bar, begin, mut once) = (bar.clone(), *at, Once::of(source));
    let summing = tokio::spawn(async move {
        let (mut until_mark, mut behind, mut at) = (Sums::default(), Sums::default(), begin);
        while let Some(mut batch) = batches.recv().await {
            once.pass(&mut batch);
            batch.documents.iter().for_each(|document| behind.add(document));
            if batch.is_last || batch.mark.is_some() {
                until_mark.extend(std::mem::take(&mut behind));
                at = batch.mark.or(at);
            }
            bar.inc(batch.documents.len() as u64);
        }
        (until_mark, at)
    });
    let read = source.read(part, begin, SIZE, sender).await;
    let (until_mark, mark) = summing.await?;
    sums.extend(until_mark);
    *at = mark;
    read
}
