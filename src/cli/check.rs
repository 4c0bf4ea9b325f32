//! `mlgate check`: is the configuration right, the cluster reachable, are the results there.

use anyhow::bail;

use super::{existing, operator};
use crate::{
    assemble::Checked,
    config::{Results, Settings, access::basic},
    privileges::{assemble::assemble, caller::Caller},
    results::job_id::JobId,
    secret::Secret,
    store::cluster::ClusterStore,
    upstream::Upstream,
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
    let Checked { config, access, listener, .. } = Checked::of(settings)?;
    let cluster = match &config.results {
        Results::Embedded(_) => None,
        Results::Cluster(cluster) => Some((Upstream::new(cluster.upstream.clone())?, cluster.search)),
    };
    let privileges = assemble(&access, cluster.as_ref().map(|(upstream, _)| upstream))?;
    println!("configuration: right; would listen on {}", listener.listen);
    if let Results::Embedded(file) = &config.results {
        let (documents, jobs) = existing(file)?.counts()?;
        println!("store: {}: {documents} documents of {jobs} jobs", file.display());
    }
    if let Some((upstream, within)) = cluster {
        let headers = operator(settings)?;
        for (node, is_well) in upstream.wellness(within).await {
            println!("cluster: {node} {}", if is_well { "answers" } else { "does not answer" });
        }
        match ClusterStore::new(upstream, within).count_results(&headers).await? {
            0 => bail!("results: no document in .ml-anomalies-* can be seen"),
            documents => println!("results: {documents} documents in .ml-anomalies-*"),
        }
    }
    if let Some(secondary) = &config.modes.secondary {
        let cluster = &secondary.cluster;
        for (node, is_well) in Upstream::new(cluster.upstream.clone())?.wellness(cluster.search).await {
            println!("secondary: {node} {}", if is_well { "answers" } else { "does not answer" });
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
