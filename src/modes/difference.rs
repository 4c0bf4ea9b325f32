//! What differs between two documents, each difference with its place as a JSON pointer.
//!
//! The order of an object's fields is no difference. Numbers are compared as they are: 1 is not 1.0. Members of a list are
//! matched by what they are about, such as a bucket's time, so that one bucket that is missing is one difference.

use std::{borrow::Cow, collections::HashMap, fmt::Write as _};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ignore::{Ignore, Step};

/// Differences of one comparison that are shown; the others are counted.
const MOST_SHOWN: usize = 20;

/// Longest text that is shown of a value, or of its place, in bytes.
const MOST_OF_A_VALUE: usize = 256;

/// What tells members of one list apart: buckets, records, influencers.
const IDENTITY: [&str; 12] = [
    "timestamp",
    "result_type",
    "detector_index",
    "function",
    "field_name",
    "influencer_field_name",
    "influencer_field_value",
    "by_field_name",
    "by_field_value",
    "over_field_value",
    "partition_field_name",
    "partition_field_value",
];

/// In which way two answers differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Status,
    ContentType,
    /// Only the answer that the caller got has it.
    Missing,
    /// Only the other answer has it.
    Extra,
    Value,
    /// The same members, in another order.
    Order,
    /// Bodies that are no JSON.
    Bytes,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Difference {
    pub kind: Kind,
    /// Where, in the answer that the caller got; what is extra, in the other one.
    pub pointer: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secondary: Option<Value>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    pub shown: Vec<Difference>,
    /// All of them, those included that are not shown.
    pub count: usize,
    /// Whether anything differs that may.
    pub ignored: bool,
}

/// On the way through two documents.
struct Walk<'a> {
    ignore: &'a Ignore,
    path: Vec<Step<'a>>,
    found: Found,
}

/// Finds what differs.
#[must_use]
pub fn differences(primary: &Value, secondary: &Value, ignore: &Ignore) -> Found {
    let mut walk = Walk { ignore, path: Vec::new(), found: Found::default() };
    walk.compare(primary, secondary);
    walk.found
}

// === impl Kind ===

impl Kind {
    /// The kind in one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::ContentType => "content_type",
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Value => "value",
            Self::Order => "order",
            Self::Bytes => "bytes",
        }
    }
}

// === impl Found ===

impl Found {
    /// Takes notice of a difference.
    pub fn add(&mut self, kind: Kind, pointer: String, primary: Option<&Value>, secondary: Option<&Value>) {
        self.count += 1;
        if self.shown.len() < MOST_SHOWN {
            let (primary, secondary) = (primary.map(shown), secondary.map(shown));
            self.shown.push(Difference { kind, pointer: cut(pointer), primary, secondary });
        }
    }
}

// === impl Walk ===

impl<'a> Walk<'a> {
    fn compare(&mut self, one: &'a Value, other: &'a Value) {
        if one == other {
            return;
        }
        if self.ignore.covers(&self.path) {
            self.found.ignored = true;
            return;
        }
        match (one, other) {
            (Value::Object(one), Value::Object(other)) => {
                for (name, value) in one {
                    self.step(Step::Name(name), |walk| match other.get(name) {
                        Some(other) => walk.compare(value, other),
                        None => walk.tell(Kind::Missing, Some(value), None),
                    });
                }
                for (name, value) in other.iter().filter(|(name, _)| !one.contains_key(*name)) {
                    self.step(Step::Name(name), |walk| walk.tell(Kind::Extra, None, Some(value)));
                }
            }
            (Value::Array(one), Value::Array(other)) => self.compare_lists(one, other),
            (Value::Number(a), Value::Number(b)) => match (a.as_f64(), b.as_f64()) {
                (Some(a), Some(b)) if self.ignore.covers_numbers(&self.path, a, b) => self.found.ignored = true,
                _ => self.tell(Kind::Value, Some(one), Some(other)),
            },
            (Value::String(a), Value::String(b)) if without_chance(a) == without_chance(b) => self.found.ignored = true,
            _ => self.tell(Kind::Value, Some(one), Some(other)),
        }
    }

