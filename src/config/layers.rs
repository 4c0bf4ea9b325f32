//! File < environment < flags: of every key the upper one counts.

use std::path::Path;

use anyhow::{Context as _, anyhow};

use super::{
    lines::{Lines, told},
    settings::Settings,
};

/// Does something with every key. A key that is not named here does not compile: `fill` makes whole [`Settings`].
macro_rules! every_key {
    ($do:ident!($($with:tt)*)) => {
        $do!(
            $($with)*;
            listen,
            listen_mode,
            tls_certificate,
            tls_key,
            tls_client_ca,
            tls_handshake_timeout_seconds,
            head_timeout_seconds,
            body_timeout_seconds,
            reply_timeout_seconds,
            keep_alive_seconds,
            request_timeout_seconds,
            drain_seconds,
            max_head_bytes,
            max_connections,
            max_requests,
            max_request_bytes,
            rate_limit_per_second,
            rate_limit_burst,
            store,
            upstream,
            upstream_ca,
            upstream_certificate,
            upstream_key,
            upstream_server_name,
            upstream_connect_timeout_seconds,
            upstream_connections,
            upstream_username,
            upstream_password,
            upstream_timeout_seconds,
            modes,
            secondary,
            secondary_ca,
            secondary_server_name,
            secondary_credential,
            secondary_username,
            secondary_password,
            shadow_primary,
            shadow_secondary,
            shadow_flip,
            shadow_ignore,
            shadow_log,
            shadow_log_max_bytes,
            shadow_in_flight,
            shadow_sample_percent,
            shadow_timeout_seconds,
            shadow_max_body_bytes,
            max_body_bytes,
            pass_through,
            pass_through_allow,
            pass_through_idle_seconds,
            pass_through_reply_seconds,
            elastic_clients,
            authority,
            realm,
            jwt_issuer,
            jwt_audience,
            jwt_jwks,
            jwt_user_claim,
            jwt_roles_claim,
            index_read,
            hide_forbidden_jobs,
            search_as,
            opensearch_roles,
            authority_timeout_seconds,
            privilege_cache_seconds,
            privilege_stale_seconds,
            allow_run_as,
            audit_log,
            admin_listen,
            unsafe_admin_public,
            log_format,
            log_level,
            otlp_endpoint,
            unsafe_open_to_all,
        )
    };
}

/// Settings where each one is the upper's, else the lower's.
macro_rules! fill {
    ($upper:ident, $lower:ident, $lines:ident; $($key:ident,)*) => {
        Settings { $($key: $upper.$key.or($lower.$key),)* lines: $lines }
    };
}

/// The names of the keys that are set.
macro_rules! set {
    ($settings:ident; $($key:ident,)*) => {
        [$($settings.$key.is_some().then_some(stringify!($key))),*].into_iter().flatten()
    };
}

/// The names of the keys that are not the same.
macro_rules! differing {
    ($one:ident, $other:ident; $($key:ident,)*) => {
        [$(($one.$key != $other.$key).then_some(stringify!($key))),*].into_iter().flatten()
    };
}

// === impl Settings ===

impl Settings {
    /// Fills what is not set from a file.
    ///
    /// # Errors
    /// Where the file cannot be read, or has a key or a value that it cannot have; the message names the line.
    pub fn with_file(self, file: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = file else { return Ok(self) };
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let mut below: Self =
            toml::from_str(&text).map_err(|error| anyhow!("{}:{}", path.display(), told(&text, &error)))?;
        if self.store.is_some() || self.upstream.is_some() {
            // Store and upstream exclude each other: who names one of them overrules both.
            (below.store, below.upstream) = (None, None);
        }
        let mut lines = Lines::of(path, &text);
        let above = &self;
        lines.forget(every_key!(set!(above)));
        Ok(every_key!(fill!(self, below, lines)))
    }

    /// Says where in the file the key stands that an error begins with.
    #[must_use]
    pub fn located(&self, error: anyhow::Error) -> anyhow::Error {
        match self.lines.place_of(&error) {
            Some(place) => anyhow!("{place}: {error:#}"),
            None => error,
        }
    }

    /// The first key that is set of those that begin with a text.
    pub(super) fn first_set(&self, beginning: &str) -> Option<&'static str> {
        every_key!(set!(self)).find(|key| key.starts_with(beginning))
    }

    /// The keys whose values differ.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        every_key!(differing!(self, other)).collect()
    }
}
