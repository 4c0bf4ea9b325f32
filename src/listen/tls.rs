//! TLS 1.2 and 1.3. The files are looked at every few seconds, and when they are asked to be read again; what is wrong with
//! new ones is said, and what was read before stays.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use arc_swap::ArcSwap;
use sha2::{Digest as _, Sha256};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::{CryptoProvider, ring},
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
        server::{WebPkiClientVerifier, danger::ClientCertVerifier},
        version::{TLS12, TLS13},
    },
};

/// Time between two looks.
const INTERVAL: Duration = Duration::from_secs(2);

/// Where certificates are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's, its own first.
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Who signs certificates of clients; without one of them nobody gets in.
    pub client_ca: Option<PathBuf>,
}

/// TLS for new connections.
pub struct Tls {
    files: TlsFiles,
    config: ArcSwap<ServerConfig>,
}

// === impl TlsFiles ===

impl TlsFiles {
    /// Reads the files.
    ///
    /// # Errors
    /// What is wrong with them, naming the key.
    pub fn read(&self) -> anyhow::Result<ServerConfig> {
        let provider = Arc::new(ring::default_provider());
        let chain = certificates(&self.certificate).with_context(|| told("tls_certificate", &self.certificate))?;
        let key = private_key(&self.key).with_context(|| told("tls_key", &self.key))?;
        let builder =
            ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(&[&TLS13, &TLS12])?;
        let builder = match &self.client_ca {
            Some(file) => builder
                .with_client_cert_verifier(verifier(file, provider).with_context(|| told("tls_client_ca", file))?),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).with_context(|| told("tls_key", &self.key))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn digest(&self) -> Vec<u8> {
        let mut digest = Sha256::new();
        for path in [Some(&self.certificate), Some(&self.key), self.client_ca.as_ref()].into_iter().flatten() {
            digest.update(Sha256::digest(std::fs::read(path).unwrap_or_default()));
        }
        digest.finalize().to_vec()
    }
}

fn told(key: &str, path: &std::path::Path) -> String {
    format!("{key}: {}", path.display())
}

fn certificates(path: &std::path::Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let pem = std::fs::read(path)?;
    let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>()?;
    if chain.is_empty() {
        bail!("there is no certificate in it");
    }
    Ok(chain)
}

fn private_key(path: &std::path::Path) -> anyhow::Result<PrivateKeyDer<'static>> {
    let pem = std::fs::read(path)?;
    if String::from_utf8_lossy(&pem).contains("ENCRYPTED") {
        bail!("the key is encrypted; mlgate has no password for it");
    }
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| anyhow::anyhow!("there is no private key in it"))
}

fn verifier(path: &std::path::Path, provider: Arc<CryptoProvider>) -> anyhow::Result<Arc<dyn ClientCertVerifier>> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate)?;
    }
    Ok(WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?)
}

// === impl Tls ===

impl Tls {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// What is wrong with them, naming the key.
    pub fn open(files: TlsFiles) -> anyhow::Result<Self> {
        let config = ArcSwap::from_pointee(files.read()?);
        Ok(Self { files, config })
    }

    /// Looks after the files, for as long as they are used.
    pub async fn watch(self: Arc<Self>) {
        let mut seen = self.files.digest();
        let tls = Arc::downgrade(&self);
        drop(self);
        loop {
            tokio::time::sleep(INTERVAL).await;
            let Some(tls) = tls.upgrade() else { return };
            let now = tls.files.digest();
            if now != seen {
                // Whatever comes of it: the same files are not read twice.
                seen = now;
                tls.reload();
            }
        }
    }

    /// Reads the files again, for connections that come from now on.
    pub fn reload(&self) {
        match self.files.read() {
            Ok(config) => {
                self.config.store(Arc::new(config));
                tracing::info!(file = %self.files.certificate.display(), "the TLS certificate was read again");
            }
            Err(error) => tracing::error!("{error:#}; what was read before stays"),
        }
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.load_full())
    }
}
