//! What the settings say about where and how clients are listened to.

use std::{num::NonZeroU32, time::Duration};

use anyhow::bail;

use super::{Settings, access::Access};
use crate::listen::{rates::Rate, socket::Place, tls::TlsFiles};

/// Largest body of a request that is read here, in bytes, where nothing is said.
pub(super) const LARGEST_BODY: usize = 1 << 20;

/// The listener, checked.
#[derive(Debug, Clone)]
pub struct ListenerConfig {
    pub listen: Place,
    /// Of the file of a unix socket.
    pub mode: u32,
    pub tls: Option<TlsFiles>,
    pub limits: Limits,
    pub rate: Option<Rate>,
    /// Longest time for requests under way after the signal to stop.
    pub drain: Duration,
    /// Longest time for a request that is answered here, its body included. What is passed on has no such limit.
    pub request: Duration,
}

/// How much, and how long, a client is put up with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest time for a TLS handshake.
    pub handshake: Duration,
    /// Longest time for a request's head, from its first byte.
    pub head: Duration,
    /// Longest time without a request.
    pub keep_alive: Duration,
    /// Longest time in which little or nothing comes of a request's body that is waited for.
    pub body_stall: Duration,
    /// Longest time in which little or nothing is taken of a reply.
    pub reply_stall: Duration,
    /// In bytes.
    pub largest_head: usize,
    /// Largest body that is read here, in bytes.
    pub largest_body: u64,
    pub connections: usize,
    /// Requests under way.
    pub requests: usize,
    /// Bytes of their bodies.
    pub in_flight_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(10),
            keep_alive: Duration::from_secs(75),
            body_stall: Duration::from_secs(30),
            reply_stall: Duration::from_mins(1),
            largest_head: 16 << 10,
            largest_body: LARGEST_BODY as u64,
            connections: 8_192,
            requests: 1_024,
            in_flight_bytes: 256 << 20,
        }
    }
}

// === impl ListenerConfig ===

impl ListenerConfig {
    /// Checks the settings about the listener together. `access` says who will be let in.
    ///
    /// # Errors
    /// What is wrong with them, naming the key.
    pub fn of(settings: &Settings, access: &Access) -> anyhow::Result<Self> {
        let listen = settings.listen.clone().unwrap_or_default();
        access.may_listen_on(&listen)?;
        let mode = match (&settings.listen_mode, &listen) {
            (Some(text), Place::Unix(_)) => mode(text)?,
            (Some(_), _) => bail!("listen_mode: is of use only where listen is unix:/path"),
            (None, _) => 0o660,
        };
        let default = Limits::default();
        let limits = Limits {
            handshake: seconds(
                "tls_handshake_timeout_seconds",
                settings.tls_handshake_timeout_seconds,
                default.handshake,
            )?,
            head: seconds("head_timeout_seconds", settings.head_timeout_seconds, default.head)?,
            keep_alive: seconds("keep_alive_seconds", settings.keep_alive_seconds, default.keep_alive)?,
            body_stall: seconds("body_timeout_seconds", settings.body_timeout_seconds, default.body_stall)?,
            reply_stall: seconds("reply_timeout_seconds", settings.reply_timeout_seconds, default.reply_stall)?,
            largest_head: number("max_head_bytes", settings.max_head_bytes, default.largest_head, 1 << 10, 1 << 20)?,
            largest_body: settings.max_body_bytes.map_or(default.largest_body, |bytes| bytes as u64),
            connections: number("max_connections", settings.max_connections, default.connections, 1, 1 << 20)?,
            requests: number("max_requests", settings.max_requests, default.requests, 1, 1 << 20)?,
            in_flight_bytes: settings.max_request_bytes.unwrap_or(default.in_flight_bytes),
        };
        if limits.in_flight_bytes < limits.largest_body {
            bail!("max_request_bytes: must not be less than max_body_bytes, as no such body could be read");
        }
        Ok(Self {
            listen,
            mode,
            tls: tls(settings)?,
            limits,
            rate: rate(settings)?,
            drain: seconds("drain_seconds", settings.drain_seconds, Duration::from_secs(20))?,
            request: seconds("request_timeout_seconds", settings.request_timeout_seconds, Duration::from_mins(1))?,
        })
    }
}

