//! Java's `HashMap` order, which Elastic's replies show for the input fields of a record.

/// Names with their values, in the order in which a `HashMap` filled through `computeIfAbsent` gives them out. Values
/// keep the order in which they came, without repetition. The trees that Java makes of crowded bins in tables of 64 and more
/// are out of scope: no record has that many input fields.
#[derive(Debug)]
pub(super) struct HashOrder<'a> {
    bins: Vec<Vec<(u32, &'a str, Vec<&'a str>)>>,
    size: usize,
}

/// Names in a bin from which on one more makes it crowded.
const CROWDED: usize = 7;
/// Bins below which a table is small.
const SMALL: usize = 64;

// === impl HashOrder ===

impl Default for HashOrder<'_> {
    fn default() -> Self {
        Self { bins: vec![Vec::new(); 16], size: 0 }
    }
}

impl<'a> HashOrder<'a> {
    /// Adds a value to a name.
    pub(super) fn add(&mut self, name: &'a str, value: &'a str) {
        // Java grows the table on the call after the one that filled it, whether or not the name is new.
        if self.size > self.bins.len() / 4 * 3 {
            self.grow();
        }
        let hash = spread(java_hash(name));
        let index = hash as usize & (self.bins.len() - 1);
        let bin = &mut self.bins[index];
        if let Some((_, _, values)) = bin.iter_mut().find(|(_, known, _)| *known == name) {
            if !values.contains(&value) {
                values.push(value);
            }
            return;
        }
        let crowded = bin.len() >= CROWDED;
        bin.insert(0, (hash, name, vec![value]));
        self.size += 1;
        // A small table with a crowded bin grows early; a large one would make the bin a tree.
        if crowded && self.bins.len() < SMALL {
            self.grow();
        }
    }

    /// Names and values, in order.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, &[&'a str])> {
        self.bins.iter().flatten().map(|(_, name, values)| (*name, &values[..]))
    }

    fn grow(&mut self) {
        let mask = self.bins.len() * 2 - 1;
        let mut grown = vec![Vec::new(); mask + 1];
        for entry in std::mem::take(&mut self.bins).into_iter().flatten() {
            grown[entry.0 as usize & mask].push(entry);
        }
        self.bins = grown;
    }
}

fn java_hash(text: &str) -> u32 {
    text.encode_utf16().fold(0, |hash: u32, unit| hash.wrapping_mul(31).wrapping_add(unit.into()))
}

fn spread(hash: u32) -> u32 {
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::HashOrder;

    #[test]
    fn the_order_that_was_observed() {
        let mut fields = HashOrder::default();
        for name in ["status", "clientip", "region", "clientip", "airline", "host.name"] {
            fields.add(name, "x");
        }
        let names: Vec<_> = fields.entries().map(|(name, _)| name).collect();
        assert_eq!(names, ["clientip", "host.name", "airline", "region", "status"]);
    }

    #[test]
    fn a_crowded_bin_grows_the_table() {
        let mut fields = HashOrder::default();
        for name in ["a1", "b2", "c3", "d4", "Aa", "BB", "e5", "f6", "g7", "h8", "i9", "j10", "k11", "a1", "l12"] {
            fields.add(name, "1");
        }
        let names: Vec<_> = fields.entries().map(|(name, _)| name).collect();
        assert_eq!(names, ["BB", "Aa", "j10", "k11", "l12", "h8", "f6", "d4", "b2", "i9", "g7", "e5", "c3", "a1"]);
    }

    proptest::proptest! {
        #[test]
        fn every_name_once_every_value_once(pairs in proptest::collection::vec(("[a-f]{1,3}", "[x-z]"), 0..60)) {
            let mut fields = HashOrder::default();
            for (name, value) in &pairs {
                fields.add(name, value);
            }
            let expected: std::collections::BTreeMap<&str, std::collections::BTreeSet<&str>> = pairs.iter().fold(Default::default(), |mut map: std::collections::BTreeMap<&str, std::collections::BTreeSet<&str>>, (n, v)| {
                map.entry(n).or_default().insert(v);
                map
            });
            let shown: std::collections::BTreeMap<&str, std::collections::BTreeSet<&str>> =
                fields.entries().map(|(name, values)| (name, values.iter().copied().collect())).collect();
            assert_eq!(shown, expected);
            assert_eq!(fields.entries().map(|(_, values)| values.len()).sum::<usize>(), expected.values().map(|v| v.len()).sum::<usize>());
        }
    }
}
