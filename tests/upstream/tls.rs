//! Certificates: whom mlgate trusts, and what it shows.

use std::{path::Path, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use tokio_rustls::TlsAcceptor;

use super::{
    BUCKETS, ask,
    node::{Manner, Node},
};
use crate::support::start_with;

type Ca = CertifiedIssuer<'static, KeyPair>;

fn authority(folder: &Path, name: &str) -> Ca {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(folder.join(format!("{name}.pem")), ca.pem()).unwrap();
    ca
}

/// Writes `NAME.pem` and `NAME.key`.
fn issue(ca: &Ca, folder: &Path, name: &str) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, ca).unwrap();
    std::fs::write(folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
    std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
}

fn acceptor(folder: &Path, name: &str, clients: Option<&Ca>) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(ca) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(ca.pem().as_bytes()).unwrap()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let chain = vec![CertificateDer::from_pem_file(folder.join(format!("{name}.pem"))).unwrap()];
    let key = PrivateKeyDer::from_pem_file(folder.join(format!("{name}.key"))).unwrap();
    TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_mlgate_trusts() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let ours = authority(folder.path(), "ours");
    authority(folder.path(), "others");
    issue(&ours, folder.path(), "localhost");
    issue(&ours, folder.path(), "es.internal");
    for (certificate, settings, status) in [
        ("localhost", format!("upstream_ca = '{}'\n", at("ours.pem")), 200),
        ("localhost", String::new(), 503),
        ("localhost", format!("upstream_ca = '{}'\n", at("others.pem")), 503),
        ("es.internal", format!("upstream_ca = '{}'\n", at("ours.pem")), 503),
        ("es.internal", format!("upstream_ca = '{}'\nupstream_server_name = 'es.internal'\n", at("ours.pem")), 200),
    ] {
        let node = Node::start_with(Manner::Well, Some(acceptor(folder.path(), certificate, None))).await;
        let port = node.address.port();
        let more = "authority = 'elasticsearch'\npass_through = 'all'\n";
        let front = start_with(&format!("upstream = 'https://localhost:{port}'\n{settings}{more}")).await;
        assert_eq!(ask(front, BUCKETS).await, status, "{certificate} {settings}");
        assert_eq!(ask(front, "/x").await, status, "{certificate} {settings}");
        // A node that speaks no TLS is not spoken to without it.
        let plain = Node::start(Manner::Well).await;
        let port = plain.address.port();
        let front = start_with(&format!("upstream = 'https://localhost:{port}'\n{settings}{more}")).await;
        assert_eq!((ask(front, BUCKETS).await, plain.asked()), (503, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_mlgate_shows() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (ours, clients) = (authority(folder.path(), "ours"), authority(folder.path(), "clients"));
    issue(&ours, folder.path(), "localhost");
    issue(&clients, folder.path(), "gate");
    issue(&ours, folder.path(), "stranger");
    let with = |name: &str| {
        let (certificate, key) = (at(&format!("{name}.pem")), at(&format!("{name}.key")));
        format!("upstream_certificate = '{certificate}'\nupstream_key = '{key}'\n")
    };
    for (manner, identity, status) in [
        (Manner::Well, with("gate"), 200),
        (Manner::Well, with("stranger"), 503),
        (Manner::Well, String::new(), 503),
        // The cluster takes mlgate's certificate for a user: nobody is let in by that.
        (Manner::KnowsCertificate, with("gate"), 503),
    ] {
        let node = Node::start_with(manner, Some(acceptor(folder.path(), "localhost", Some(&clients)))).await;
        let (port, ca) = (node.address.port(), at("ours.pem"));
        let front = start_with(&format!(
            "upstream = 'https://localhost:{port}'\nupstream_ca = '{ca}'\nauthority = 'elasticsearch'\n{identity}"
        ))
        .await;
        assert_eq!(ask(front, BUCKETS).await, status, "{manner:?} {identity}");
    }
}
