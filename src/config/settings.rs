//! The settings as they are given: every key, its flag, its variable and its help.

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{
    access::{Account, AuthorityKind, IndexRead},
    lines::Lines,
    modes::SecondaryCredential,
    upstream::Nodes,
};
use crate::{
    listen::socket::Place,
    modes::{
        ignore::Rule,
        rules::{ModeRule, SideName},
    },
    observe::logging::LogFormat,
    pass_through::allowed::{Allow, Passing},
    privileges::opensearch::RoleGrant,
    secret::Secret,
};

/// What may be set, wherever it is set.
#[derive(Debug, Default, Clone, Deserialize, Serialize, clap::Args)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where to listen; systemd: at the sockets that it passes [default: 127.0.0.1:9280]
    #[arg(long, env = "MLGATE_LISTEN", value_name = "ADDRESS:PORT|unix:/PATH|systemd")]
    pub listen: Option<Place>,
    /// Mode of the file of a unix socket [default: 0660]
    #[arg(long, env = "MLGATE_LISTEN_MODE", value_name = "OCTAL")]
    pub listen_mode: Option<String>,
    /// The server's certificates as PEM, its own first: TLS is spoken, and nothing else
    #[arg(long, env = "MLGATE_TLS_CERTIFICATE", value_name = "FILE")]
    pub tls_certificate: Option<PathBuf>,
    /// Its private key as PEM
    #[arg(long, env = "MLGATE_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Who signs the certificates that clients must then have
    #[arg(long, env = "MLGATE_TLS_CLIENT_CA", value_name = "FILE")]
    pub tls_client_ca: Option<PathBuf>,
    /// Longest time for a TLS handshake, in seconds [default: 10]
    #[arg(long, env = "MLGATE_TLS_HANDSHAKE_TIMEOUT_SECONDS", value_name = "SECONDS")]
    pub tls_handshake_timeout_seconds: Option<u64>,
    /// Longest time for the head of a request, in seconds [default: 10]
    #[arg(long, env = "MLGATE_HEAD_TIMEOUT_SECONDS", value_name = "SECONDS")]
    pub head_timeout_seconds: Option<u64>,
    /// Longest time for the next 16 KB of a request's body, in seconds [default: 30]
    #[arg(long, env = "MLGATE_BODY_TIMEOUT_SECONDS", value_name = "SECONDS")]
    pub body_timeout_seconds: Option<u64>,
    /// Longest time for a client to take the next 16 KB of its reply, in seconds [default: 60]
    #[arg(long, env = "MLGATE_REPLY_TIMEOUT_SECONDS", value_name = "SECONDS")]
    pub reply_timeout_seconds: Option<u64>,
    /// Longest time that a connection may be idle, in seconds [default: 75]
    #[arg(long, env = "MLGATE_KEEP_ALIVE_SECONDS", value_name = "SECONDS")]
    pub keep_alive_seconds: Option<u64>,
    /// Longest time for a Get Buckets request as a whole, in seconds [default: 60]
    #[arg(long, env = "MLGATE_REQUEST_TIMEOUT_SECONDS", value_name = "SECONDS")]
    pub request_timeout_seconds: Option<u64>,
    /// Longest time for requests under way after the signal to stop, in seconds [default: 20]
    #[arg(long, env = "MLGATE_DRAIN_SECONDS", value_name = "SECONDS")]
    pub drain_seconds: Option<u64>,
    /// Largest head of a request, in bytes [default: 16384]
    #[arg(long, env = "MLGATE_MAX_HEAD_BYTES", value_name = "BYTES")]
    pub max_head_bytes: Option<usize>,
    /// Most connections at once; further ones wait [default: 8192]
    #[arg(long, env = "MLGATE_MAX_CONNECTIONS", value_name = "NUMBER")]
    pub max_connections: Option<usize>,
    /// Most requests under way; further ones are refused with 429 [default: 1024]
    #[arg(long, env = "MLGATE_MAX_REQUESTS", value_name = "NUMBER")]
    pub max_requests: Option<usize>,
    /// Most bytes of the bodies of requests under way; further ones are refused with 429 [default: 268435456]
    #[arg(long, env = "MLGATE_MAX_REQUEST_BYTES", value_name = "BYTES")]
    pub max_request_bytes: Option<u64>,
    /// How often one user, or one credential, may ask; more is refused with 429 [default: no limit]
    #[arg(long, env = "MLGATE_RATE_LIMIT_PER_SECOND", value_name = "NUMBER")]
    pub rate_limit_per_second: Option<u32>,
    /// How many of these requests may come at once [default: as many as in a second]
    #[arg(long, env = "MLGATE_RATE_LIMIT_BURST", value_name = "NUMBER")]
    pub rate_limit_burst: Option<u32>,
    /// SQLite file that holds the results [default: mlgate.db, unless there is an upstream]
    #[arg(long, env = "MLGATE_STORE", value_name = "FILE")]
    pub store: Option<PathBuf>,
    /// Cluster that holds the results, instead of a file; several nodes with commas between them
    #[arg(long, env = "MLGATE_UPSTREAM", value_name = "http[s]://HOST:PORT,…")]
    pub upstream: Option<Nodes>,
    /// Who signs the cluster's certificates, as PEM [default: the public authorities]
    #[arg(long, env = "MLGATE_UPSTREAM_CA", value_name = "FILE")]
    pub upstream_ca: Option<PathBuf>,
    /// Certificate that mlgate shows the cluster, as PEM
    #[arg(long, env = "MLGATE_UPSTREAM_CERTIFICATE", value_name = "FILE")]
    pub upstream_certificate: Option<PathBuf>,
    /// Its private key, as PEM
    #[arg(long, env = "MLGATE_UPSTREAM_KEY", value_name = "FILE")]
    pub upstream_key: Option<PathBuf>,
    /// Name that the cluster's certificates have, where it is not the address'
    #[arg(long, env = "MLGATE_UPSTREAM_SERVER_NAME", value_name = "NAME")]
    pub upstream_server_name: Option<String>,
    /// mlgate's own account on the cluster, where searches or questions about roles need one
    #[arg(long, env = "MLGATE_UPSTREAM_USERNAME", value_name = "NAME")]
    pub upstream_username: Option<String>,
    /// Password of that account; better given in the environment than on the command line
    #[arg(long, env = "MLGATE_UPSTREAM_PASSWORD", value_name = "PASSWORD", hide_env_values = true)]
    pub upstream_password: Option<Secret>,
    /// Longest time for one search, in seconds [default: 30]
    #[arg(long, env = "MLGATE_UPSTREAM_TIMEOUT_SECONDS", value_name = "SECONDS")]
    pub upstream_timeout_seconds: Option<u64>,
    /// Longest time for a connection to a node to be made, in seconds [default: 2]
    #[arg(long, env = "MLGATE_UPSTREAM_CONNECT_TIMEOUT_SECONDS", value_name = "SECONDS")]
    pub upstream_connect_timeout_seconds: Option<u64>,
    /// Most requests under way to the cluster; a quarter of them is kept for Get Buckets [default: 512]
    #[arg(long, env = "MLGATE_UPSTREAM_CONNECTIONS", value_name = "NUMBER")]
    pub upstream_connections: Option<usize>,
    /// How jobs are answered, the first line that fits: rewrite (searches), native (a genuine API), both also with @secondary, or
    /// shadow (one answers, the other is compared) [default: rewrite]
    #[arg(long, env = "MLGATE_MODES", value_delimiter = ',', value_name = "JOBS=MODE")]
    pub modes: Option<Vec<ModeRule>>,
    /// Another cluster that may answer, or is compared; several nodes with commas between them
    #[arg(long, env = "MLGATE_SECONDARY", value_name = "http[s]://HOST:PORT,…")]
    pub secondary: Option<Nodes>,
    /// Who signs that cluster's certificates, as PEM [default: the public authorities]
    #[arg(long, env = "MLGATE_SECONDARY_CA", value_name = "FILE")]
    pub secondary_ca: Option<PathBuf>,
    /// Name that its certificates have, where it is not the address'
    #[arg(long, env = "MLGATE_SECONDARY_SERVER_NAME", value_name = "NAME")]
    pub secondary_server_name: Option<String>,
    /// Whose credential it is sent [default: service where there is an account, else none]
    #[arg(long, env = "MLGATE_SECONDARY_CREDENTIAL", value_enum)]
    pub secondary_credential: Option<SecondaryCredential>,
    /// mlgate's own account on that cluster
    #[arg(long, env = "MLGATE_SECONDARY_USERNAME", value_name = "NAME")]
    pub secondary_username: Option<String>,
    /// Password of that account; better given in the environment than on the command line
    #[arg(long, env = "MLGATE_SECONDARY_PASSWORD", value_name = "PASSWORD", hide_env_values = true)]
    pub secondary_password: Option<Secret>,
    /// Whose answer the caller gets in shadow mode: rewrite, native, both also with @secondary [default: rewrite]
    #[arg(long, env = "MLGATE_SHADOW_PRIMARY", value_name = "SIDE")]
    pub shadow_primary: Option<SideName>,
    /// Whose answer is compared with it [default: native@secondary where there is a secondary, else native]
    #[arg(long, env = "MLGATE_SHADOW_SECONDARY", value_name = "SIDE")]
    pub shadow_secondary: Option<SideName>,
    /// Exchange the two [default: false]
    #[arg(long, env = "MLGATE_SHADOW_FLIP", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub shadow_flip: Option<bool>,
    /// What may differ: places as `/buckets/*/processing_time_ms`, `/**/probability within 1e-9`, or content-type
    #[arg(long, env = "MLGATE_SHADOW_IGNORE", value_delimiter = ',', value_name = "PLACE")]
    pub shadow_ignore: Option<Vec<Rule>>,
    /// File that takes a line of JSON for each difference, with values of results [default: none]
    #[arg(long, env = "MLGATE_SHADOW_LOG", value_name = "FILE")]
    pub shadow_log: Option<PathBuf>,
    /// Its largest size; then it becomes FILE.1, and a new one is begun [default: 67108864]
    #[arg(long, env = "MLGATE_SHADOW_LOG_MAX_BYTES", value_name = "BYTES")]
    pub shadow_log_max_bytes: Option<u64>,
    /// Most comparisons under way; further requests are not compared [default: 8]
    #[arg(long, env = "MLGATE_SHADOW_IN_FLIGHT", value_name = "NUMBER")]
    pub shadow_in_flight: Option<usize>,
    /// Of a hundred requests, so many are compared [default: 100]
    #[arg(long, env = "MLGATE_SHADOW_SAMPLE_PERCENT", value_name = "NUMBER")]
    pub shadow_sample_percent: Option<usize>,
    /// Longest time for the answer that is compared, in seconds [default: 30]
    #[arg(long, env = "MLGATE_SHADOW_TIMEOUT_SECONDS", value_name = "SECONDS")]
    pub shadow_timeout_seconds: Option<u64>,
    /// Largest answer that is compared, in bytes [default: 16777216]
    #[arg(long, env = "MLGATE_SHADOW_MAX_BODY_BYTES", value_name = "BYTES")]
    pub shadow_max_body_bytes: Option<usize>,
    /// Largest request body, in bytes [default: 1048576]
    #[arg(long, env = "MLGATE_MAX_BODY_BYTES", value_name = "BYTES")]
    pub max_body_bytes: Option<usize>,
    /// What is passed on to the cluster besides Get Buckets [default: read-only where the cluster knows the callers, else off]
    #[arg(long, env = "MLGATE_PASS_THROUGH", value_enum)]
    pub pass_through: Option<Passing>,
    /// What is passed on where `pass_through` is allow-list, as GET|POST /logs-*/_search
    #[arg(long, env = "MLGATE_PASS_THROUGH_ALLOW", value_delimiter = ',', value_name = "METHOD /PATH")]
    pub pass_through_allow: Option<Vec<Allow>>,
    /// Longest time without a byte of what is passed on, in seconds [default: 60]
    #[arg(long, env = "MLGATE_PASS_THROUGH_IDLE_SECONDS", value_name = "SECONDS")]
    pub pass_through_idle_seconds: Option<u64>,
    /// Longest time for the cluster to begin its reply to what is passed on, in seconds [default: 3600]
    #[arg(long, env = "MLGATE_PASS_THROUGH_REPLY_SECONDS", value_name = "SECONDS")]
    pub pass_through_reply_seconds: Option<u64>,
    /// Let the official clients of Elasticsearch take OpenSearch for one, where they are passed on to it [default: false]
    #[arg(long, env = "MLGATE_ELASTIC_CLIENTS", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub elastic_clients: Option<bool>,
    /// Who knows callers and what they may [default: file where there is a realm, else auto]
    #[arg(long, env = "MLGATE_AUTHORITY", value_enum)]
    pub authority: Option<AuthorityKind>,
    /// Folder with the files `users`, `users_roles` and `roles.yml` in Elasticsearch's formats
    #[arg(long, env = "MLGATE_REALM", value_name = "FOLDER")]
    pub realm: Option<PathBuf>,
    /// Issuer of the JSON Web Tokens that the realm takes
    #[arg(long, env = "MLGATE_JWT_ISSUER", value_name = "NAME")]
    pub jwt_issuer: Option<String>,
    /// Whom these tokens must be for; any of them
    #[arg(long, env = "MLGATE_JWT_AUDIENCE", value_delimiter = ',', value_name = "NAME")]
    pub jwt_audience: Option<Vec<String>>,
    /// The issuer's public keys: a JWKS file, or its URL
    #[arg(long, env = "MLGATE_JWT_JWKS", value_name = "FILE|URL")]
    pub jwt_jwks: Option<String>,
    /// The claim that names the user [default: sub]
    #[arg(long, env = "MLGATE_JWT_USER_CLAIM", value_name = "CLAIM")]
    pub jwt_user_claim: Option<String>,
    /// The claim that lists the roles [default: roles]
    #[arg(long, env = "MLGATE_JWT_ROLES_CLAIM", value_name = "CLAIM")]
    pub jwt_roles_claim: Option<String>,
    /// Whether read on a job's results index is needed besides the cluster privilege [default: required]
    #[arg(long, env = "MLGATE_INDEX_READ", value_enum)]
    pub index_read: Option<IndexRead>,
    /// Answer 404, not 403, for jobs whose results may not be read [default: false]
    #[arg(long, env = "MLGATE_HIDE_FORBIDDEN_JOBS", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub hide_forbidden_jobs: Option<bool>,
    /// Whose credential searches carry [default: caller]
    #[arg(long, env = "MLGATE_SEARCH_AS", value_enum)]
    pub search_as: Option<Account>,
    /// What a role of OpenSearch is given: role=privilege or role=privilege@pattern, as team_a=monitor_ml@.ml-anomalies-a*
    #[arg(long, env = "MLGATE_OPENSEARCH_ROLES", value_delimiter = ',', value_name = "GRANT")]
    pub opensearch_roles: Option<Vec<RoleGrant>>,
    /// Longest time for a question about a caller, in seconds [default: 5]
    #[arg(long, env = "MLGATE_AUTHORITY_TIMEOUT_SECONDS", value_name = "SECONDS")]
    pub authority_timeout_seconds: Option<u64>,
    /// How long an answer about a caller is used, in seconds [default: 5]
    #[arg(long, env = "MLGATE_PRIVILEGE_CACHE_SECONDS", value_name = "SECONDS")]
    pub privilege_cache_seconds: Option<u64>,
    /// How old a yes may be that is used while nobody can be asked, in seconds [default: 0]
    #[arg(long, env = "MLGATE_PRIVILEGE_STALE_SECONDS", value_name = "SECONDS")]
    pub privilege_stale_seconds: Option<u64>,
    /// Let callers act as others, as far as the cluster lets them: es-security-runas-user [default: false]
    #[arg(long, env = "MLGATE_ALLOW_RUN_AS", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub allow_run_as: Option<bool>,
    /// File that takes a line of JSON for each decision; - is standard output [default: none]
    #[arg(long, env = "MLGATE_AUDIT_LOG", value_name = "FILE")]
    pub audit_log: Option<PathBuf>,
    /// Address of health, metrics and decisions; without credentials, so for loopback addresses only [default: none]
    #[arg(long, env = "MLGATE_ADMIN_LISTEN", value_name = "ADDRESS:PORT")]
    pub admin_listen: Option<SocketAddr>,
    /// Let `admin_listen` be any address: everyone who reaches it may look [default: false]
    #[arg(long, env = "MLGATE_UNSAFE_ADMIN_PUBLIC", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub unsafe_admin_public: Option<bool>,
    /// How lines of the log look [default: human]
    #[arg(long, env = "MLGATE_LOG_FORMAT", value_enum)]
    pub log_format: Option<LogFormat>,
    /// What is logged: a level, or levels of parts as `info,mlgate::request=off` [default: info]
    #[arg(long, env = "MLGATE_LOG_LEVEL", value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// OpenTelemetry collector that takes spans, OTLP over HTTP [default: none]
    #[arg(long, env = "MLGATE_OTLP_ENDPOINT", value_name = "COLLECTOR")]
    pub otlp_endpoint: Option<String>,
    /// Ask nobody: everyone on this machine may read everything [default: false]
    #[arg(long, env = "MLGATE_UNSAFE_OPEN_TO_ALL", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub unsafe_open_to_all: Option<bool>,
    /// Where what is in effect stands in the file.
    #[serde(skip)]
    #[arg(skip)]
    pub(super) lines: Lines,
}
