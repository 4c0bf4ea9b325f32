//! The roles that Elasticsearch 8.19 has built in, with what of them reaches results: cluster privileges that say something
//! about machine learning, and the results' indices.

/// A role that is there without being written.
pub(super) struct BuiltIn {
    pub name: &'static str,
    pub cluster: &'static [&'static str],
    pub readable: &'static [&'static str],
}

const RESULTS: &[&str] = &[".ml-anomalies*"];

/// Most grant nothing here, but they are no roles that are missing.
pub(super) const BUILT_IN: &[BuiltIn] = &[
    BuiltIn { name: "superuser", cluster: &["all"], readable: &["*"] },
    BuiltIn { name: "machine_learning_user", cluster: &["monitor_ml"], readable: RESULTS },
    BuiltIn { name: "machine_learning_admin", cluster: &["manage_ml"], readable: RESULTS },
    BuiltIn { name: "kibana_system", cluster: &["monitor", "manage_ml"], readable: RESULTS },
    BuiltIn { name: "apm_user", cluster: &[], readable: RESULTS },
    monitors("apm_system"),
    monitors("beats_system"),
    monitors("enrich_user"),
    monitors("logstash_system"),
    monitors("remote_monitoring_agent"),
    monitors("remote_monitoring_collector"),
    grants_nothing("beats_admin"),
    grants_nothing("data_frame_transforms_admin"),
    grants_nothing("data_frame_transforms_user"),
    grants_nothing("editor"),
    grants_nothing("inference_admin"),
    grants_nothing("inference_user"),
    grants_nothing("ingest_admin"),
    grants_nothing("kibana_admin"),
    grants_nothing("kibana_user"),
    grants_nothing("logstash_admin"),
    grants_nothing("monitoring_user"),
    grants_nothing("reporting_user"),
    grants_nothing("rollup_admin"),
    grants_nothing("rollup_user"),
    grants_nothing("snapshot_user"),
    grants_nothing("transform_admin"),
    grants_nothing("transform_user"),
    grants_nothing("transport_client"),
    grants_nothing("viewer"),
    grants_nothing("watcher_admin"),
    grants_nothing("watcher_user"),
];

const fn monitors(name: &'static str) -> BuiltIn {
    BuiltIn { name, cluster: &["monitor"], readable: &[] }
}

const fn grants_nothing(name: &'static str) -> BuiltIn {
    BuiltIn { name, cluster: &[], readable: &[] }
}
