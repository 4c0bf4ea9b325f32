//! `mlgate check`: is the configuration right, the cluster reachable, are the results there.

use anyhow::bail;

use super::operator;
use crate::{
    config::{Config, Results, Settings},
    store::{cluster::ClusterStore, embedded::EmbeddedStore},
};

#[derive(Debug, clap::Args)]
pub(super) struct Check {
    #[command(flatten)]
    pub settings: Settings,
}

/// Checks what a server would need, one thing after the other.
pub(super) async fn run(settings: Settings) -> anyhow::Result<()> {
    let config = Config::of(&settings)?;
    println!("configuration: right; would listen on {}", config.listen);
    match config.results {
        Results::Embedded(file) => {
            if !file.exists() {
                bail!("{}: no such file; load results with mlgate import", file.display());
            }
            let (documents, jobs) = EmbeddedStore::open(&file)?.counts()?;
            println!("store: {}: {documents} documents of {jobs} jobs", file.display());
        }
        Results::Cluster(upstream) => {
            let headers = operator(&settings)?;
            let address = upstream.url.clone();
            let store = ClusterStore::new(upstream)?;
            let (status, _) = store.info(&headers).await?;
            println!("cluster: {address} answers {status}");
            match store.count_results(&headers).await? {
                0 => bail!("results: no document in .ml-anomalies-* can be seen"),
                documents => println!("results: {documents} documents in .ml-anomalies-*"),
            }
        }
    }
    Ok(())
}
