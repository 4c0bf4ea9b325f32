//! How the cluster's certificate is checked, and which one mlgate shows. Nothing switches the check off.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};

/// What is said about TLS to the cluster.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Certificates of those who may sign the cluster's, instead of the public ones; PEM.
    pub ca: Option<PathBuf>,
    /// mlgate's own certificate and its key; PEM.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// The name that the cluster's certificate must have, where it is not the address'.
    pub server_name: Option<String>,
}

// === impl Tls ===

impl Tls {
    /// Puts TLS on connections. `key` is what the keys of these settings begin with.
    ///
    /// # Errors
    /// Files that cannot be read, or hold something else; the message names the key.
    pub fn around(&self, connector: HttpConnector, key: &str) -> anyhow::Result<HttpsConnector<HttpConnector>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let builder = builder.with_root_certificates(self.roots().with_context(|| format!("{key}_ca"))?);
        let config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = certificates(certificate).context("upstream_certificate")?;
                let at = || key.display().to_string();
                let key = PrivateKeyDer::from_pem_file(key).with_context(at).context("upstream_key")?;
                builder.with_client_auth_cert(chain, key).context("upstream_certificate")?
            }
        };
        let builder = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http();
        Ok(match &self.server_name {
            None => builder.enable_http1().wrap_connector(connector),
            Some(name) => {
                let name = ServerName::try_from(name.clone()).with_context(|| format!("{key}_server_name"))?;
                let builder = builder.with_server_name_resolver(FixedServerNameResolver::new(name));
                builder.enable_http1().wrap_connector(connector)
            }
        })
    }

    fn roots(&self) -> anyhow::Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        match &self.ca {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(file) => {
                for certificate in certificates(file)? {
                    roots.add(certificate).with_context(|| file.display().to_string())?;
                }
            }
        }
        Ok(roots)
    }
}

fn certificates(file: &std::path::Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let at = || file.display().to_string();
    let found =
        CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>).with_context(at)?;
    anyhow::ensure!(!found.is_empty(), "{}: has no certificate", at());
    Ok(found)
}
