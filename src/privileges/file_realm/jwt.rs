//! JSON Web Tokens: signed by one of the issuer's keys, for us, and still good. Roles come from a claim.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use http::{HeaderMap, Method, StatusCode, Uri, uri::PathAndQuery};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{AlgorithmParameters, Jwk, JwkSet},
};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::{
    privileges::ask::Line,
    secret::Secret,
    upstream::{Upstream, UpstreamSettings},
};

/// Only what is signed with a private key: a key that everyone may see cannot make a token.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// How far the issuer's clock may be off, in seconds.
const LEEWAY: u64 = 30;
/// Keys of a URL are fetched again when they are this old.
const KEYS_LIFETIME: Duration = Duration::from_mins(10);
/// So long an unknown key does not lead to another fetch.
const BETWEEN_FETCHES: Duration = Duration::from_secs(30);
/// Longest time for fetching keys.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// Longer ones are none of ours, in bytes.
const LONGEST_TOKEN: usize = 16 << 10;

/// Whose tokens are taken.
#[derive(Debug, Clone)]
pub struct JwtSettings {
    pub issuer: String,
    /// Any of these.
    pub audience: Vec<String>,
    pub keys: KeySource,
    /// The claim that names the user.
    pub user_claim: String,
    /// The claim that lists the roles.
    pub roles_claim: String,
}

/// Where the issuer's public keys are.
#[derive(Debug, Clone)]
pub enum KeySource {
    File(PathBuf),
    Url(Uri),
}

/// Verifies tokens.
#[derive(Debug)]
pub(super) struct Jwt {
    settings: JwtSettings,
    /// To the issuer, and the path of its keys.
    issuer: Option<(Line, String)>,
    keys: ArcSwap<JwkSet>,
    fetched: Mutex<Option<Instant>>,
}

// === impl Jwt ===

impl Jwt {
    /// Reads the keys, where they are in a file; a URL is asked when the first token comes.
    pub fn new(settings: JwtSettings) -> anyhow::Result<Self> {
        let (keys, issuer) = match &settings.keys {
            KeySource::File(path) => {
                let at = || format!("jwt_jwks: {}", path.display());
                let text = std::fs::read_to_string(path).with_context(at)?;
                (serde_json::from_str(&text).with_context(at)?, None)
            }
            KeySource::Url(url) => (JwkSet { keys: Vec::new() }, Some(issuer(url).context("jwt_jwks")?)),
        };
        Ok(Self { settings, issuer, keys: ArcSwap::from_pointee(keys), fetched: Mutex::default() })
    }

    /// The user and the roles of a token that is good; why it is none is in the log, without the token.
    pub async fn verify(&self, token: &Secret) -> Option<(String, Vec<String>)> {
        match self.check(token.expose()).await {
            Ok(found) => Some(found),
            Err(error) => {
                tracing::debug!("a token was refused: {error:#}");
                None
            }
        }
    }

    async fn check(&self, token: &str) -> anyhow::Result<(String, Vec<String>)> {
        anyhow::ensure!(token.len() <= LONGEST_TOKEN, "too long");
        let header = decode_header(token)?;
        anyhow::ensure!(ALGORITHMS.contains(&header.alg), "algorithm {:?}", header.alg);
        let key = self.key(header.kid.as_deref()).await?;
        anyhow::ensure!(!matches!(key.algorithm, AlgorithmParameters::OctetKey(_)), "the key is no public one");
        if let Some(only) = key.common.key_algorithm {
            anyhow::ensure!(only.to_string() == format!("{:?}", header.alg), "the key is for {only}");
        }
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&self.settings.audience);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY;
        let claims: Value = decode(token, &DecodingKey::from_jwk(&key)?, &validation)?.claims;
        let user = claims.get(&self.settings.user_claim).and_then(Value::as_str).context("no user in it")?;
        let roles = match claims.get(&self.settings.roles_claim) {
            None => Vec::new(),
            Some(Value::String(role)) => vec![role.clone()],
            Some(Value::Array(roles)) => {
                roles.iter().map(|role| role.as_str().map(str::to_owned)).collect::<Option<_>>().context("roles")?
            }
            Some(_) => anyhow::bail!("roles are no list"),
        };
        Ok((user.to_owned(), roles))
    }

    /// The issuer's key of this id; where a token names none, the only one.
    async fn key(&self, id: Option<&str>) -> anyhow::Result<Jwk> {
        let find = |keys: &JwkSet| match (id, &keys.keys[..]) {
            (Some(id), _) => keys.find(id).cloned(),
            (None, [only]) => Some(only.clone()),
            (None, _) => None,
        };
        let known = find(&self.keys.load());
        let Some(issuer) = &self.issuer else { return known.context("no such key") };
        // One fetches, the others wait for it.
        let mut fetched = self.fetched.lock().await;
        let age = fetched.map(|since| since.elapsed());
        let known = known.or_else(|| find(&self.keys.load()));
        let due = match &known {
            Some(_) => age.is_none_or(|age| age > KEYS_LIFETIME),
            None => age.is_none_or(|age| age > BETWEEN_FETCHES),
        };
        if due {
            *fetched = Some(Instant::now());
            match fetch(issuer).await {
                Some(keys) => self.keys.store(Arc::new(keys)),
                None => anyhow::ensure!(age.is_some(), "the issuer's keys could not be fetched"),
            }
            return find(&self.keys.load()).context("no such key");
        }
        known.context("no such key")
    }
}

