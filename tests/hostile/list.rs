//! Each of the 64 cases has a test of its number.

use std::path::Path;

use crate::support::root;

fn names(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.extend(text.split("fn case_").skip(1).map(|rest| rest.split('(').next().unwrap().to_owned()));
        }
    }
}

#[test]
fn every_case_is_a_test() {
    let mut found = Vec::new();
    names(&root().join("tests"), &mut found);
    let missing: Vec<_> =
        (1..=64).filter(|number| !found.iter().any(|name| name.starts_with(&format!("{number:02}_")))).collect();
    assert!(missing.is_empty(), "no test for {missing:?}");
}
