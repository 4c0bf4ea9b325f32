//! API keys: made by `mlgate api-key`, kept in `api_keys.json` beside the users. A key may what its owner may, and no more
//! than its own role descriptors say.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail, ensure};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{
    Unauthenticated,
    roles::{Descriptor, Role},
};
use crate::secret::Secret;

/// The file in the realm's folder.
const FILE: &str = "api_keys.json";
/// Random bytes of an id, and of a key: too many to be guessed, so that a plain hash keeps the key.
const ID_BYTES: usize = 15;
const KEY_BYTES: usize = 24;

/// The roles that a key is limited to, if it is.
pub(super) type Limit = Option<Vec<Arc<Role>>>;

/// The keys of a realm.
#[derive(Debug, Default)]
pub struct ApiKeys {
    keys: BTreeMap<String, ApiKey>,
    /// What keys with role descriptors are limited to.
    limits: BTreeMap<String, Vec<Arc<Role>>>,
}

/// A key, without the key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    pub id: String,
    pub name: String,
    /// The user who owns it.
    pub owner: String,
    /// RFC 3339.
    pub creation: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration: Option<Timestamp>,
    #[serde(default)]
    pub invalidated: bool,
    /// Roles as in `roles.yml`, by name. Where there are none the key may all that its owner may.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub role_descriptors: serde_json::Map<String, Value>,
    /// SHA-256 of the key, in base64.
    hash: String,
}

/// A key that was just made: the one time that it can be seen.
#[derive(Serialize)]
pub struct NewApiKey {
    pub id: String,
    pub name: String,
    /// Epoch milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration: Option<i64>,
    pub api_key: String,
    /// What stands behind `ApiKey` in the header.
    pub encoded: String,
}

// === impl ApiKeys ===

impl ApiKeys {
    /// Reads the keys of a folder.
    ///
    /// # Errors
    /// Where the file is not one of keys.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(FILE);
        let text = super::read(&path)?;
        if text.is_empty() {
            return Ok(Self::default());
        }
        let list: Vec<ApiKey> = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        let mut keys = Self::default();
        for key in list {
            if !key.role_descriptors.is_empty() {
                let limit = key.limit().with_context(|| format!("{}: key [{}]", path.display(), key.id))?;
                keys.limits.insert(key.id.clone(), limit);
            }
            keys.keys.insert(key.id.clone(), key);
        }
        Ok(keys)
    }

    /// The keys, by id.
    pub fn iter(&self) -> impl Iterator<Item = &ApiKey> {
        self.keys.values()
    }

    /// The owner of the key `id` and what the key is limited to.
    pub(super) fn verify(&self, id: &str, secret: &Secret, now: Timestamp) -> Result<(&str, Limit), Unauthenticated> {
        let refused = |reason: String| Err(Unauthenticated::ApiKey { reason });
        let Some(key) = self.keys.get(id) else { return refused(format!("unable to find apikey with id {id}")) };
        if key.invalidated {
            return refused(format!("api key [{id}] has been invalidated"));
        }
        if !bool::from(hash(secret).as_bytes().ct_eq(key.hash.as_bytes())) {
            return refused(format!("invalid credentials for API key [{id}]"));
        }
        if key.expiration.is_some_and(|expiration| expiration <= now) {
            return refused("api key is expired".into());
        }
        Ok((&key.owner, self.limits.get(id).cloned()))
    }
}

// === impl ApiKey ===

impl ApiKey {
    fn limit(&self) -> anyhow::Result<Vec<Arc<Role>>> {
        self.role_descriptors
            .iter()
            .map(|(name, written)| {
                let descriptor: Descriptor = serde_json::from_value(written.clone())?;
                Ok(Arc::new(Role::new(name, &descriptor)?))
            })
            .collect()
    }
}

fn hash(secret: &Secret) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(secret.expose()))
}

// === what `mlgate api-key` does ===