fn tls(settings: &Settings) -> anyhow::Result<Option<TlsFiles>> {
    let only_with_tls = [
        ("tls_client_ca", settings.tls_client_ca.is_some()),
        ("tls_handshake_timeout_seconds", settings.tls_handshake_timeout_seconds.is_some()),
    ];
    match (&settings.tls_certificate, &settings.tls_key) {
        (Some(certificate), Some(key)) => {
            let client_ca = settings.tls_client_ca.clone();
            Ok(Some(TlsFiles { certificate: certificate.clone(), key: key.clone(), client_ca }))
        }
        (None, None) => match only_with_tls.iter().find(|(_, set)| *set) {
            Some((key, _)) => bail!("{key}: is of use only with tls_certificate and tls_key"),
            None => Ok(None),
        },
        (Some(_), None) => bail!("tls_certificate: must be set together with tls_key"),
        (None, Some(_)) => bail!("tls_key: must be set together with tls_certificate"),
    }
}

fn rate(settings: &Settings) -> anyhow::Result<Option<Rate>> {
    let at_least_one = |key: &str, value: u32| match NonZeroU32::new(value) {
        Some(value) => Ok(value),
        None => bail!("{key}: must be at least 1"),
    };
    match (settings.rate_limit_per_second, settings.rate_limit_burst) {
        (Some(per_second), burst) => Ok(Some(Rate {
            per_second: at_least_one("rate_limit_per_second", per_second)?,
            burst: at_least_one("rate_limit_burst", burst.unwrap_or(per_second))?,
        })),
        (None, Some(_)) => bail!("rate_limit_burst: is of use only with rate_limit_per_second"),
        (None, None) => Ok(None),
    }
}

fn mode(text: &str) -> anyhow::Result<u32> {
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o777 => Ok(mode),
        _ => bail!("listen_mode: must be an octal number as 0660"),
    }
}

pub(super) fn seconds(key: &str, value: Option<u64>, default: Duration) -> anyhow::Result<Duration> {
    match value {
        None => Ok(default),
        Some(seconds @ 1..=86_400) => Ok(Duration::from_secs(seconds)),
        Some(_) => bail!("{key}: must be 1 to 86400"),
    }
}

pub(super) fn number(
    key: &str,
    value: Option<usize>,
    default: usize,
    least: usize,
    most: usize,
) -> anyhow::Result<usize> {
    match value {
        None => Ok(default),
        Some(value) if (least..=most).contains(&value) => Ok(value),
        Some(_) => bail!("{key}: must be {least} to {most}"),
    }
}

#[cfg(test)]
mod tests {
    use super::ListenerConfig;
    use crate::config::{Settings, access::Access};

    fn refusal(toml: &str) -> String {
        let settings: Settings = match toml::from_str(&format!("realm = 'r'\n{toml}")) {
            Ok(settings) => settings,
            Err(error) => return error.to_string(),
        };
        let access = Access::of(&settings).unwrap();
        ListenerConfig::of(&settings, &access).err().map(|error| format!("{error:#}")).unwrap_or_default()
    }

    #[test]
    fn refused_with_the_name_of_the_key() {
        for (toml, key) in [
            ("tls_key = 'k'", "tls_key:"),
            ("tls_certificate = 'c'", "tls_certificate:"),
            ("tls_client_ca = 'c'", "tls_client_ca:"),
            ("tls_handshake_timeout_seconds = 1", "tls_handshake_timeout_seconds:"),
            ("head_timeout_seconds = 0", "head_timeout_seconds:"),
            ("keep_alive_seconds = 100000", "keep_alive_seconds:"),
            ("max_head_bytes = 10", "max_head_bytes:"),
            ("max_connections = 0", "max_connections:"),
            ("max_requests = 0", "max_requests:"),
            ("max_request_bytes = 5", "max_request_bytes:"),
            ("rate_limit_burst = 5", "rate_limit_burst:"),
            ("rate_limit_per_second = 0", "rate_limit_per_second:"),
            ("rate_limit_per_second = 5\nrate_limit_burst = 0", "rate_limit_burst:"),
            ("listen_mode = '0660'", "listen_mode:"),
            ("listen = 'unix:/x'\nlisten_mode = '0888'", "listen_mode:"),
        ] {
            assert!(refusal(toml).starts_with(key), "{toml}: {}", refusal(toml));
        }
        for toml in ["listen = 'unix:x'", "listen = 'localhost'", "listen = 'unix:'"] {
            assert!(refusal(toml).contains("listen"), "{toml}: {}", refusal(toml));
        }
        for toml in ["listen = 'systemd'", "listen = 'unix:/x'\nlisten_mode = '0600'", "rate_limit_per_second = 5"] {
            assert_eq!(refusal(toml), "", "{toml}");
        }
    }
}
