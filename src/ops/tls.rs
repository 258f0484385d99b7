//! Certificate and key of a listener (`sip` or `public`): read at start, read again when they were renewed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Why the files are of no use; says which and what to do.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error(
        "{table}.{key} = {path}: cannot be read: {reason}; check the path, and that this program's user may read it"
    )]
    Unreadable { table: &'static str, key: &'static str, path: PathBuf, reason: String },
    #[error("{table}.{key} = {path}: not a PEM file: {reason}; give the file that begins with -----BEGIN")]
    NotPem { table: &'static str, key: &'static str, path: PathBuf, reason: String },
    #[error(
        "{table}.tls_certificate = {path}: holds no certificate; give the chain, the server's own certificate first"
    )]
    NoCertificate { table: &'static str, path: PathBuf },
    #[error(
        "{table}.tls_key = {path}: holds no private key; give it in PKCS#8, PKCS#1 or SEC1 form, without a passphrase"
    )]
    NoKey { table: &'static str, path: PathBuf },
    #[error(
        "{table}.tls_certificate = {certificate} and {table}.tls_key = {key}: {reason}; give the key that the certificate was \
         issued for"
    )]
    Mismatch { table: &'static str, certificate: PathBuf, key: PathBuf, reason: String },
}

/// The TLS identity of a listener. Clones share it.
#[derive(Clone)]
pub struct Tls {
    current: Arc<RwLock<Arc<ServerConfig>>>,
}

impl Tls {
    /// Reads both files (PEM; the key as PKCS#8, PKCS#1 or SEC1). `table` is where the configuration names them.
    pub fn load(table: &'static str, certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        Ok(Self { current: Arc::new(RwLock::new(read(table, certificate, key)?)) })
    }

    /// Another identity, or the same files after they were renewed. New connections get it, running ones keep theirs.
    pub fn replace(&self, fresh: &Self) {
        let fresh = fresh.config();
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
    }

    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config())
    }

    fn config(&self) -> Arc<ServerConfig> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn read(table: &'static str, certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let in_certificate = |error| wrong(table, "tls_certificate", certificate, error);
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(in_certificate)?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate { table, path: certificate.into() });
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(table, "tls_key", key, error))?;
    let mismatch = |error: rustls::Error| TlsError::Mismatch {
        table,
        certificate: certificate.into(),
        key: key.into(),
        reason: error.to_string(),
    };
    // The provider is named here, so that it does not matter who installs one in this process.
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(mismatch)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(mismatch)?;
    Ok(Arc::new(config))
}

fn wrong(table: &'static str, key: &'static str, path: &Path, error: pem::Error) -> TlsError {
    let path = path.to_path_buf();
    match error {
        pem::Error::NoItemsFound if key == "tls_key" => TlsError::NoKey { table, path },
        pem::Error::NoItemsFound => TlsError::NoCertificate { table, path },
        pem::Error::Io(error) => TlsError::Unreadable { table, key, path, reason: error.to_string() },
        // Its texts may quote the file, and one of the files is a secret.
        pem::Error::MissingSectionEnd { .. } => {
            TlsError::NotPem { table, key, path, reason: "a section has no end".into() }
        }
        pem::Error::Base64Decode(_) => TlsError::NotPem { table, key, path, reason: "a section is not base64".into() },
        _ => TlsError::NotPem { table, key, path, reason: "a section does not begin as it should".into() },
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rcgen::{CertifiedKey, generate_simple_self_signed};

    use super::*;

    struct Files {
        folder: tempfile::TempDir,
        pair: CertifiedKey<rcgen::KeyPair>,
    }

    impl Files {
        fn new() -> Self {
            let folder = tempfile::TempDir::new().unwrap();
            let pair = generate_simple_self_signed(vec!["localhost".into()]).unwrap();
            let files = Self { folder, pair };
            fs::write(files.certificate(), files.pair.cert.pem()).unwrap();
            fs::write(files.key(), files.pair.signing_key.serialize_pem()).unwrap();
            files
        }

        fn certificate(&self) -> PathBuf {
            self.folder.path().join("tls.pem")
        }

        fn key(&self) -> PathBuf {
            self.folder.path().join("tls.key")
        }

        fn load(&self) -> Result<Tls, TlsError> {
            Tls::load("sip", &self.certificate(), &self.key())
        }

        fn complaint(&self) -> String {
            self.load().err().unwrap().to_string()
        }
    }

    #[test]
    fn every_fault_names_its_file_and_what_to_do() {
        let files = Files::new();
        assert!(files.load().is_ok());
        fs::write(files.key(), "a secret that is no key").unwrap();
        let said = files.complaint();
        assert!(said.contains("tls.key") && said.contains("PKCS#8") && !said.contains("a secret"), "{said}");
        fs::write(files.key(), Files::new().pair.signing_key.serialize_pem()).unwrap();
        let said = files.complaint();
        assert!(said.contains("tls.pem") && said.contains("tls.key") && said.contains("issued for"), "{said}");
        fs::write(files.key(), "-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----\n").unwrap();
        assert!(files.complaint().contains("base64"));
        fs::write(files.certificate(), "").unwrap();
        assert!(files.complaint().contains("holds no certificate"));
        fs::remove_file(files.certificate()).unwrap();
        let said = files.complaint();
        assert!(said.contains("tls.pem") && said.contains("cannot be read"), "{said}");
    }
}
