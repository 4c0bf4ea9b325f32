//! One of two genuine nodes is killed while many ask.

use std::time::Duration;

use super::{BUCKETS, under_load};
use crate::support::{Cluster, SUPERUSER, basic, send, start_with};

#[tokio::test(flavor = "multi_thread")]
async fn a_genuine_node_is_killed() {
    let (Some(one), Some(two)) = (Cluster::start(), Cluster::start()) else { return };
    let nodes = format!("upstream = ['http://{}', 'http://{}']\n", one.address, two.address);
    let (user, password) = SUPERUSER;
    // The load is by a user of both, as everyone else is.
    let front = start_with(&nodes).await;
    let authorization = basic(user, password);
    let ask = || send(front, "GET", BUCKETS, &[("Authorization", &*authorization)], None);
    let expected = ask();
    assert_eq!(expected.status, 200);
    assert_eq!(ask().body, expected.body, "both hold the same");
    let statuses = under_load(front, &authorization, || async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        two.kill();
        tokio::time::sleep(Duration::from_secs(3)).await;
    })
    .await;
    assert!(matches!(statuses[..], [(200, asked)] if asked > 100), "{statuses:?}");
    assert_eq!(ask().body, expected.body);
}
