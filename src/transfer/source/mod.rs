//! Where documents come from.

use tokio::sync::mpsc::Sender;

use super::{
    cutter::Cutter,
    document::{Batch, Mark},
    plan::{Chosen, Part, Plan},
    trouble::Trouble,
};

mod cluster;
mod cursor;
mod embedded;
mod file;

pub use cluster::ClusterSource;
pub use cursor::CursorKind;
pub use embedded::EmbeddedSource;
pub use file::FileSource;

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
        match self {
            Self::Cluster(source) => source.plan(chosen).await,
            Self::Embedded(source) => source.plan(chosen).await,
            Self::File(source) => source.plan(chosen).await,
        }
    }

    /// Reads a part from a mark on, in order, in batches of about `size` documents. Who no longer takes batches ends it.
    ///
    /// # Errors
    /// Where it cannot be read to its end.
    pub async fn read(&self, part: &Part, from: Option<Mark>, size: usize, out: Sender<Batch>) -> Result<(), Trouble> {
        let cutter = Cutter::new(size);
        match self {
            Self::Cluster(source) => source.read(part, from, cutter, out).await,
            Self::Embedded(source) => source.read(part, from, cutter, out).await,
            Self::File(source) => source.read(part, from, cutter, out).await,
        }
    }
}
