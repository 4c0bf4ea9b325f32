//! The commands of the guide, as they stand there, in their order.

use crate::{
    cluster::accounts,
    in_folder,
    support::{Cluster, command::run, root},
};

/// Runs the lines of the guide that begin with `mlgate`; its two clusters are these.
pub fn every_command_works(old: &Cluster, new: &Cluster) {
    let guide = std::fs::read_to_string(root().join("docs/copying.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut count = 0;
    for line in guide.lines().filter_map(|line| line.strip_prefix("mlgate ")) {
        let line = line.replace("https://old.example:9200", &format!("http://{}", old.address));
        let line = line.replace("https://new.example:9200", &format!("http://{}", new.address));
        let arguments: Vec<&str> =
            line.split('#').next().unwrap().split_whitespace().map(|word| word.trim_matches('\'')).collect();
        let mut command = in_folder(folder.path(), &arguments);
        accounts(&mut command);
        let said = run(&mut command);
        assert!(said.succeeded, "{line}: {said:?}");
        count += 1;
    }
    assert!(count >= 8, "only {count} commands were found");
}
