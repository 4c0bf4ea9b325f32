//! The indices that a copy makes are mapped as Elastic's own: the genuine mapping is in the server that the tests build.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::{Map, Value};

use crate::support::{Cluster, root};

/// Every field of an index that was made by a copy has the genuine type and options, and none is missing.
pub fn is_the_genuine_one(target: &Cluster, index: &str) {
    let text = std::fs::read_to_string(genuine()).unwrap_or_else(|error| panic!("{error}: the server was built"));
    let genuine: Value = serde_json::from_str(&text).unwrap();
    let genuine = if genuine["properties"].is_object() { &genuine } else { &genuine["_doc"] };
    let made: Value = serde_json::from_str(&target.call("GET", &format!("/{index}/_mapping"), "", b"").body).unwrap();
    let made = &made[index]["mappings"];
    let (expected, found) = (fields(genuine), fields(made));
    assert!(expected.len() > 100, "{genuine}");
    let wrong: Vec<_> = expected.iter().filter(|(name, field)| found.get(*name) != Some(field)).collect();
    assert!(wrong.is_empty(), "other than the genuine ones: {wrong:#?}");
    assert_eq!(made["dynamic_templates"], genuine["dynamic_templates"]);
    // What the file says beyond, before any document came.
    let ours: Value = serde_json::from_str(include_str!("../../src/transfer/target/results-index.json")).unwrap();
    assert_eq!(fields(&ours["mappings"]), expected);
}

/// Where the launcher of the genuine server leaves it.
fn genuine() -> PathBuf {
    let cache = std::env::var_os("CLUSTER_CACHE").map_or_else(|| root().join("target/clusters"), PathBuf::from);
    cache.join("elasticsearch-8.19.21/schema/results_index_mappings.json")
}

/// Fields by their paths, with what is said of each.
fn fields(mapping: &Value) -> BTreeMap<String, Map<String, Value>> {
    fn walk(properties: &Value, before: &str, all: &mut BTreeMap<String, Map<String, Value>>) {
        for (name, field) in properties.as_object().into_iter().flatten() {
            let path = format!("{before}{name}");
            walk(&field["properties"], &format!("{path}."), all);
            let mut field = field.as_object().unwrap().clone();
            field.remove("properties");
            // An object says so, or does not.
            field.entry("type").or_insert_with(|| "object".into());
            all.insert(path, field);
        }
    }
    let mut all = BTreeMap::new();
    walk(&mapping["properties"], "", &mut all);
    all
}
