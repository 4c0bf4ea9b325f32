//! Documents of a cluster, job by job: the configuration, then the results in the order of their times.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, atomic::AtomicUsize},
};

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::{
    cursor::{Cursor, CursorKind, Hit, Page},
    outlet::{Outlet, Read},
};
use crate::{
    results::job_id::JobId,
    transfer::{
        cluster::{Cluster, EVERY_INDEX, of_job},
        document::{CONFIGURATIONS, Document, Head, Mark, Rejected, in_one_line, index_at_target},
        plan::{Chosen, Job, Part, Plan},
        trouble::Trouble,
    },
};

/// Jobs that are listed at once.
const JOBS: usize = 1_000;
/// Most jobs whose configurations are looked at.
const MOST_CONFIGURATIONS: usize = 10_000;

/// A cluster to read from.
#[derive(Clone)]
pub struct ClusterSource {
    cluster: Cluster,
    /// Documents a page.
    size: Arc<AtomicUsize>,
    cursor: CursorKind,
}

/// Indices by their names at the target; `None` for those that stay.
#[derive(Default)]
struct Names(HashMap<String, Option<Arc<str>>>);

// === impl ClusterSource ===

impl ClusterSource {
    /// Reads pages of so many documents.
    #[must_use]
    pub fn new(cluster: Cluster, size: usize, cursor: CursorKind) -> Self {
        Self { cluster, size: Arc::new(size.into()), cursor }
    }

    pub async fn plan(&self, chosen: &Chosen) -> Result<Plan, Trouble> {
        let mut plan = Plan::default();
        let configured = match self.configured().await {
            Ok(jobs) => jobs,
            Err(Trouble::Lasting(error)) => {
                plan.notes.push(format!("configurations of jobs stay, as they cannot be read: {error:#}"));
                BTreeSet::new()
            }
            Err(passing) => return Err(passing),
        };
        let mut names: BTreeSet<String> = chosen.exact().map(str::to_owned).collect();
        if chosen.has_patterns() {
            names.extend(configured.iter().filter(|job| chosen.includes(job)).cloned());
            names.extend(self.jobs_with_results().await?.into_iter().filter(|job| chosen.includes(job)));
        }
        for name in names {
            if JobId::parse(&name).is_err() {
                plan.notes.push(format!("documents with the job_id {name:?} stay: no job can be called so"));
                continue;
            }
            let mut job = self.look_at(&name).await?;
            job.configuration = configured.contains(&name);
            if job.documents > 0 || job.configuration {
                let jobs = [name.clone()].into();
                plan.parts.push(Part { name: name.clone(), jobs, documents: job.documents });
                plan.jobs.insert(name, job);
            }
        }
        let unconfigured = plan.jobs.values().filter(|job| !job.configuration).count();
        if unconfigured > 0 && plan.notes.is_empty() {
            plan.notes
                .push(format!("{unconfigured} of {} jobs have no configuration that can be seen", plan.jobs.len()));
        }
        Ok(plan)
    }

