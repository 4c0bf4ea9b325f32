//! Users, roles and API keys in files of Elasticsearch's own formats, for clusters without security and for the embedded store.
//!
//! One folder holds `users`, `users_roles` and `roles.yml`, each as Elasticsearch has it in its `config` folder. A file that is
//! missing is an empty one. What cannot be read stops the start, with the file and the line; later, what was read before stays.

pub mod api_keys;
mod authorization;
mod builtin;
mod grants;
mod identity;
pub mod jwt;
mod password;
mod reload;
mod roles;
mod users;
mod verify;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, ensure};
use arc_swap::ArcSwap;
use jiff::Timestamp;

pub use self::identity::Identity;
use self::{
    api_keys::ApiKeys,
    authorization::Credentials,
    jwt::{Jwt, JwtSettings},
    password::PasswordHash,
    roles::Roles,
    users::Users,
    verify::{Comparer, Verified},
};
use crate::secret::Secret;

/// A file of more than this is none of ours.
const LARGEST_FILE: u64 = 16 << 20;
/// What nobody's password is compared with where there are no users: of Elasticsearch's default cost, and of no known password.
const NOBODY: &str = "$2a$10$ySWUOE/JOizUf/BApsO9o.YHLIwCa0I6uOPhxl9w2JSfCqnzwG5uy";

/// Where the realm is.
#[derive(Debug, Clone)]
pub struct RealmFiles {
    /// The folder with `users`, `users_roles`, `roles.yml`, `api_keys.json`.
    pub directory: PathBuf,
    /// Whose tokens are taken, if any.
    pub jwt: Option<JwtSettings>,
}

/// Recognises callers by files.
#[derive(Debug)]
pub struct FileRealm {
    files: RealmFiles,
    state: ArcSwap<State>,
    comparer: Comparer,
    jwt: Option<Jwt>,
}

/// What the files say, all read together.
#[derive(Debug)]
struct State {
    users: Users,
    roles: Roles,
    api_keys: ApiKeys,
    /// What passwords of unknown users are compared with, so that they take as long as those of others.
    nobody: Arc<PasswordHash>,
    verified: Verified,
}

/// Why a caller is not recognised. [`Unauthenticated::reason`] is what Elasticsearch says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unauthenticated {
    /// There are none, or of a scheme that is unknown.
    NoCredentials,
    /// The user is unknown or the password wrong.
    User { user: String },
    /// The value of `Basic` is no base64; the cause is an `illegal_argument_exception`.
    BasicEncoding { cause: String },
    /// The value of `Basic` has no colon.
    BasicValue,
    /// The API key was refused.
    ApiKey { reason: String },
    /// The bearer token was refused; why is in the log only.
    Bearer,
}

// === impl FileRealm ===

impl FileRealm {
    /// Reads the files.
    ///
    /// # Errors
    /// Which file and which line cannot be read, and why.
    pub fn open(files: RealmFiles) -> anyhow::Result<Self> {
        let directory = &files.directory;
        ensure!(directory.is_dir(), "{}: no such folder", directory.display());
        let state = ArcSwap::from_pointee(State::read(&files)?);
        let jwt = files.jwt.clone().map(Jwt::new).transpose()?;
        Ok(Self { files, state, comparer: Comparer::new(), jwt })
    }

    /// Recognises a caller by the value of the `Authorization` header.
    ///
    /// # Errors
    /// Why not.
    pub async fn authenticate(&self, authorization: Option<&str>) -> Result<Identity, Unauthenticated> {
        let credentials = Credentials::read(authorization)?;
        let state = self.state.load_full();
        match credentials {
            Credentials::Basic { user, password } => self.by_password(&state, user, password).await,
            Credentials::ApiKey { id, key } => {
                let (owner, limit) = state.api_keys.verify(&id, &key, Timestamp::now())?;
                // A key ends with its owner.
                if state.users.hash(owner).is_none() {
                    return Err(Unauthenticated::ApiKey { reason: format!("unable to find apikey with id {id}") });
                }
                let identity = Identity::new(owner.to_owned(), "_es_api_key", state.users.roles(owner), &state.roles);
                Ok(identity.by_api_key(id, limit))
            }
            Credentials::Bearer(token) => {
                let jwt = self.jwt.as_ref().ok_or(Unauthenticated::Bearer)?;
                let (user, roles) = jwt.verify(&token).await.ok_or(Unauthenticated::Bearer)?;
                Ok(Identity::new(user, "jwt", &roles, &state.roles))
            }
        }
    }

    /// What a user may who has not shown a password; for those who run mlgate, never for a request.
    #[must_use]
    pub fn look_up(&self, user: &str) -> Option<Identity> {
        let state = self.state.load_full();
        state.users.hash(user)?;
        Some(Identity::new(user.to_owned(), "file", state.users.roles(user), &state.roles))
    }

    async fn by_password(&self, state: &State, user: String, password: Secret) -> Result<Identity, Unauthenticated> {
        let known = state.users.hash(&user);
        if known.is_none() || !state.verified.remembers(&user, &password) {
            let hash = Arc::clone(known.unwrap_or(&state.nobody));
            let right = self.comparer.compare(hash, password.clone()).await;
            if !right || known.is_none() {
                return Err(Unauthenticated::User { user });
            }
            state.verified.remember(&user, &password);
        }
        let roles = state.users.roles(&user);
        Ok(Identity::new(user.clone(), "file", roles, &state.roles))
    }
}

// === impl State ===

impl State {
    fn read(files: &RealmFiles) -> anyhow::Result<Self> {
        let users = Users::read(&files.directory)?;
        let roles = Roles::read(&files.directory)?;
        let api_keys = ApiKeys::read(&files.directory)?;
        for user in users.unknown() {
            tracing::warn!(user, "is in users_roles but not in users");
        }
        let nobody = match users.slowest() {
            Some(hash) => Arc::clone(hash),
            None => Arc::new(PasswordHash::parse(NOBODY)?),
        };
        Ok(Self { users, roles, api_keys, nobody, verified: Verified::new()? })
    }
}

// === impl Unauthenticated ===

impl Unauthenticated {
    /// The reason of the `security_exception`; `uri` is the target as it was sent.
    #[must_use]
    pub fn reason(&self, uri: &str) -> String {
        match self {
            Self::NoCredentials => format!("missing authentication credentials for REST request [{uri}]"),
            Self::User { user } => format!("unable to authenticate user [{user}] for REST request [{uri}]"),
            Self::BasicEncoding { .. } => "invalid basic authentication header encoding".into(),
            Self::BasicValue => "invalid basic authentication header value".into(),
            Self::ApiKey { .. } | Self::Bearer => {
                "unable to authenticate with provided credentials and anonymous access is not allowed for this request"
                    .into()
            }
        }
    }

    /// `additional_unsuccessful_credentials` of the exception.
    #[must_use]
    pub fn additional(&self) -> Option<String> {
        match self {
            Self::ApiKey { reason } => Some(format!("API key: {reason}")),
            Self::Bearer => Some("oauth2 token: invalid token".into()),
            _ => None,
        }
    }

    /// The reason of the `illegal_argument_exception` that caused it.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        match self {
            Self::BasicEncoding { cause } => Some(cause),
            _ => None,
        }
    }
}

/// The text of a file; empty where there is none.
fn read(path: &Path) -> anyhow::Result<String> {
    let read = || -> anyhow::Result<String> {
        match std::fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
            metadata => ensure!(metadata?.len() <= LARGEST_FILE, "larger than {LARGEST_FILE} bytes"),
        }
        Ok(std::fs::read_to_string(path)?)
    };
    read().with_context(|| path.display().to_string())
}
