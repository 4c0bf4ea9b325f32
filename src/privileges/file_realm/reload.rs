//! Takes changed files while running. They are looked at every few seconds, as that works on every kind of file system;
//! what cannot be read is said, and what was read before stays.

use std::{path::Path, sync::Arc, time::Duration};

use sha2::{Digest as _, Sha256};

use super::{FileRealm, State};

/// Time between two looks.
const INTERVAL: Duration = Duration::from_secs(2);

const FILES: [&str; 4] = ["users", "users_roles", "roles.yml", "api_keys.json"];

impl FileRealm {
    /// Looks after the files, for as long as the realm is used.
    pub async fn watch(self: Arc<Self>) {
        let mut seen = digest(&self.files.directory);
        let realm = Arc::downgrade(&self);
        drop(self);
        loop {
            tokio::time::sleep(INTERVAL).await;
            let Some(realm) = realm.upgrade() else { return };
            let now = digest(&realm.files.directory);
            if now != seen {
                // Whatever comes of it: the same files are not read twice.
                seen = now;
                realm.reload();
            }
        }
    }

    /// Reads the files again.
    pub fn reload(&self) {
        match State::read(&self.files) {
            Ok(state) => {
                self.state.store(Arc::new(state));
                tracing::info!(folder = %self.files.directory.display(), "the realm's files were read again");
            }
            Err(error) => tracing::error!("realm: {error:#}; what was read before stays"),
        }
    }
}

fn digest(folder: &Path) -> Vec<u8> {
    let mut digest = Sha256::new();
    for name in FILES {
        let file = std::fs::read(folder.join(name)).ok();
        digest.update([u8::from(file.is_some())]);
        digest.update(Sha256::digest(file.unwrap_or_default()));
    }
    digest.finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::super::{FileRealm, RealmFiles};

    const HASH: &str = "$2a$04$K5nqkhJON1CCbTqGESoUIOSekzwoBXZp/gLHFUjOu5BUuZ3sfmvWa";

    #[test]
    fn a_broken_file_keeps_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("users", &format!("a:{HASH}\n"));
        let realm = FileRealm::open(RealmFiles { directory: folder.path().to_owned(), jwt: None }).unwrap();
        let has = |user: &str| realm.look_up(user).is_some();
        assert!(has("a") && !has("b"));
        write("users", &format!("b:{HASH}\n"));
        realm.reload();
        assert!(!has("a") && has("b"));
        write("roles.yml", "x: {cluster: 1}\n");
        write("users", "");
        realm.reload();
        assert!(has("b"), "all files together, or none");
        write("roles.yml", "");
        realm.reload();
        assert!(!has("b"));
    }
}
