//! The program itself, started in ways of its own.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

use crate::{
    eventually,
    support::{command::mlgate, store_with_fixtures},
};

/// A running program, and its folder.
pub struct Program {
    pub child: Child,
    pub folder: tempfile::TempDir,
}

/// `mlgate serve` on a store with all fixtures, for everyone; `wrap` may start it through another program.
pub fn start(configuration: &str, wrap: impl FnOnce(&Path, &Command) -> Command) -> Program {
    let (store, folder) = store_with_fixtures();
    start_in(folder, &format!("store = '{}'\nunsafe_open_to_all = true\n{configuration}", store.display()), wrap)
}

/// `mlgate serve` with a configuration.
pub fn start_in(folder: tempfile::TempDir, text: &str, wrap: impl FnOnce(&Path, &Command) -> Command) -> Program {
    std::fs::write(folder.path().join("mlgate.toml"), text).unwrap();
    let mut plain = mlgate();
    plain.arg("--config").arg(folder.path().join("mlgate.toml")).arg("serve");
    let mut command = wrap(folder.path(), &plain);
    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    command.env("NO_COLOR", "1").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    Program { child: command.spawn().unwrap(), folder }
}

/// The same program with nothing around it.
pub fn plainly(_: &Path, plain: &Command) -> Command {
    around("env", &[], plain)
}

/// Another program that starts it.
pub fn around(program: &str, arguments: &[&str], plain: &Command) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).arg(plain.get_program()).args(plain.get_args());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

// === impl Program ===

impl Program {
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Waits for it to listen: where.
    pub fn address(&self) -> SocketAddr {
        let mut found = None;
        eventually("it listens", || {
            let log = self.log();
            found = log
                .lines()
                .find(|line| line.contains("listening"))
                .and_then(|line| line.rsplit("address=").next()?.split_whitespace().next()?.parse().ok());
            found.is_some()
        });
        found.unwrap()
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Waits for its end.
    pub fn end(&mut self) -> ExitStatus {
        let mut status = None;
        eventually("it ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
