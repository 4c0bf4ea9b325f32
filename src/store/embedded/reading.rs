//! Filtering and sorting by what stands in the documents themselves.

use std::{cmp::Ordering, collections::BinaryHeap, rc::Rc};

use super::{
    document::{Value, Visitor, read, walk},
    mapping::Kind,
    question::Instants,
    sort::{Key, SortValue},
};
use crate::{
    results::query::ResultsQuery,
    xcontent::{json::parser::JsonParser, parser::Refusal},
};

/// What a document must fulfil.
pub(super) struct Condition {
    instants: Instants,
    score: Option<(&'static str, f64)>,
    exclude_interim: bool,
}

/// What was read of a document that matches.
pub(super) struct Read {
    /// The least of its times.
    time: Option<i64>,
    /// One for each sort key.
    values: Vec<SortValue>,
}

/// Reads documents for the values that filter and sort them.
pub(super) struct Reader {
    condition: Condition,
    keys: Rc<Vec<Key>>,
    found: Found,
}

/// The wanted fields and their values in one document.
struct Found {
    fields: Vec<(String, Kind)>,
    /// The field's number, and the value.
    values: Vec<(usize, Value)>,
}

/// The best documents so far: as many as the page and what is before it need.
pub(super) struct Page {
    keys: Rc<Vec<Key>>,
    /// Documents of an index that comes first come first among equals.
    series: Vec<i64>,
    from: usize,
    most: usize,
    total: u64,
    best: BinaryHeap<Candidate>,
}

struct Candidate {
    keys: Rc<Vec<Key>>,
    rank: usize,
    seq: i64,
    read: Read,
}

const TIME: usize = 0;
const INTERIM: usize = 1;
const SCORE: usize = 2;

// === impl Condition ===

impl Condition {
    pub(super) fn new(instants: &Instants, query: &ResultsQuery) -> Self {
        Self { instants: instants.clone(), score: query.score, exclude_interim: query.exclude_interim }
    }

    fn holds(&self, found: &Found) -> bool {
        let in_time = self.instants.is_everything()
            || found.of(TIME).any(|value| matches!(value, Value::Integer(instant) if self.instants.contains(*instant)));
        let interim = || found.of(INTERIM).any(|value| *value == Value::Integer(1));
        let scored = |least: f64| found.of(SCORE).any(|value| matches!(value, Value::Real(score) if *score >= least));
        in_time && !(self.exclude_interim && interim()) && self.score.is_none_or(|(_, least)| scored(least))
    }
}

// === impl Reader ===

impl Reader {
    pub(super) fn new(condition: Condition, keys: Rc<Vec<Key>>) -> Self {
        let score = condition.score.map_or("", |(field, _)| field);
        let mut fields = vec![("timestamp", Kind::Date), ("is_interim", Kind::Boolean), (score, Kind::Double)];
        fields.extend(keys.iter().filter_map(|key| match key {
            Key::Field { path, kind, .. } => Some((path.as_str(), *kind)),
            _ => None,
        }));
        let fields = fields.into_iter().map(|(path, kind)| (path.to_owned(), kind)).collect();
        Self { condition, keys, found: Found { fields, values: Vec::new() } }
    }

    /// `None` for a document that does not match.
    pub(super) fn read(&mut self, source: &[u8]) -> Option<Read> {
        self.found.values.clear();
        // a stored document was read before it was stored
        walk(source, &mut self.found).ok()?;
        if !self.condition.holds(&self.found) {
            return None;
        }
        let time = self
            .found
            .of(TIME)
            .filter_map(|value| if let Value::Integer(time) = value { Some(*time) } else { None })
            .min();
        let mut field = SCORE;
        let values = self.keys.iter().map(|key| {
            field += usize::from(matches!(key, Key::Field { .. }));
            key.choose(self.found.of(field).cloned())
        });
        Some(Read { time, values: values.collect() })
    }
}

impl Found {
    fn of(&self, field: usize) -> impl Iterator<Item = &Value> {
        self.values.iter().filter(move |(of, _)| *of == field).map(|(_, value)| value)
    }
}

impl Visitor for Found {
    fn leaf(&mut self, path: &str, _: bool, parser: &mut JsonParser<'_>) -> Result<(), Refusal> {
        for (at, (wanted, kind)) in self.fields.iter().enumerate() {
            if wanted == path
                && let Some(value) = read(*kind, parser)?
            {
                self.values.push((at, value));
            }
        }
        Ok(())
    }

    fn object(&mut self, path: &str, _: &mut JsonParser<'_>) -> Result<bool, Refusal> {
        let leads_on = |wanted: &str| wanted.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
        Ok(self.fields.iter().any(|(wanted, _)| leads_on(wanted)))
    }
}

// === impl Page ===

impl Page {
    pub(super) fn new(keys: Vec<Key>, series: &[i64], query: &ResultsQuery) -> Self {
        let from = query.from as usize;
        let most = if query.size == 0 { 0 } else { from.saturating_add(query.size as usize) };
        Self { keys: Rc::new(keys), series: series.to_vec(), from, most, total: 0, best: BinaryHeap::new() }
    }

    pub(super) fn keys(&self) -> Rc<Vec<Key>> {
        Rc::clone(&self.keys)
    }

    /// Takes part in the selection.
    pub(super) fn add(&mut self, seq: i64, series: i64, read: Read) {
        self.total += 1;
        let rank = self.series.iter().position(|of| *of == series).unwrap_or(usize::MAX);
        let candidate = Candidate { keys: self.keys(), rank, seq, read };
        if self.best.len() < self.most {
            self.best.push(candidate);
        } else if let Some(mut worst) = self.best.peek_mut()
            && candidate < *worst
        {
            *worst = candidate;
        }
    }

    /// The number of all that took part, and the documents of the page: their numbers and times.
    pub(super) fn finish(self) -> (u64, Vec<(i64, Option<i64>)>) {
        let sorted = self.best.into_sorted_vec();
        (self.total, sorted.into_iter().skip(self.from).map(|candidate| (candidate.seq, candidate.read.time)).collect())
    }
}

// === impl Candidate ===

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_key = self.keys.iter().enumerate().map(|(at, key)| {
            let turned = |descending: bool, order: Ordering| if descending { order.reverse() } else { order };
            match key {
                Key::Same => Ordering::Equal,
                Key::Insertion { descending } => turned(*descending, self.seq.cmp(&other.seq)),
                Key::Index { descending } => turned(*descending, self.rank.cmp(&other.rank)),
                Key::Field { .. } => key.compare(&self.read.values[at], &other.read.values[at]),
            }
        });
        let first = by_key.into_iter().find(|order| *order != Ordering::Equal);
        first.unwrap_or_else(|| (self.rank, self.seq).cmp(&(other.rank, other.seq)))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate {}
