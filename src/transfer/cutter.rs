//! Cuts a stream of documents in the order of their times into batches, at changes of time where it can: there reading may begin
//! again without leaving out or repeating anything.

use super::document::{Batch, Document, Mark, Rejected};

/// Bytes of a batch.
const BYTES: usize = 2 << 20;
/// How many times as large a batch may be whose documents are all of one time.
const LARGER: usize = 4;

/// Documents that are not a batch yet.
pub struct Cutter {
    /// Documents of a batch.
    size: usize,
    batch: Batch,
    bytes: usize,
    last: Option<i64>,
}

// === impl Cutter ===

impl Cutter {
    /// Cuts batches of about so many documents.
    #[must_use]
    pub fn new(size: usize) -> Self {
        Self { size, batch: Batch::default(), bytes: 0, last: None }
    }

    /// Takes the place of the next document; gives the batch before it, if that is full.
    pub fn reach(&mut self, place: Mark) -> Option<Batch> {
        let changes = self.last.is_some_and(|last| last < place.at);
        self.last = Some(place.at);
        let count = self.batch.documents.len() + self.batch.unfit.len();
        let is_full = |bytes, documents| self.bytes >= bytes || count >= documents;
        if is_full(LARGER * BYTES, LARGER * self.size) || changes && is_full(BYTES, self.size) {
            self.bytes = 0;
            let mark = changes.then_some(place);
            return Some(Batch { mark, ..std::mem::take(&mut self.batch) });
        }
        None
    }

    /// Adds a document at the place that was reached.
    pub fn add(&mut self, document: Document) {
        self.bytes += document.size();
        self.batch.documents.push(document);
    }

    /// Adds what cannot be moved.
    pub fn add_unfit(&mut self, rejected: Rejected) {
        self.batch.unfit.push(rejected);
    }

    /// What is left.
    #[must_use]
    pub fn end(self) -> Batch {
        Batch { is_last: true, ..self.batch }
    }
}

#[cfg(test)]
mod tests {
    use super::Cutter;
    use crate::transfer::document::{Batch, Document, Mark};

    fn cut(times: impl IntoIterator<Item = i64>) -> Vec<Batch> {
        let (mut cutter, mut batches) = (Cutter::new(4_000), Vec::new());
        for at in times {
            batches.extend(cutter.reach(Mark { at, line: 0 }));
            cutter.add(Document { index: "i".into(), id: at.to_string(), source: "{}".into() });
        }
        batches.push(cutter.end());
        batches
    }

    #[test]
    fn marks_stand_where_the_time_changes() {
        // seven documents of each time
        let batches = cut((0..12_020).map(|n| n / 7));
        assert_eq!(batches.len(), 4);
        for batch in &batches[..3] {
            let mark = batch.mark.unwrap().at;
            assert!(batch.documents.iter().all(|document| document.id.parse::<i64>().unwrap() < mark));
            assert!(!batch.is_last);
        }
        assert!(batches[3].is_last && batches[3].mark.is_none());
        for pair in batches.windows(2) {
            assert_eq!(pair[1].documents[0].id, pair[0].mark.unwrap().at.to_string());
        }
    }

    #[test]
    fn many_of_one_time_are_cut_without_a_mark() {
        let batches = cut(std::iter::repeat_n(5, 16_001));
        assert_eq!(
            batches.iter().map(|batch| (batch.mark, batch.documents.len())).collect::<Vec<_>>(),
            [(None, 16_000), (None, 1)]
        );
        assert!(cut([]).iter().all(|batch| batch.is_last && batch.documents.is_empty()));
    }
}