/// Makes a key for a user.
///
/// # Errors
/// Where the role descriptors are none, or the file cannot be changed.
pub fn create(
    folder: &Path,
    name: &str,
    owner: &str,
    expiration: Option<Timestamp>,
    role_descriptors: serde_json::Map<String, Value>,
) -> anyhow::Result<NewApiKey> {
    ensure!(!name.trim().is_empty(), "the name of a key may not be empty");
    let (id, secret) = (random(ID_BYTES)?, random(KEY_BYTES)?);
    let api_key = ApiKey {
        id: id.clone(),
        name: name.to_owned(),
        owner: owner.to_owned(),
        creation: Timestamp::now(),
        expiration,
        invalidated: false,
        role_descriptors,
        hash: hash(&Secret::from(secret.clone())),
    };
    api_key.limit().context("role descriptors")?;
    change(folder, |keys| {
        keys.push(api_key);
        Ok(())
    })?;
    let encoded = base64::prelude::BASE64_STANDARD.encode(format!("{id}:{secret}"));
    Ok(NewApiKey {
        id,
        name: name.to_owned(),
        expiration: expiration.map(Timestamp::as_millisecond),
        api_key: secret,
        encoded,
    })
}

/// Invalidates a key, for good.
///
/// # Errors
/// Where there is no such key, or the file cannot be changed.
pub fn invalidate(folder: &Path, id: &str) -> anyhow::Result<()> {
    change(folder, |keys| match keys.iter_mut().find(|key| key.id == id) {
        Some(key) => {
            key.invalidated = true;
            Ok(())
        }
        None => bail!("there is no API key [{id}]"),
    })
}

/// Changes the file as one: others wait, and whoever reads meanwhile sees the old one.
fn change(folder: &Path, edit: impl FnOnce(&mut Vec<ApiKey>) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let path: PathBuf = folder.join(FILE);
    let at = || path.display().to_string();
    let lock = File::create(folder.join(".api_keys.lock")).with_context(at)?;
    lock.lock().with_context(at)?;
    let mut keys: Vec<ApiKey> = ApiKeys::read(folder)?.keys.into_values().collect();
    edit(&mut keys)?;
    // Readable by its owner alone, as temporary files are.
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(at)?;
    serde_json::to_writer_pretty(&mut file, &keys)?;
    file.write_all(b"\n").with_context(at)?;
    file.as_file().sync_all().with_context(at)?;
    file.persist(&path).with_context(at)?;
    Ok(())
}

fn random(bytes: usize) -> anyhow::Result<String> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(random))
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{ApiKeys, create, invalidate};
    use crate::secret::Secret;

    #[test]
    fn made_used_and_invalidated() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::now();
        let soon = now + SignedDuration::from_hours(1);
        let one = create(folder.path(), "one", "bob", Some(soon), serde_json::Map::new()).unwrap();
        let limit = serde_json::json!({"x": {"cluster": ["monitor_ml"]}}).as_object().unwrap().clone();
        let two = create(folder.path(), "two", "bob", None, limit).unwrap();
        let reason = |id: &str, key: &str, now: Timestamp| {
            let keys = ApiKeys::read(folder.path()).unwrap();
            keys.verify(id, &Secret::from(key.to_owned()), now).err().and_then(|refused| refused.additional())
        };
        assert_eq!(reason(&one.id, &one.api_key, now), None);
        assert_eq!(reason(&two.id, &two.api_key, now), None);
        assert_eq!(reason(&one.id, &one.api_key, soon).unwrap(), "API key: api key is expired");
        let wrong = format!("API key: invalid credentials for API key [{}]", one.id);
        assert_eq!(reason(&one.id, &two.api_key, now).unwrap(), wrong);
        assert_eq!(reason("x", "y", now).unwrap(), "API key: unable to find apikey with id x");
        invalidate(folder.path(), &one.id).unwrap();
        let invalidated = format!("API key: api key [{}] has been invalidated", one.id);
        assert_eq!(reason(&one.id, &one.api_key, now).unwrap(), invalidated);
        assert!(invalidate(folder.path(), "x").is_err());
        let text = std::fs::read_to_string(folder.path().join("api_keys.json")).unwrap();
        assert!(!text.contains(&one.api_key) && !text.contains(&two.api_key));
        #[cfg(unix)]
        {
            let mode = std::fs::metadata(folder.path().join("api_keys.json")).unwrap().permissions();
            assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["{}", "[{}]", "[", "[{\"id\":1}]"] {
            std::fs::write(folder.path().join("api_keys.json"), text).unwrap();
            assert!(ApiKeys::read(folder.path()).is_err(), "{text}");
        }
    }
}