/// The way to an issuer. It is trusted as browsers do, or where it is named without TLS.
fn issuer(url: &Uri) -> anyhow::Result<(Line, String)> {
    let path = url.path_and_query().map_or("/", PathAndQuery::as_str);
    let text = url.to_string();
    let address = text.strip_suffix(path).unwrap_or(&text).parse()?;
    let upstream = Upstream::new(UpstreamSettings::of(vec![address]))?;
    Ok((Line::new(upstream, FETCH_TIMEOUT), path.to_owned()))
}

async fn fetch((line, path): &(Line, String)) -> Option<JwkSet> {
    let answer = line.ask(Method::GET, path, HeaderMap::new(), None).await.ok()?;
    let keys = (answer.status == StatusCode::OK).then(|| serde_json::from_slice(&answer.body).ok()).flatten();
    if keys.is_none() {
        tracing::warn!(status = answer.status.as_u16(), "jwt_jwks: the answer is no set of keys");
    }
    keys
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write as _,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use base64::{Engine as _, prelude::BASE64_STANDARD};
    use jsonwebtoken::{
        Algorithm, EncodingKey, Header, encode, get_current_timestamp,
        jwk::{Jwk, JwkSet},
    };
    use serde_json::{Value, json};

    use super::{Jwt, JwtSettings, KeySource};
    use crate::secret::Secret;

    const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgGVVrsGcErkEAy0mrspnpXscYO7TUt0xLUAQvydQ92oehRANCAARiLKjmHcv1FSwhUz+n52lBDVyQ3U1CO8Aa4fo6Tdpolt7NpYYdMGsm0IqlUOID3vfvwsf3I1mh0/707KKjnI6K";
    const OTHER_KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg2hjJkURzh/n6cgNEOzhzIvcUb7Myv0KwWVGYuYgomyShRANCAATF8X1xsQt1vOC8ySYjaak5ro886SCjDgBehUc8DjSXXH/mF39EynqFmkGi15tR6u7q8DWAj5YU+pSxE5+id0yo";

    fn private(key: &str) -> EncodingKey {
        EncodingKey::from_ec_der(&BASE64_STANDARD.decode(key).unwrap())
    }

    fn public(key: &str, id: &str) -> Jwk {
        let mut jwk = Jwk::from_encoding_key(&private(key), Algorithm::ES256).unwrap();
        jwk.common.key_id = Some(id.into());
        jwk
    }

    fn token(key: &EncodingKey, algorithm: Algorithm, id: Option<&str>, changed: &Value) -> String {
        let header = Header { kid: id.map(str::to_owned), ..Header::new(algorithm) };
        let mut claims = json!({
            "iss": "https://issuer", "aud": "mlgate", "sub": "bob", "roles": ["a", "b"], "exp": get_current_timestamp() + 60,
        });
        for (name, value) in changed.as_object().unwrap() {
            claims[name] = value.clone();
        }
        encode(&header, &claims, key).unwrap()
    }

    #[tokio::test]
    async fn only_good_tokens_of_the_issuer_for_us() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let keys = JwkSet { keys: vec![public(KEY, "one")] };
        file.write_all(&serde_json::to_vec(&keys).unwrap()).unwrap();
        let jwt = Jwt::new(JwtSettings {
            issuer: "https://issuer".into(),
            audience: vec!["mlgate".into(), "other".into()],
            keys: KeySource::File(file.path().to_owned()),
            user_claim: "sub".into(),
            roles_claim: "roles".into(),
        })
        .unwrap();
        let verify = async |token: String| jwt.verify(&Secret::from(token)).await;
        let key = private(KEY);
        let now = get_current_timestamp();
        let bob = Some(("bob".to_owned(), vec!["a".to_owned(), "b".to_owned()]));
        for (id, changed) in [
            (Some("one"), json!({})),
            (None, json!({})),
            (Some("one"), json!({"aud": ["x", "other"]})),
            (Some("one"), json!({"exp": now - 5})),
        ] {
            assert_eq!(verify(token(&key, Algorithm::ES256, id, &changed)).await, bob, "{changed}");
        }
        for (id, changed) in [
            (Some("two"), json!({})),
            (Some("one"), json!({"iss": "https://other"})),
            (Some("one"), json!({"iss": null})),
            (Some("one"), json!({"aud": "me"})),
            (Some("one"), json!({"aud": null})),
            (Some("one"), json!({"exp": now - 120})),
            (Some("one"), json!({"exp": null})),
            (Some("one"), json!({"nbf": now + 120})),
            (Some("one"), json!({"sub": null})),
            (Some("one"), json!({"sub": 1})),
            (Some("one"), json!({"roles": 1})),
            (Some("one"), json!({"roles": ["a", 1]})),
        ] {
            assert_eq!(verify(token(&key, Algorithm::ES256, id, &changed)).await, None, "{id:?} {changed}");
        }
        assert_eq!(verify(token(&private(OTHER_KEY), Algorithm::ES256, Some("one"), &json!({}))).await, None);
        // The public key as the secret of a symmetric algorithm, and no signature at all.
        let secret = EncodingKey::from_secret(&serde_json::to_vec(&public(KEY, "one")).unwrap());
        assert_eq!(verify(token(&secret, Algorithm::HS256, Some("one"), &json!({}))).await, None);
        let good = token(&key, Algorithm::ES256, Some("one"), &json!({}));
        let claims = good.split('.').nth(1).unwrap();
        for bad in [
            String::new(),
            "a.b.c".into(),
            format!("eyJhbGciOiJub25lIn0.{claims}."),
            good[..good.len() - 4].to_owned(),
            format!("{good}."),
        ] {
            assert_eq!(verify(bad.clone()).await, None, "{bad}");
        }
    }
    /// Keys of a URL are fetched when they are needed, and an unknown key leads to no second fetch at once.
    #[tokio::test]
    async fn keys_at_a_url() {
        let fetches = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&fetches);
        let keys = serde_json::to_string(&JwkSet { keys: vec![public(KEY, "one")] }).unwrap();
        let app = axum::Router::new().fallback(move |uri: http::Uri| {
            counted.fetch_add(1, Ordering::SeqCst);
            let answer = if uri.path() == "/a/keys.json" { keys.clone() } else { String::new() };
            async move { answer }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let jwt = |path: &str| {
            Jwt::new(JwtSettings {
                issuer: "https://issuer".into(),
                audience: vec!["mlgate".into()],
                keys: KeySource::Url(format!("http://{address}{path}").parse().unwrap()),
                user_claim: "sub".into(),
                roles_claim: "roles".into(),
            })
            .unwrap()
        };
        let good = jwt("/a/keys.json");
        for (id, known) in [("one", true), ("one", true), ("two", false), ("two", false)] {
            let token = token(&private(KEY), Algorithm::ES256, Some(id), &json!({}));
            assert_eq!(good.verify(&Secret::from(token)).await.is_some(), known, "{id}");
        }
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
        let token = token(&private(KEY), Algorithm::ES256, Some("one"), &json!({}));
        assert!(jwt("/elsewhere").verify(&Secret::from(token)).await.is_none());
    }
}
