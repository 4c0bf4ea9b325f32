//! The program as who runs it sees it: its log in JSON, its admin listener, its signals.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{Reply, command::mlgate, send};

/// Longest time for something that is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// `mlgate serve`, with an admin listener and a log in JSON.
pub struct Operated {
    pub address: SocketAddr,
    pub admin: SocketAddr,
    child: Child,
    folder: tempfile::TempDir,
}

// === impl Operated ===

impl Operated {
    /// Starts it with further lines of configuration. `FOLDER` in them is a folder of its own.
    pub fn start(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = mlgate();
        command.env_remove("RUST_LOG");
        Self::start_in(folder, configuration, &mut command)
    }

    /// As [`Operated::start`], where the folder and the environment are made before.
    pub fn start_in(folder: tempfile::TempDir, configuration: &str, command: &mut Command) -> Self {
        configure(folder.path(), configuration);
        let mut child = command
            .arg("--config")
            .arg(folder.path().join("mlgate.toml"))
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let (address, admin) = within("it listens", || {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("mlgate ended with {status}: {}", std::fs::read_to_string(folder.path().join("log")).unwrap());
            }
            let lines = lines(folder.path());
            let at = |message: &str| {
                let line =
                    lines.iter().find(|line| line["message"].as_str().is_some_and(|m| m.starts_with(message)))?;
                Some(line["address"].as_str()?.parse().unwrap())
            };
            Some((at("listening")?, at("health, metrics")?))
        });
        Self { address, admin, child, folder }
    }

    /// Changes the configuration's file.
    pub fn configure(&self, configuration: &str) {
        configure(self.folder.path(), configuration);
    }

    /// A file in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Asks the admin listener.
    pub fn look(&self, target: &str) -> Reply {
        send(self.admin, "GET", target, &[], None)
    }

    /// All numbers whose line begins so, added up.
    pub fn metric(&self, start: &str) -> f64 {
        let text = self.look("/metrics").body;
        text.lines()
            .filter(|line| line.starts_with(start))
            .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
            .sum()
    }

    /// The log, every line of which is a JSON object.
    pub fn log(&self) -> Vec<Value> {
        lines(self.folder.path())
    }

    /// The log as it stands in the file.
    pub fn log_text(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap()
    }

    /// The lines of requests.
    pub fn requests(&self) -> Vec<Value> {
        self.log().into_iter().filter(|line| line["target"] == "mlgate::request").collect()
    }

    /// Waits for a line of the log.
    pub fn wait_for(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        within(what, || self.log().into_iter().find(|line| is(line)))
    }

    /// Sends a signal, by its name.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// Sends SIGHUP, and waits until it was heard.
    pub fn reload(&self) {
        let done = || self.log().iter().filter(|line| line["message"] == "SIGHUP: done").count();
        let before = done();
        self.signal("HUP");
        within("SIGHUP is heard", || (done() > before).then_some(()));
    }

    /// Waits for the end.
    pub fn ended(&mut self) -> ExitStatus {
        within("it ends", || self.child.try_wait().unwrap())
    }
}

impl Drop for Operated {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tries until there is something.
pub fn within<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn configure(folder: &Path, configuration: &str) {
    let configuration = configuration.replace("FOLDER", folder.to_str().unwrap());
    let text = format!("listen = '127.0.0.1:0'\nadmin_listen = '127.0.0.1:0'\nlog_format = 'json'\n{configuration}");
    std::fs::write(folder.join("mlgate.toml"), text).unwrap();
}

/// The whole lines of the log.
fn lines(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("log")).unwrap();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}