    pub async fn read(&self, jobs: &BTreeSet<String>, from: Option<Mark>, outlet: &mut Outlet) -> Result<(), Trouble> {
        for job in jobs {
            if from.is_none()
                && let Some(configuration) = self.configuration(job).await?
                && !outlet.put(Mark { at: i64::MIN, line: 0 }, Read::Taken(configuration)).await
            {
                return Ok(());
            }
            let from = from.map(|mark| mark.at);
            let mut cursor = Cursor::open(&self.cluster, job, from, &self.size, self.cursor).await?;
            let is_taken = self.read_pages(&mut cursor, job, outlet).await;
            cursor.close().await;
            if !is_taken? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether anybody took all of it.
    async fn read_pages(&self, cursor: &mut Cursor<'_>, job: &str, outlet: &mut Outlet) -> Result<bool, Trouble> {
        let mut names = Names::default();
        while let Some(page) = cursor.next().await? {
            for (place, read) in self.understand(&page, job, &mut names)? {
                if !outlet.put(place, read).await {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// What stands on a page; none of it counts where one time is none.
    fn understand(&self, page: &Page, job: &str, names: &mut Names) -> Result<Vec<(Mark, Read)>, Trouble> {
        let hits = page.hits().map_err(|_| self.cluster.nonsense())?.into_iter();
        let understood = hits.map(|hit| {
            let Some(at) = hit.time() else {
                anyhow::bail!("{}: {} has timestamps that are no times", self.cluster.name(), hit.index);
            };
            Ok((Mark { at, line: 0 }, understand(page, hit, job, names)))
        });
        Ok(understood.collect::<anyhow::Result<_>>()?)
    }

    /// About what there is of a job.
    async fn look_at(&self, job: &str) -> Result<Job, Trouble> {
        let body = json!({
            "size": 0, "track_total_hits": true, "query": of_job(job),
            "aggs": {
                "indices": {"terms": {"field": "_index", "size": 1000}},
                "first": {"min": {"field": "timestamp"}},
                "last": {"max": {"field": "timestamp"}},
            },
        });
        let answer = self.cluster.search(EVERY_INDEX, &body).await?;
        let total = &answer["hits"]["total"];
        let found = &answer["aggregations"];
        let time = |name: &str| found[name]["value"].as_f64().map(whole);
        let indices = found["indices"]["buckets"].as_array().into_iter().flatten();
        let indices = indices.filter_map(|bucket| index_at_target(bucket["key"].as_str()?).map(Into::into));
        Ok(Job {
            documents: total.as_u64().or_else(|| total["value"].as_u64()).unwrap_or(0),
            span: time("first").zip(time("last")),
            indices: indices.collect(),
            configuration: false,
        })
    }

    /// The jobs that have results.
    async fn jobs_with_results(&self) -> Result<BTreeSet<String>, Trouble> {
        let (mut jobs, mut after) = (BTreeSet::new(), None);
        loop {
            let mut pages = json!({"size": JOBS, "sources": [{"job": {"terms": {"field": "job_id"}}}]});
            if let Some(after) = after.take() {
                pages["after"] = after;
            }
            let body = json!({"size": 0, "aggs": {"jobs": {"composite": pages}}});
            let answer = self.cluster.search(EVERY_INDEX, &body).await.map_err(|trouble| match trouble {
                Trouble::Lasting(error) if error.to_string().contains("400 Bad Request") => {
                    let advice = "the jobs cannot be listed; name them with --jobs";
                    Trouble::Lasting(anyhow::anyhow!("{error:#}; {advice}"))
                }
                other => other,
            })?;
            let found = &answer["aggregations"]["jobs"];
            let buckets = found["buckets"].as_array().map(Vec::as_slice).unwrap_or_default();
            jobs.extend(buckets.iter().filter_map(|bucket| Some(bucket["key"]["job"].as_str()?.to_owned())));
            match found.get("after_key") {
                Some(key) if !buckets.is_empty() => after = Some(key.clone()),
                _ => return Ok(jobs),
            }
        }
    }

    /// The jobs that have a configuration.
    async fn configured(&self) -> Result<BTreeSet<String>, Trouble> {
        let body = json!({
            "size": MOST_CONFIGURATIONS, "_source": ["job_id"],
            "query": {"term": {"job_type": {"value": "anomaly_detector"}}},
        });
        let answer = self.cluster.search(CONFIGURATIONS, &body).await?;
        let hits = answer["hits"]["hits"].as_array().into_iter().flatten();
        Ok(hits.filter_map(|hit| Some(hit["_source"]["job_id"].as_str()?.to_owned())).collect())
    }

    /// The configuration of a job, where there is one that can be read.
    async fn configuration(&self, job: &str) -> Result<Option<Document>, Trouble> {
        let id = format!("anomaly_detector-{job}");
        let body = json!({"size": 1, "query": {"ids": {"values": [id]}}});
        let target = format!("/{CONFIGURATIONS}/_search?ignore_unavailable=true&allow_no_indices=true");
        let answer: Value = match self.cluster.ask_json(Method::POST, &target, Some(&body)).await {
            Ok(answer) => answer,
            // Said already, when it was planned.
            Err(Trouble::Lasting(_)) => return Ok(None),
            Err(passing) => return Err(passing),
        };
        let Some(source) = answer["hits"]["hits"][0].get("_source") else { return Ok(None) };
        Ok(Some(Document { index: CONFIGURATIONS.into(), id, source: Bytes::from(source.to_string()) }))
    }
}

/// What a document on a page is: the search may find some that are not of this job.
fn understand(page: &Page, hit: Hit<'_>, job: &str, names: &mut Names) -> Read {
    let Some(source) = hit.source else {
        let what = format!("{}/{}", hit.index, hit.id);
        return Read::Unfit(Rejected { what, why: "the source keeps no _source of it".into() });
    };
    let source = page.text.slice_ref(source.get().as_bytes());
    let is_of_job = Head::read(&source).is_ok_and(|head| head.job().as_deref() == Some(job));
    match names.at_target(&hit.index) {
        Some(index) if is_of_job => Read::Taken(Document { index, id: hit.id, source: in_one_line(source) }),
        _ => Read::Left,
    }
}

/// A time that an aggregation gives.
#[allow(clippy::cast_possible_truncation)]
fn whole(time: f64) -> i64 {
    time as i64
}

// === impl Names ===

impl Names {
    fn at_target(&mut self, index: &str) -> Option<Arc<str>> {
        if let Some(name) = self.0.get(index) {
            return name.clone();
        }
        let name: Option<Arc<str>> = index_at_target(index).map(|name| Arc::from(&*name));
        self.0.insert(index.to_owned(), name.clone());
        name
    }
}
