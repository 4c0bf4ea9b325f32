//! A genuine OpenSearch beside a genuine Elasticsearch, behind TLS with a certificate of an authority of its own.

use std::{net::SocketAddr, path::Path, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio_rustls::TlsAcceptor;

use super::{
    Request, compared,
    genuine::everything_is_asked,
    get, report,
    support::{Cluster, Reply, Server, basic, operator::Operated, send},
    wait_for,
};

const BUCKET: &str = "/.ml-anomalies-shared/_doc/farequote_bucket_";

#[tokio::test(flavor = "multi_thread")]
async fn opensearch_beside_elasticsearch() {
    let _one = super::ONE_PAIR_AT_A_TIME.lock().await;
    let Some(upstream) = Cluster::start() else { return };
    let Some(secondary) = Cluster::start_server(Server::OpenSearch("2.19.4")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let relay = behind_tls(secondary.address, folder.path()).await;
    tokio::task::spawn_blocking(move || {
        let beside = Beside { upstream, secondary, relay, ca: folder.path().join("ca.pem").display().to_string() };
        beside.nothing_differs();
        beside.it_answers_itself();
        beside.without_its_authority_it_is_not_asked();
    })
    .await
    .unwrap();
}

/// Not what only one of them sorts by, and not records before 1970: OpenSearch takes their milliseconds for a year.
fn is_the_same_in_opensearch(request: &Request) -> bool {
    let asks =
        |text: &str| request.target.contains(text) || request.body.as_ref().is_some_and(|body| body.contains(text));
    let names = ["_id", "_version", "_shard_doc"];
    let sorts = asks("bucket_influencers.")
        || names.iter().any(|name| asks(&format!("sort={name}")) || asks(&format!("\"{name}\"")));
    let is_before_1970 = request.target.contains("/iso-times/") && asks("expand");
    !(sorts || is_before_1970)
}

struct Beside {
    upstream: Cluster,
    secondary: Cluster,
    /// Where TLS is spoken for the secondary.
    relay: SocketAddr,
    ca: String,
}

// === impl Beside ===

impl Beside {
    fn front(&self, more: &str) -> Operated {
        let (user, password) = Server::OpenSearch("").superuser();
        Operated::start(&format!(
            "upstream = 'http://{}'\nsecondary = 'https://localhost:{}'\nsecondary_username = '{user}'\nsecondary_password = '{password}'\n{more}",
            self.upstream.address,
            self.relay.port(),
        ))
    }

    fn trusted(&self, more: &str) -> Operated {
        self.front(&format!("secondary_ca = '{}'\n{more}", self.ca))
    }

    /// Every recorded request: Elastic's API on one side, the other cluster's search on the other. What is refused is refused by
    /// both, but some refusals are the clusters' own, who have other words for the same.
    fn nothing_differs(&self) {
        let front = self.trusted(
            "modes = ['*=shadow']\nshadow_primary = 'native'\nshadow_secondary = 'rewrite@secondary'\n\
             shadow_ignore = ['/error/**']\nshadow_in_flight = 64\nshadow_log = 'FOLDER/shadow.ndjson'\n",
        );
        let sent = everything_is_asked(&front, is_the_same_in_opensearch);
        let [equal, different, skipped, failed] =
            ["equal", "different", "skipped", "failed"].map(|outcome| compared(&front, outcome));
        eprintln!("{sent} requests, {equal} equal, {different} different, {skipped} skipped, {failed} failed");
        assert!(different < 1.0, "{:#}", report(&front, 0));
        assert!(equal > 500.0 && skipped + failed < 1.0, "{}", front.look("/metrics").body);
    }

    /// A job of the secondary's is answered with what OpenSearch holds, as Elastic's own API would.
    fn it_answers_itself(&self) {
        let front = self.trusted("modes = ['farequote=rewrite@secondary']\npass_through = 'off'\n");
        let target = |job: &str| format!("/_ml/anomaly_detectors/{job}/results/buckets?expand&size=20");
        let genuine = |job: &str| self.upstream.call("GET", &target(job), "", b"");
        let same = |ours: Reply, genuine: Reply| assert_eq!((ours.status, ours.body), (200, genuine.body));
        for job in ["farequote", "it-ops-kpi"] {
            same(get(&front, &target(job)), genuine(job));
        }
        let first: serde_json::Value = serde_json::from_str(&genuine("farequote").body).unwrap();
        let (time, count) = (first["buckets"][0]["timestamp"].as_u64().unwrap(), first["count"].as_u64().unwrap());
        let span = first["buckets"][0]["bucket_span"].as_u64().unwrap();
        let gone = self.secondary.call("DELETE", &format!("{BUCKET}{time}_{span}?refresh=true"), "", b"");
        assert_eq!(gone.status, 200, "{gone:?}");
        let left: serde_json::Value = serde_json::from_str(&get(&front, &target("farequote")).body).unwrap();
        assert_eq!(left["count"], count - 1, "it is OpenSearch that answers");
        assert_eq!(get(&front, &target("it-ops-kpi")).body, genuine("it-ops-kpi").body);
        // Who may is asked of the upstream, in any case.
        let stranger = basic("admin", "adminpw");
        let reply = send(front.address, "GET", &target("farequote"), &[("Authorization", &stranger)], None);
        assert_eq!(reply.status, 401, "an account of the secondary is nobody's here: {reply:?}");
    }

    /// Nobody is told a credential who may be anyone.
    fn without_its_authority_it_is_not_asked(&self) {
        let front = self.front("modes = ['farequote=rewrite@secondary', '*=shadow']\n");
        let target = |job: &str| format!("/_ml/anomaly_detectors/{job}/results/buckets?size=3");
        assert_eq!(get(&front, &target("farequote")).status, 502);
        let genuine = self.upstream.call("GET", &target("quiet"), "", b"");
        assert_eq!(get(&front, &target("quiet")).body, genuine.body, "the caller sees nothing of it");
        wait_for(&front, 1.0);
        assert!(compared(&front, "failed") > 0.0);
    }
}

/// Speaks TLS as `localhost`, and passes on what comes. `ca.pem` is the authority.
async fn behind_tls(node: SocketAddr, folder: &Path) -> SocketAddr {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(folder.join("ca.pem"), ca.pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
    let chain = vec![CertificateDer::from_pem_slice(certificate.pem().as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut outside) = acceptor.accept(stream).await else { return };
                let mut inside = tokio::net::TcpStream::connect(node).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    address
}
