//! Certificates of our HTTP listeners: loaded at start, renewed while they serve.

use std::path::Path;

use crate::config::Config;
use crate::ingress::{Change, Reload};
use crate::ops::tls::{Tls, TlsError};

/// Whose, by the table of the configuration.
#[derive(Clone, Copy)]
pub(super) enum Listener {
    Desk,
    Public,
}

impl Listener {
    fn table(self) -> &'static str {
        match self {
            Self::Desk => "desk",
            Self::Public => "public",
        }
    }

    fn files(self, config: &Config) -> Option<(&Path, &Path)> {
        let public = &config.public;
        match self {
            Self::Desk => config.desk.tls(),
            Self::Public => public.tls_certificate.as_deref().zip(public.tls_key.as_deref()),
        }
    }

    /// `None`: it speaks http.
    pub fn load(self, config: &Config) -> Result<Option<Tls>, TlsError> {
        let files = self.files(config);
        files.map(|(certificate, key)| Tls::load(self.table(), certificate, key)).transpose()
    }
}

/// Takes a renewed certificate while the listener is served.
pub(super) struct Certificate(pub Listener, pub Tls);

impl Reload for Certificate {
    fn reload(&self, config: &Config) -> Result<Change, String> {
        let Self(listener, tls) = self;
        let (table, tls) = (listener.table(), tls.clone());
        let fresh = listener.load(config).map_err(|error| error.to_string())?.ok_or_else(|| {
            format!("{table}.tls_certificate and {table}.tls_key: https needs both, or a restart without")
        })?;
        Ok(Box::new(move || tls.replace(&fresh)))
    }
}
