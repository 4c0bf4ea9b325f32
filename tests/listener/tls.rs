//! TLS: versions, kinds of keys, certificates that change, certificates of clients. The other side is openssl's, as this
//! one is not.

use std::{
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::{
    BUCKETS, connect, eventually, program, rest,
    support::{start_with, store_with_fixtures},
};

type Ca = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Ca {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Writes a certificate for `name` and its key as `FILE.pem` and `FILE.key`.
fn issue(ca: &Ca, name: &str, folder: &Path, file: &str) -> (PathBuf, PathBuf) {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, ca).unwrap();
    let paths = (folder.join(format!("{file}.pem")), folder.join(format!("{file}.key")));
    std::fs::write(&paths.0, certificate.pem()).unwrap();
    std::fs::write(&paths.1, key.serialize_pem()).unwrap();
    paths
}

/// A store for everyone behind TLS, its folder, and the authority that signed `server.pem`.
struct Site {
    folder: tempfile::TempDir,
    configuration: String,
    ca: Ca,
}

fn site() -> Site {
    let (store, folder) = store_with_fixtures();
    let ca = authority("ours");
    let (certificate, key) = issue(&ca, "first", folder.path(), "server");
    std::fs::write(folder.path().join("ca.pem"), ca.pem()).unwrap();
    let configuration = format!(
        "store = '{}'\nunsafe_open_to_all = true\ntls_certificate = '{}'\ntls_key = '{}'\n",
        store.display(),
        certificate.display(),
        key.display()
    );
    Site { folder, configuration, ca }
}

impl Site {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// One request by openssl; what it says of the connection, and the reply.
    fn ask(&self, address: SocketAddr, more: &[&str]) -> String {
        let mut openssl = Command::new("openssl")
            .args(["s_client", "-connect", &address.to_string(), "-servername", "localhost", "-verify_return_error"])
            .args(["-ign_eof", "-CAfile", self.path("ca.pem").to_str().unwrap()])
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let request = format!("GET {BUCKETS}?size=0 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        let _ = openssl.stdin.take().unwrap().write_all(request.as_bytes());
        let Output { stdout, stderr, .. } = openssl.wait_with_output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr))
    }
}

fn answered(said: &str) -> bool {
    said.contains("HTTP/1.1 200 OK") && said.contains("\"buckets\":[]}")
}

