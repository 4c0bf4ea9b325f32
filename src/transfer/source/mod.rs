//! Where documents come from: three readers, each of which puts what it reads into an outlet.

use tokio::{sync::mpsc::Sender, task::spawn_blocking};

use super::{
    document::{Batch, Mark},
    plan::{Chosen, Part, Plan},
    trouble::Trouble,
};

mod cluster;
mod cursor;
mod embedded;
mod file;
mod outlet;

pub use cluster::ClusterSource;
pub use cursor::CursorKind;
pub use embedded::EmbeddedSource;
pub use file::FileSource;
use outlet::Outlet;

/// A place to read from.
#[derive(Clone)]
pub enum Source {
    Cluster(ClusterSource),
    Embedded(EmbeddedSource),
    File(FileSource),
}

// === impl Source ===

impl Source {
    /// What there is of the chosen jobs.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub async fn plan(&self, chosen: &Chosen) -> Result<Plan, Trouble> {
        let asked_for = chosen.clone();
        match self.clone() {
            Self::Cluster(source) => source.plan(chosen).await,
            Self::Embedded(source) => waiting(move || source.plan(&asked_for)).await,
            Self::File(source) => waiting(move || source.plan(&asked_for)).await,
        }
    }

    /// Reads a part from a mark on, in order, in batches of about `size` documents. Who no longer takes batches ends it.
    ///
    /// # Errors
    /// Where it cannot be read to its end.
    pub async fn read(&self, part: &Part, from: Option<Mark>, size: usize, out: Sender<Batch>) -> Result<(), Trouble> {
        let (mut outlet, jobs) = (Outlet::new(size, out), part.jobs.clone());
        let outlet = match self.clone() {
            Self::Cluster(source) => source.read(&jobs, from, &mut outlet).await.map(|()| outlet),
            Self::Embedded(source) => waiting(move || source.read(&jobs, from, &mut outlet).map(|()| outlet)).await,
            Self::File(source) => waiting(move || source.read(&jobs, from, &mut outlet).map(|()| outlet)).await,
        }?;
        outlet.end().await;
        Ok(())
    }
}

/// Does what makes a thread wait.
async fn waiting<T: Send + 'static>(work: impl FnOnce() -> anyhow::Result<T> + Send + 'static) -> Result<T, Trouble> {
    Ok(spawn_blocking(work).await??)
}