    fn compare_lists(&mut self, one: &'a [Value], other: &'a [Value]) {
        let mut places: HashMap<(String, usize), usize> =
            identities(other).into_iter().enumerate().map(|(at, identity)| (identity, at)).collect();
        let (mut last, mut disordered) = (None, None);
        for (at, identity) in identities(one).into_iter().enumerate() {
            let place = places.remove(&identity);
            self.step(Step::At(at), |walk| match place {
                Some(place) => walk.compare(&one[at], &other[place]),
                None => walk.tell(Kind::Missing, Some(&one[at]), None),
            });
            if let Some(place) = place {
                if last.is_some_and(|last| place < last) && disordered.is_none() {
                    disordered = Some((at, place));
                }
                last = Some(place);
            }
        }
        let mut extra: Vec<usize> = places.into_values().collect();
        extra.sort_unstable();
        for at in extra {
            self.step(Step::At(at), |walk| walk.tell(Kind::Extra, None, Some(&other[at])));
        }
        if let Some((at, place)) = disordered {
            self.tell(Kind::Order, Some(&json!(at)), Some(&json!(place)));
        }
    }

    fn step(&mut self, step: Step<'a>, then: impl FnOnce(&mut Self)) {
        self.path.push(step);
        then(self);
        self.path.pop();
    }

    fn tell(&mut self, kind: Kind, one: Option<&Value>, other: Option<&Value>) {
        if self.ignore.covers(&self.path) {
            self.found.ignored = true;
        } else {
            self.found.add(kind, pointer(&self.path), one, other);
        }
    }
}

/// The text of a refusal without the order of two names that Elasticsearch draws by chance when it starts.
fn without_chance(text: &str) -> Cow<'_, str> {
    const REFUSED: &str = "Invalid media-type value on headers ";
    match text.strip_prefix(REFUSED) {
        Some("[Accept, Content-Type]") => format!("{REFUSED}[Content-Type, Accept]").into(),
        _ => text.into(),
    }
}

/// What each member is about, and how many before it are about the same.
fn identities(list: &[Value]) -> Vec<(String, usize)> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let of = |value: &Value| {
        let mut identity = String::new();
        for name in IDENTITY {
            if let Some(value) = value.get(name) {
                // Writing into a text does not fail.
                let _ = write!(identity, "{name}={value};");
            }
        }
        identity
    };
    list.iter()
        .map(|value| {
            let identity = of(value);
            let before = seen.entry(identity.clone()).or_default();
            *before += 1;
            (identity, *before)
        })
        .collect()
}

