//! Programs and packages of others, installed once into the build's folder.

use std::{
    path::PathBuf,
    process::Command,
    sync::{Mutex, PoisonError},
};

use super::root;

/// Who installs, and from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Installer {
    Pip,
    Npm,
    Go,
}

// === impl Installer ===

impl Installer {
    /// Installs what is wanted into `target/NAME`, unless it is there, and gives that folder. `None`, said loudly, where that
    /// cannot be; with `MLGATE_REQUIRE_CLIENTS` (of Go, `MLGATE_REQUIRE_CLUSTER`) it is a failure.
    pub fn install(self, name: &str, wanted: &[&str]) -> Option<PathBuf> {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = root().join("target").join(name);
        let (done, versions) = (folder.join(".installed"), wanted.join(" "));
        if std::fs::read_to_string(&done).is_ok_and(|installed| installed == versions) {
            return Some(folder);
        }
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let mut command = match self {
            Self::Pip => {
                let mut pip = Command::new("python3");
                pip.args(["-m", "pip", "install", "-q", "--disable-pip-version-check", "--target"]).arg(&folder);
                pip
            }
            Self::Npm => {
                let mut npm = Command::new("npm");
                npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]).arg(&folder);
                npm
            }
            Self::Go => {
                let mut go = Command::new("go");
                go.arg("install").env("GOBIN", &folder);
                go
            }
        };
        let output = command.args(wanted).output();
        if output.as_ref().is_ok_and(|output| output.status.success()) {
            std::fs::write(done, versions).unwrap();
            return Some(folder);
        }
        let required = if self == Self::Go { "MLGATE_REQUIRE_CLUSTER" } else { "MLGATE_REQUIRE_CLIENTS" };
        assert!(std::env::var_os(required).is_none(), "{command:?}: {output:?}");
        eprintln!("\n*** SKIPPED: {name} cannot be installed here: {output:?}\n");
        None
    }
}
