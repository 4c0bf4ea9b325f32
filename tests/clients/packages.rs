//! The official clients, installed once from `PyPI` and npm.

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use serde_json::Value;

use crate::support::root;

/// A client of one major version.
pub struct Package {
    pub name: &'static str,
    pub major: u8,
    language: Language,
    /// What its installer is told.
    requirements: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    Python,
    JavaScript,
}

use Language::{JavaScript, Python};

/// All of them.
pub const PACKAGES: [Package; 8] = [
    package("python-5", 5, Python, &["elasticsearch==5.5.3", "elasticsearch-xpack==5.4.0", "urllib3<3"]),
    package("python-6", 6, Python, &["elasticsearch==6.8.2", "urllib3<3"]),
    package("python-7", 7, Python, &["elasticsearch==7.17.12"]),
    package("python-8", 8, Python, &["elasticsearch==8.19.2"]),
    package("python-9", 9, Python, &["elasticsearch==9.5.1"]),
    package("javascript-7", 7, JavaScript, &["@elastic/elasticsearch@7.17.14"]),
    package("javascript-8", 8, JavaScript, &["@elastic/elasticsearch@8.19.1"]),
    package("javascript-9", 9, JavaScript, &["@elastic/elasticsearch@9.4.3"]),
];

const fn package(name: &'static str, major: u8, language: Language, requirements: &'static [&'static str]) -> Package {
    Package { name, major, language, requirements }
}

// === impl Package ===

impl Package {
    fn folder(&self) -> PathBuf {
        root().join("target/clients").join(self.name)
    }

    /// Installs it, unless it is there. Where that cannot be it is said loudly, or fails with `MLGATE_REQUIRE_CLIENTS`.
    pub fn install(&self) -> bool {
        let done = self.folder().join(".installed");
        let wanted = self.requirements.join(" ");
        if std::fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) {
            return true;
        }
        let folder = self.folder();
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let mut installer = match self.language {
            Python => {
                let mut pip = Command::new("python3");
                pip.args(["-m", "pip", "install", "-q", "--disable-pip-version-check", "--target"]);
                pip
            }
            JavaScript => {
                let mut npm = Command::new("npm");
                npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]);
                npm
            }
        };
        let output = installer.arg(&folder).args(self.requirements).output();
        if output.as_ref().is_ok_and(|output| output.status.success()) {
            std::fs::write(done, wanted).unwrap();
            return true;
        }
        assert!(std::env::var_os("MLGATE_REQUIRE_CLIENTS").is_none(), "{installer:?}: {output:?}");
        eprintln!("\n*** SKIPPED: {} cannot be installed here: {output:?}\n", self.name);
        false
    }

    /// What its installer is told of the client.
    pub fn requirement(&self) -> &'static str {
        self.requirements[0]
    }

    /// Python with the client, to run a text.
    pub fn python(&self, text: &str) -> Command {
        let mut python = Command::new("python3");
        python.env("PYTHONPATH", self.folder()).args(["-W", "ignore", "-c", text]);
        python
    }

    /// Lets the client do what is asked of it, and reads what it says.
    pub fn run(&self, asked: &Value) -> Value {
        let program = root().join("tests/clients");
        let mut command = match self.language {
            Python => {
                let mut python = Command::new("python3");
                python.env("PYTHONPATH", self.folder()).args(["-W", "ignore"]).arg(program.join("client.py"));
                python
            }
            JavaScript => {
                let mut node = Command::new("node");
                // A program finds packages beside itself.
                let copy = self.folder().join("client.js");
                std::fs::copy(program.join("client.js"), &copy).unwrap();
                node.arg(copy);
                node
            }
        };
        let Output { status, stdout, stderr } = command.arg(asked.to_string()).output().unwrap();
        let said = String::from_utf8_lossy(&stderr);
        assert!(status.success(), "{}: {said}", self.name);
        serde_json::from_slice(&stdout).unwrap_or_else(|_| panic!("{}: {said}", self.name))
    }
}
