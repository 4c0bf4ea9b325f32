//! Where it listens: a unix socket, and what a service manager passes.

use std::{
    io::{Read as _, Write as _},
    os::unix::{
        fs::PermissionsExt as _,
        net::{UnixDatagram, UnixListener, UnixStream},
    },
    path::Path,
    time::Duration,
};

use crate::{BUCKETS, assert_healthy, eventually, program, support::parse};

/// Does as systemd does: a socket as descriptor 3, and the environment that says so.
const PASS: &str = r#"
import os, socket, sys
if sys.argv[1] == "unix":
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[2])
else:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
listener.listen(64)
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[3], sys.argv[3:])
"#;

fn assert_healthy_at(path: &Path) {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(crate::PATIENCE)).unwrap();
    let request = format!("GET {BUCKETS}?size=1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    assert_eq!(parse(&reply).unwrap().status, 200);
}

#[test]
fn a_unix_socket() {
    let sockets = tempfile::tempdir().unwrap();
    let path = sockets.path().join("mlgate.sock");
    // Left over from a program that was killed.
    drop(UnixListener::bind(&path).unwrap());
    let configuration = format!("listen = 'unix:{}'\nlisten_mode = '0600'\n", path.display());
    let mut program = program::start(&configuration, program::plainly);
    eventually("it listens", || program.log().contains("listening"));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_healthy_at(&path);

    // It is not taken from a program that lives.
    let mut second = program::start(&configuration, program::plainly);
    assert!(!second.end().success());
    assert!(second.log().contains(&format!("listen: unix:{}: another program listens there", path.display())));
    assert_healthy_at(&path);

    program.signal("TERM");
    assert!(program.end().success());
    assert_eq!(std::fs::read_dir(sockets.path()).unwrap().count(), 0, "nothing is left");

    std::fs::write(&path, "precious").unwrap();
    let mut third = program::start(&configuration, program::plainly);
    assert!(!third.end().success());
    assert!(third.log().contains("there is a file that is no socket"), "{}", third.log());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn sockets_that_are_passed() {
    let passed =
        program::start("listen = 'systemd'\n", |_, plain| program::around("python3", &["-c", PASS, "tcp", ""], plain));
    assert_healthy(passed.address());

    let sockets = tempfile::tempdir().unwrap();
    let path = sockets.path().join("passed.sock");
    let unix = path.to_str().unwrap().to_owned();
    let mut passed = program::start("listen = 'systemd'\n", |_, plain| {
        program::around("python3", &["-c", PASS, "unix", &unix], plain)
    });
    eventually("it listens", || passed.log().contains("listening"));
    assert_healthy_at(&path);
    passed.signal("TERM");
    assert!(passed.end().success());
    assert!(path.exists(), "who made it takes it away");

    let mut alone = program::start("listen = 'systemd'\n", program::plainly);
    assert!(!alone.end().success());
    assert!(alone.log().contains("listen: systemd: no socket was passed"), "{}", alone.log());
}

/// What systemd passes is looked at as any other address.
#[test]
fn everyone_is_not_let_in_from_elsewhere() {
    let script = PASS.replace("127.0.0.1", "0.0.0.0");
    let mut open = program::start("listen = 'systemd'\n", |_, plain| {
        program::around("python3", &["-c", &script, "tcp", ""], plain)
    });
    assert!(!open.end().success());
    assert!(open.log().contains("is not a loopback address"), "{}", open.log());
}

#[test]
fn the_service_manager_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut program = program::start("listen = '127.0.0.1:0'\n", |_, plain| {
        let mut command = program::around("env", &[], plain);
        command.env("NOTIFY_SOCKET", &path);
        command
    });
    let mut told = [0; 100];
    let length = manager.recv(&mut told).unwrap();
    assert_eq!(&told[..length], b"READY=1\n");
    assert_healthy(program.address());
    program.signal("TERM");
    let length = manager.recv(&mut told).unwrap();
    assert_eq!(&told[..length], b"STOPPING=1\n");
    assert!(program.end().success());
}
