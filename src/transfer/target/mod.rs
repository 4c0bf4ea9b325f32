//! Where documents go.

use super::{
    document::{Batch, Rejected},
    plan::Plan,
    trouble::Trouble,
};

mod bulk;
mod cluster;
mod csv;
mod embedded;
mod file;

pub use cluster::ClusterTarget;
pub use embedded::EmbeddedTarget;
pub use file::{FileFormat, FileTarget};

/// A place to write to.
pub enum Target {
    Cluster(ClusterTarget),
    Embedded(EmbeddedTarget),
    File(FileTarget),
}

/// What became of a batch.
#[derive(Debug, Default)]
pub struct Written {
    /// Documents that will never be there.
    pub rejected: Vec<Rejected>,
    /// Configurations that were there already, and are left as they are.
    pub kept: u64,
    /// Bytes of the file up to here.
    pub bytes: u64,
}

// === impl Target ===

impl Target {
    /// How many batches may be under way at once. A file is written one after the other.
    #[must_use]
    pub fn most_under_way(&self) -> usize {
        match self {
            Self::Cluster(target) => target.most_under_way,
            Self::Embedded(_) | Self::File(_) => 1,
        }
    }

    /// Gets ready to go on behind so many bytes that are done.
    ///
    /// # Errors
    /// Where the target holds something else.
    pub fn rewind(&self, bytes: u64) -> anyhow::Result<()> {
        match self {
            Self::File(target) => target.rewind(bytes),
            Self::Cluster(_) | Self::Embedded(_) => Ok(()),
        }
    }

    /// Writes a batch; what is there with the same id is replaced. All of it is there, or was refused for good, when this
    /// returns.
    ///
    /// # Errors
    /// Where the target takes nothing.
    pub async fn write(&self, batch: &mut Batch) -> Result<Written, Trouble> {
        match self {
            Self::Cluster(target) => target.write(batch).await,
            Self::Embedded(target) => target.write(batch).await,
            Self::File(target) => target.write(batch).await,
        }
    }

    /// Makes the jobs readable once all is written; gives what a person should know.
    ///
    /// # Errors
    /// Where the target refuses.
    pub async fn finish(&self, plan: &Plan) -> Result<Vec<String>, Trouble> {
        match self {
            Self::Cluster(target) => target.finish(plan).await,
            Self::Embedded(target) => target.finish(plan),
            Self::File(_) => Ok(Vec::new()),
        }
    }
}
