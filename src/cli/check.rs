//! `mlgate check`: is the configuration right, the cluster reachable, are the results there.

use anyhow::bail;

use super::{checked, existing, operator};
use crate::{
    config::{Results, Settings, access::basic},
    privileges::{assemble::assemble, caller::Caller},
    results::job_id::JobId,
    secret::Secret,
    store::cluster::ClusterStore,
};

#[derive(Debug, clap::Args)]
pub(super) struct Check {
    #[command(flatten)]
    pub settings: Settings,
    /// Explain what this user may; his password, if `MLGATE_AS_PASSWORD` has it, else the account of `upstream_username` asks
    /// for him
    #[arg(long = "as", value_name = "USER", requires = "job")]
    user: Option<String>,
    /// The job that the user wants to read
    #[arg(long, requires = "user")]
    job: Option<String>,
}

/// Checks what a server would need, one thing after the other.
pub(super) async fn run(check: Check, settings: &Settings) -> anyhow::Result<()> {
    let Check { user, job, .. } = check;
    let (config, access, _) = checked(settings)?;
    let privileges = assemble(&access, config.upstream())?;
    println!("configuration: right; would listen on {}", config.listen);
    match config.results {
        Results::Embedded(file) => {
            let (documents, jobs) = existing(&file)?.counts()?;
            println!("store: {}: {documents} documents of {jobs} jobs", file.display());
        }
        Results::Cluster(upstream) => {
            let headers = operator(settings)?;
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
    if let (Some(user), Some(job)) = (user, job) {
        let caller = match std::env::var("MLGATE_AS_PASSWORD") {
            Ok(password) => Caller::with_credential(Some(basic(&user, &Secret::from(password))?), "/"),
            Err(_) => Caller::look_up(&user, access.service.clone())?,
        };
        if !privileges.explain(&caller, &JobId::parse(&job)?, &mut std::io::stdout()).await? {
            bail!("{user} may not read {job}");
        }
    }
    Ok(())
}
