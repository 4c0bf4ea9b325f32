//! Who asks: the credential of one request, and what goes with it to the cluster.

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};
use sha2::Sha256;

/// Names another user to act as; taken only where the configuration allows it.
pub const RUN_AS: HeaderName = HeaderName::from_static("es-security-runas-user");

/// The same on OpenSearch.
const IMPERSONATE: HeaderName = HeaderName::from_static("opendistro_security_impersonate_as");

/// What a search carries of its request besides a credential: it joins the logs of client, mlgate and cluster.
const TRACING: [HeaderName; 3] = [
    HeaderName::from_static("x-opaque-id"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];

/// The sender of a request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// `Authorization` and, where allowed, who is to be acted as. The values are marked as sensitive: no `Debug` shows them.
    credential: HeaderMap,
    tracing: HeaderMap,
    /// A user who is looked up, and has given no credential.
    looked_up: Option<String>,
    /// Path and query as they were sent, for the texts of refusals.
    target: String,
}

/// What tells callers apart in a cache: a keyed hash of the whole credential, of no use outside of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

/// The key of [`Fingerprint`]s, new in each process.
pub struct FingerprintKey([u8; 32]);

// === impl Caller ===

impl Caller {
    /// Takes the credential from the head of a request.
    #[must_use]
    pub fn of(head: &Parts) -> Self {
        let copy = |names: &[HeaderName], sensitive: bool| {
            let mut headers = HeaderMap::new();
            for name in names {
                if let Some(value) = head.headers.get(name) {
                    let mut value = value.clone();
                    value.set_sensitive(sensitive);
                    headers.insert(name, value);
                }
            }
            headers
        };
        Self {
            credential: copy(&[header::AUTHORIZATION, RUN_AS], true),
            tracing: copy(&TRACING, false),
            looked_up: None,
            target: head.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        }
    }

    /// A caller who has a credential and no request.
    #[must_use]
    pub fn with_credential(authorization: Option<HeaderValue>, target: &str) -> Self {
        let mut credential = HeaderMap::new();
        if let Some(mut value) = authorization {
            value.set_sensitive(true);
            credential.insert(header::AUTHORIZATION, value);
        }
        Self { credential, tracing: HeaderMap::new(), looked_up: None, target: target.to_owned() }
    }

    /// The user `name`, whom `mlgate check` wants to know about: the service account asks for him. No request can become
    /// such a caller.
    ///
    /// # Errors
    /// Where the name cannot be sent.
    pub(crate) fn look_up(name: &str, service: Option<HeaderValue>) -> anyhow::Result<Self> {
        let mut caller = Self::with_credential(service, "/");
        for header in [RUN_AS, IMPERSONATE] {
            caller.credential.insert(header, HeaderValue::from_str(name)?);
        }
        caller.looked_up = Some(name.to_owned());
        Ok(caller)
    }

    /// The user who is looked up, where one is.
    #[must_use]
    pub fn looked_up(&self) -> Option<&str> {
        self.looked_up.as_deref()
    }

    /// The value of `Authorization`, where it is text.
    #[must_use]
    pub fn authorization(&self) -> Option<&str> {
        self.credential.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default())
    }

    /// Whom the caller wants to act as.
    #[must_use]
    pub fn acts_as(&self) -> Option<String> {
        self.credential.get(RUN_AS).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    /// Path and query, as they were sent.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The path, as it was sent.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The client's own name for its request.
    #[must_use]
    pub fn opaque_id(&self) -> Option<String> {
        self.tracing.get("x-opaque-id").map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    /// The headers of what is sent to the cluster as this caller.
    #[must_use]
    pub fn as_caller(&self) -> HeaderMap {
        let mut headers = self.tracing.clone();
        headers.extend(self.credential.clone());
        headers
    }

    /// The headers of what is sent to the cluster for this caller as `service`, or as nobody.
    #[must_use]
    pub fn as_service(&self, service: Option<&HeaderValue>) -> HeaderMap {
        let mut headers = self.tracing.clone();
        if let Some(service) = service {
            headers.insert(header::AUTHORIZATION, service.clone());
        }
        headers
    }

    /// The caller's place in a cache. Callers without a credential share one.
    #[must_use]
    pub fn fingerprint(&self, key: &FingerprintKey) -> Fingerprint {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key.0) else { return Fingerprint([0; 32]) };
        for name in [header::AUTHORIZATION, RUN_AS] {
            match self.credential.get(&name) {
                Some(value) => {
                    mac.update(&[1]);
                    mac.update(&(value.len() as u64).to_be_bytes());
                    mac.update(value.as_bytes());
                }
                None => mac.update(&[0]),
            }
        }
        Fingerprint(mac.finalize().into_bytes().into())
    }
}

// === impl FingerprintKey ===

impl FingerprintKey {
    /// A random key.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn random() -> anyhow::Result<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
        Ok(Self(key))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::{Caller, FingerprintKey};

    #[test]
    fn credentials_that_differ_a_little_are_different_callers() {
        let key = FingerprintKey::random().unwrap();
        let fingerprint = |text: Option<&str>| {
            Caller::with_credential(text.map(|text| HeaderValue::from_str(text).unwrap()), "/").fingerprint(&key)
        };
        let texts = [None, Some(""), Some("Basic YTpi"), Some("basic YTpi"), Some("Basic YTpi "), Some("Basic YTpj")];
        for (i, one) in texts.iter().enumerate() {
            for (j, other) in texts.iter().enumerate() {
                assert_eq!(fingerprint(*one) == fingerprint(*other), i == j, "{one:?} {other:?}");
            }
        }
        assert_ne!(
            fingerprint(None),
            Caller::with_credential(None, "/").fingerprint(&FingerprintKey::random().unwrap())
        );
    }

    #[test]
    fn no_debug_shows_a_credential() {
        let caller = Caller::with_credential(Some(HeaderValue::from_static("Basic c2VjcmV0")), "/");
        assert!(!format!("{caller:?} {:?}", caller.as_caller()).contains("c2VjcmV0"));
    }
}