#[tokio::test(flavor = "multi_thread")]
async fn versions() {
    let site = site();
    let address = start_with(&site.configuration).await;
    for (version, said_version) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let said = site.ask(address, &[version, "-alpn", "http/1.1"]);
        assert!(answered(&said) && said.contains(said_version) && said.contains("ALPN protocol: http/1.1"), "{said}");
    }
    let said = site.ask(address, &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]);
    assert!(!said.contains("HTTP/1.1") && said.contains("SSL alert number"), "{said}");
    assert_eq!(crate::statuses(&crate::until_closed(address, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")), [0_u16; 0]);
    assert!(answered(&site.ask(address, &[])));
}

/// PKCS#8, SEC1 and PKCS#1.
#[tokio::test(flavor = "multi_thread")]
async fn kinds_of_keys() {
    for (arguments, begins) in [
        (&["ecparam", "-name", "prime256v1", "-genkey", "-noout"][..], "-----BEGIN EC PRIVATE KEY"),
        (&["genrsa", "-traditional", "2048"][..], "-----BEGIN RSA PRIVATE KEY"),
        (&["genpkey", "-algorithm", "ed25519"][..], "-----BEGIN PRIVATE KEY"),
    ] {
        let site = site();
        let (key, certificate) = (site.path("server.key"), site.path("server.pem"));
        let openssl = |arguments: &[&str]| {
            let output = Command::new("openssl").args(arguments).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            output.stdout
        };
        std::fs::write(&key, openssl(arguments)).unwrap();
        assert!(std::fs::read_to_string(&key).unwrap().starts_with(begins));
        let subject = ["-subj", "/CN=localhost", "-out", certificate.to_str().unwrap(), "-days", "1"];
        openssl(&[&["req", "-x509", "-key", key.to_str().unwrap()][..], &subject].concat());
        std::fs::copy(&certificate, site.path("ca.pem")).unwrap();
        let said = site.ask(start_with(&site.configuration).await, &[]);
        assert!(answered(&said), "{begins}: {said}");
    }
}

#[test]
fn wrong_files_are_refused_before_a_port_opens() {
    let site = site();
    let other = issue(&site.ca, "other", site.folder.path(), "other");
    std::fs::write(site.path("empty"), "").unwrap();
    let encrypted = site.path("encrypted.key");
    let pkcs8 = ["pkcs8", "-topk8", "-in", site.path("server.key").to_str().unwrap(), "-passout", "pass:x", "-out"]
        .map(str::to_owned);
    assert!(Command::new("openssl").args(pkcs8).arg(&encrypted).status().unwrap().success());
    let key = site.path("server.key");
    for (from, to, said) in [
        (&key, &other.1, "tls_key: "),
        (&key, &encrypted, "the key is encrypted"),
        (&key, &site.path("empty"), "there is no private key in it"),
        (&key, &site.path("missing"), "No such file"),
        (&site.path("server.pem"), &site.path("empty"), "there is no certificate in it"),
    ] {
        let text = site.configuration.replace(from.to_str().unwrap(), to.to_str().unwrap());
        let mut program = program::start_in(tempfile::tempdir().unwrap(), &text, program::plainly);
        assert!(!program.end().success());
        let log = program.log();
        assert!(
            log.contains(said) && log.contains("mlgate.toml:") && log.contains(": tls_") && !log.contains("listening"),
            "{said}: {log}"
        );
    }
}

#[test]
fn a_changed_certificate_is_taken_and_a_broken_one_is_not() {
    let site = site();
    let text = format!("listen = '127.0.0.1:0'\n{}", site.configuration);
    let program = program::start_in(tempfile::tempdir().unwrap(), &text, program::plainly);
    let address = program.address();
    let shows = |name: &str| {
        let said = site.ask(address, &[]);
        assert!(answered(&said), "{said}");
        said.contains(&format!("subject=CN = {name}"))
    };
    assert!(shows("first"));
    std::fs::write(site.path("server.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n").unwrap();
    eventually("it is said", || program.log().contains("what was read before stays"));
    assert!(program.log().contains("tls_certificate: "), "{}", program.log());
    assert!(shows("first"));
    // A certificate alone does not fit the key that is there.
    let (certificate, key) = issue(&site.ca, "second", site.folder.path(), "new");
    std::fs::copy(certificate, site.path("server.pem")).unwrap();
    eventually("it is said", || program.log().matches("what was read before stays").count() == 2);
    assert!(shows("first"));
    std::fs::copy(key, site.path("server.key")).unwrap();
    eventually("both are taken", || shows("second"));
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_of_clients() {
    let site = site();
    let ca = site.path("ca.pem");
    let (foreign, clients) = (authority("foreign"), site.folder.path());
    issue(&site.ca, "client", clients, "client");
    issue(&foreign, "foreign", clients, "foreign");
    let address = start_with(&format!("{}tls_client_ca = '{}'\n", site.configuration, ca.display())).await;
    let with = |name: &str, version: &str| {
        let (certificate, key) = (site.path(&format!("{name}.pem")), site.path(&format!("{name}.key")));
        site.ask(address, &["-cert", certificate.to_str().unwrap(), "-key", key.to_str().unwrap(), version])
    };
    for version in ["-tls1_2", "-tls1_3"] {
        assert!(answered(&with("client", version)), "{}", with("client", version));
        for said in [with("foreign", version), site.ask(address, &[version])] {
            assert!(!said.contains("HTTP/1.1") && said.contains("alert"), "{said}");
        }
    }
    assert!(answered(&with("client", "-tls1_3")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_has_its_time_and_counts_as_a_connection() {
    let site = site();
    let more = "tls_handshake_timeout_seconds = 1\nmax_connections = 1\n";
    let address = start_with(&format!("{}{more}", site.configuration)).await;
    let mut silent = connect(address);
    let mut half = connect(address);
    half.write_all(&[22, 3, 1, 2, 0, 1]).unwrap();
    // Both must be over before anyone else comes in.
    assert!(answered(&site.ask(address, &[])));
    silent.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert_eq!(rest(&mut silent), b"");
    rest(&mut half);
}
