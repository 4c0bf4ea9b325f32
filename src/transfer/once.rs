//! One document where there are two of one id: an index and what an upgrade made of it (`.reindexed-v8-ml-anomalies-shared`) get
//! one name at the target, where one of the two would replace the other.
//!
//! Those of one time come one after the other, first the one whose index has that name already. It is moved. The other one is
//! left out where it is the same, and else told of.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::{
    checksum::canonical,
    document::{Batch, Head, Rejected},
    source::Source,
};

/// What came of the time that is being read.
#[derive(Default)]
pub struct Once {
    seen: HashMap<(Arc<str>, String), Seen>,
    /// In a file, what stands further down replaces what stands above: nothing is looked at.
    is_off: bool,
}

/// A document that was moved.
enum Seen {
    /// One of this batch.
    Whole(Bytes),
    /// One of a batch before it: what has one time may be more than there is room for.
    Known { time: Option<i64>, digest: [u8; 32] },
}

// === impl Once ===

impl Once {
    /// For what is read from a source.
    #[must_use]
    pub fn of(source: &Source) -> Self {
        Self { is_off: matches!(source, Source::File(_)), ..Self::default() }
    }

    /// Leaves one of each in the next batch; says how many were there twice, and the same. What differs is not moved.
    pub fn pass(&mut self, batch: &mut Batch) -> u64 {
        if self.is_off {
            return 0;
        }
        let (mut twice, unfit) = (0, &mut batch.unfit);
        batch.documents.retain(|document| {
            let key = (Arc::clone(&document.index), document.id.clone());
            let source = &document.source;
            let Some(first) = self.seen.get(&key).filter(|first| first.time() == time(source)) else {
                self.seen.insert(key, Seen::Whole(source.clone()));
                return true;
            };
            if first.is(source) {
                twice += 1;
            } else {
                let what = format!("{}/{}", document.index, document.id);
                let why = "there are two, which differ; the one from the index that has this name already is moved";
                unfit.push(Rejected { what, why: why.into() });
            }
            false
        });
        if batch.mark.is_some() {
            // The next one has another time.
            self.seen.clear();
        } else {
            self.seen.values_mut().for_each(Seen::let_go);
        }
        twice
    }
}

// === impl Seen ===

impl Seen {
    fn time(&self) -> Option<i64> {
        match self {
            Self::Whole(source) => time(source),
            Self::Known { time, .. } => *time,
        }
    }

    fn is(&self, other: &[u8]) -> bool {
        match self {
            Self::Whole(source) => canonical(source) == canonical(other),
            Self::Known { digest: of, .. } => *of == digest(other),
        }
    }

    fn let_go(&mut self) {
        if let Self::Whole(source) = self {
            *self = Self::Known { time: time(source), digest: digest(source) };
        }
    }
}

fn digest(source: &[u8]) -> [u8; 32] {
    Sha256::digest(canonical(source)).into()
}

fn time(source: &[u8]) -> Option<i64> {
    Head::read(source).ok()?.time()
}

#[cfg(test)]
mod tests {
    use super::Once;
    use crate::transfer::document::{Batch, Document, Mark};

    fn batch(documents: &[(&str, &str, &str)], mark: Option<i64>) -> Batch {
        let document = |(index, id, source): &(&str, &str, &str)| Document {
            index: (*index).into(),
            id: (*id).into(),
            source: (*source).to_owned().into(),
        };
        let documents = documents.iter().map(document).collect();
        Batch { documents, mark: mark.map(|at| Mark { at, line: 0 }), ..Batch::default() }
    }

    #[test]
    fn one_of_each() {
        let mut once = Once::default();
        let mut first = batch(
            &[
                ("i", "a", r#"{"timestamp":5,"x":1.0}"#),
                ("i", "a", r#"{ "x":1.0, "timestamp":5 }"#),
                ("i", "b", r#"{"timestamp":5,"x":1}"#),
                ("j", "b", r#"{"timestamp":5,"x":2}"#),
            ],
            None,
        );
        assert_eq!((once.pass(&mut first), first.documents.len(), first.unfit.len()), (1, 3, 0));
        // Of the same time, in the next batch.
        let mut second = batch(
            &[
                ("i", "b", r#"{"timestamp":5,"x":2}"#),
                ("i", "c", r#"{"timestamp":5}"#),
                ("i", "a", r#"{"x":1.0,"timestamp":5}"#),
            ],
            Some(6),
        );
        assert_eq!((once.pass(&mut second), second.documents.len(), second.unfit.len()), (1, 1, 1));
        assert!(second.unfit[0].what == "i/b" && second.unfit[0].why.starts_with("there are two, which differ"));
        // Of another time: what is there last is left, and verification tells of it.
        let mut third = batch(&[("i", "c", r#"{"timestamp":7}"#), ("i", "c", r#"{"timestamp":8}"#)], None);
        assert_eq!((once.pass(&mut third), third.documents.len(), third.unfit.len()), (0, 2, 0));
    }
}