fn pointer(path: &[Step<'_>]) -> String {
    path.iter().fold(String::new(), |mut pointer, step| {
        // Writing into a text does not fail.
        let _ = match step {
            Step::Name(name) => write!(pointer, "/{}", name.replace('~', "~0").replace('/', "~1")),
            Step::At(at) => write!(pointer, "/{at}"),
        };
        pointer
    })
}

/// A value, or the beginning of its text where that is long.
fn shown(value: &Value) -> Value {
    let text = value.to_string();
    if text.len() <= MOST_OF_A_VALUE { value.clone() } else { Value::String(cut(text)) }
}

fn cut(text: String) -> String {
    if text.len() <= MOST_OF_A_VALUE {
        return text;
    }
    let end = (0..=MOST_OF_A_VALUE).rev().find(|&end| text.is_char_boundary(end)).unwrap_or_default();
    format!("{}…", &text[..end])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Found, Kind, differences};
    use crate::modes::ignore::Ignore;

    fn found(one: &Value, other: &Value, ignore: &[&str]) -> Found {
        let rules: Vec<_> = ignore.iter().map(|text| text.parse().unwrap()).collect();
        differences(one, other, &Ignore::new(&rules))
    }

    fn told(one: &Value, other: &Value) -> Vec<(Kind, String)> {
        found(one, other, &[]).shown.into_iter().map(|it| (it.kind, it.pointer)).collect()
    }

    fn bucket(time: u64, score: f64) -> Value {
        json!({"timestamp": time, "anomaly_score": score, "result_type": "bucket", "bucket_influencers": []})
    }

    #[test]
    fn members_are_matched_by_what_they_are_about() {
        let list = |buckets: &[Value]| json!({"count": buckets.len(), "buckets": buckets});
        let (a, b, c) = (bucket(1, 1.0), bucket(2, 2.0), bucket(3, 3.0));
        let all = list(&[a.clone(), b.clone(), c.clone()]);
        let count = (Kind::Value, "/count".to_owned());
        assert_eq!(told(&all, &list(&[b.clone(), c.clone()])), [count.clone(), (Kind::Missing, "/buckets/0".into())]);
        assert_eq!(told(&list(&[a.clone(), c.clone()]), &all), [count, (Kind::Extra, "/buckets/1".into())]);
        assert_eq!(told(&all, &list(&[b.clone(), a.clone(), c.clone()])), [(Kind::Order, "/buckets".into())]);
        let changed = list(&[a.clone(), bucket(2, 2.5), c]);
        assert_eq!(told(&all, &changed), [(Kind::Value, "/buckets/1/anomaly_score".into())]);
        // Two of the same time are matched in their order.
        assert_eq!(told(&list(&[a.clone(), a.clone()]), &list(&[a.clone(), a])), []);
    }

    #[test]
    fn exactly_but_for_the_order_of_fields() {
        assert_eq!(told(&json!({"a": 1, "b": 2}), &json!({"b": 2, "a": 1})), []);
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(told(&read("[1.50E-5]"), &read("[0.000015]")), []);
        for (one, other) in
            [("1", "1.0"), ("\"1\"", "1"), ("0.1", "0.10000000000000002"), ("null", "[]"), ("[1]", "{}")]
        {
            assert_eq!(told(&read(one), &read(other)), [(Kind::Value, String::new())], "{one} {other}");
        }
        let headers = |names: &str| json!(format!("Invalid media-type value on headers {names}"));
        assert_eq!(told(&headers("[Accept, Content-Type]"), &headers("[Content-Type, Accept]")), []);
        assert_eq!(told(&json!({"a/b": {"~": 1}}), &json!({"a/b": {"~": 2}})), [(Kind::Value, "/a~1b/~0".into())]);
    }

    #[test]
    fn what_may_differ() {
        let (one, other) = (json!({"a": 100.0, "b": {"c": 1}}), json!({"a": 100.1, "x": 1}));
        let found = found(&one, &other, &["/a within 1e-2", "/b", "/x"]);
        assert!(found.count == 0 && found.ignored, "{found:?}");
    }

    #[test]
    fn bounded_however_much_differs() {
        let list = |fill: &str| Value::Array((0..10_000).map(|_| json!(fill.repeat(100))).collect());
        let found = found(&list("abcé"), &list("x"), &[]);
        assert_eq!((found.count, found.shown.len()), (10_000, 20));
        assert!(serde_json::to_string(&found.shown).unwrap().len() < 20 * 1_000);
        let found = super::differences(&json!({"é".repeat(10_000): 1}), &json!({}), &Ignore::new(&[]));
        assert!(found.shown[0].pointer.len() < 300);
    }

    proptest::proptest! {
        /// Whatever two documents are, they are equal or something is told, and the same either way round.
        #[test]
        fn either_way_round(one in text(), other in text()) {
            let (one, other): (Value, Value) = (one.into(), other.into());
            let (there, back) = (told(&one, &other), told(&other, &one));
            proptest::prop_assert_eq!(there.is_empty(), one == other);
            proptest::prop_assert_eq!(there.len(), back.len());
        }
    }

    fn text() -> impl proptest::strategy::Strategy<Value = Vec<Value>> {
        use proptest::prelude::*;
        let leaf = prop_oneof![Just(json!(null)), (0..3u8).prop_map(|n| json!(n)), "[ab]{0,2}".prop_map(|s| json!(s))];
        let tree = leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec(("timestamp|a", inner), 0..3)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        });
        prop::collection::vec(tree, 0..3)
    }
}
