//! Whether the target has what the source has: both are read whole, and their checksums compared, job by job and day by day.

use std::collections::BTreeSet;

use indicatif::ProgressBar;
use tokio::sync::mpsc;

use super::{
    checksum::Sums,
    document::Batch,
    plan::{Chosen, Part, Plan},
    source::Source,
    trouble::{Patience, Trouble},
};

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
        // A part is summed up whole, or again from its beginning.
        loop {
            match sum_part(source, part, bar).await {
                Ok(of_part) => {
                    sums.extend(of_part);
                    patience.restore();
                    break;
                }
                Err(Trouble::Passing { why, after }) => {
                    anyhow::ensure!(patience.wait(after).await, "{why}; the copy could not be verified");
                }
                Err(Trouble::Lasting(error)) => return Err(error),
            }
        }
    }
    Ok(sums)
}

async fn sum_part(source: &Source, part: &Part, bar: &ProgressBar) -> Result<Sums, Trouble> {
    let (sender, mut batches) = mpsc::channel::<Batch>(1);
    let bar = bar.clone();
    let summing = tokio::spawn(async move {
        let mut sums = Sums::default();
        while let Some(batch) = batches.recv().await {
            batch.documents.iter().for_each(|document| sums.add(document));
            bar.inc(batch.documents.len() as u64);
        }
        sums
    });
    source.read(part, None, sender).await?;
    Ok(summing.await?)
}
