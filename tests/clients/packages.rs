//! The official clients, installed once from `PyPI` and npm.

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use serde_json::Value;

use crate::support::{
    install::Installer::{self, Npm, Pip},
    root,
};

/// A client of one major version.
pub struct Package {
    pub name: &'static str,
    pub major: u8,
    installer: Installer,
    /// What its installer is told.
    requirements: &'static [&'static str],
}

/// All of them.
pub const PACKAGES: [Package; 8] = [
    package("python-5", 5, Pip, &["elasticsearch==5.5.3", "elasticsearch-xpack==5.4.0", "urllib3<3"]),
    package("python-6", 6, Pip, &["elasticsearch==6.8.2", "urllib3<3"]),
    package("python-7", 7, Pip, &["elasticsearch==7.17.12"]),
    package("python-8", 8, Pip, &["elasticsearch==8.19.2"]),
    package("python-9", 9, Pip, &["elasticsearch==9.5.1"]),
    package("javascript-7", 7, Npm, &["@elastic/elasticsearch@7.17.14"]),
    package("javascript-8", 8, Npm, &["@elastic/elasticsearch@8.19.1"]),
    package("javascript-9", 9, Npm, &["@elastic/elasticsearch@9.4.3"]),
];

const fn package(
    name: &'static str,
    major: u8,
    installer: Installer,
    requirements: &'static [&'static str],
) -> Package {
    Package { name, major, installer, requirements }
}

// === impl Package ===

impl Package {
    /// Within the build's folder.
    fn path(&self) -> String {
        format!("clients/{}", self.name)
    }

    fn folder(&self) -> PathBuf {
        root().join("target").join(self.path())
    }

    /// Whether it can be installed here.
    pub fn install(&self) -> bool {
        self.installer.install(&self.path(), self.requirements).is_some()
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
        let mut command = if self.installer == Pip {
            let mut python = Command::new("python3");
            python.env("PYTHONPATH", self.folder()).args(["-W", "ignore"]).arg(program.join("client.py"));
            python
        } else {
            let mut node = Command::new("node");
            // A program finds packages beside itself.
            let copy = self.folder().join("client.js");
            std::fs::copy(program.join("client.js"), &copy).unwrap();
            node.arg(copy);
            node
        };
        let Output { status, stdout, stderr } = command.arg(asked.to_string()).output().unwrap();
        let said = String::from_utf8_lossy(&stderr);
        assert!(status.success(), "{}: {said}", self.name);
        serde_json::from_slice(&stdout).unwrap_or_else(|_| panic!("{}: {said}", self.name))
    }
}
