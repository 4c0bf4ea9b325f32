//! Documents into the embedded store: a batch is a transaction.

use super::Written;
use crate::{
    store::embedded::{EmbeddedStore, copying::Filling},
    transfer::{
        document::{Batch, Rejected},
        plan::Plan,
        trouble::Trouble,
    },
};

/// A store to write to.
pub struct EmbeddedTarget {
    filling: Filling,
}

// === impl EmbeddedTarget ===

impl EmbeddedTarget {
    /// Writes to a store.
    #[must_use]
    pub fn new(store: EmbeddedStore) -> Self {
        Self { filling: Filling::new(store) }
    }

    pub async fn write(&self, batch: &mut Batch) -> Result<Written, Trouble> {
        let (filling, documents) = (self.filling.clone(), std::mem::take(&mut batch.documents));
        let store = move || {
            let parts = documents.iter().map(|document| (&*document.index, &*document.id, &*document.source));
            let unfit = filling.store(parts)?;
            let rejected = unfit.into_iter().map(|(at, why)| {
                let document = &documents[at];
                Rejected { what: format!("{}/{}", document.index, document.id), why }
            });
            Ok::<_, anyhow::Error>(Written { rejected: rejected.collect(), ..Written::default() })
        };
        Ok(tokio::task::spawn_blocking(store).await??)
    }

    pub fn finish(&self, plan: &Plan) -> Result<Vec<String>, Trouble> {
        for (job, found) in &plan.jobs {
            for index in &found.indices {
                self.filling.add_alias(index, format!(".ml-anomalies-{job}"))?;
            }
        }
        Ok(Vec::new())
    }
}
