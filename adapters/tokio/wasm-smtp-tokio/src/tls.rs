//! TLS by rustls: versions 1.2 and 1.3, certificate and name always verified.

use std::io;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use wasm_smtp::{address, Error, Field, Reason};

use crate::options::{ConnectOptions, Roots};

/// The provider chosen by cargo feature, whatever else the program installs.
pub(crate) fn provider() -> CryptoProvider {
    #[cfg(feature = "aws-lc-rs")]
    return rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
    return rustls::crypto::ring::default_provider();
    #[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
    unreachable!("not compiled without a provider");
}

/// Fresh random octets.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut octets = [0; N];
    match provider().secure_random.fill(&mut octets) {
        Ok(()) => Ok(octets),
        Err(_) => Err(Error::new(Reason::Other).with_note("the system gives no random numbers")),
    }
}

/// The name to verify.
pub(crate) fn server_name(name: &str) -> Result<ServerName<'static>, Error> {
    let ascii = address::domain_to_ascii(name)
        .map_err(|reason| Error::new(reason).with_field(Field::ServerName))?;
    ServerName::try_from(ascii.into_owned()).map_err(|error| {
        Error::new(Reason::OptionInvalid).with_field(Field::ServerName).with_source(error)
    })
}

/// What TLS needs, made once for all clones of the options.
pub(crate) async fn client_config(options: &ConnectOptions) -> Result<Arc<ClientConfig>, Error> {
    if let Some(made) = options.tls.get() {
        return Ok(made.clone());
    }
    let config = Arc::new(make(options).await?);
    Ok(options.tls.get_or_init(|| config).clone())
}

async fn make(options: &ConnectOptions) -> Result<ClientConfig, Error> {
    let wrong = |field, source: rustls::Error| {
        Error::new(Reason::OptionInvalid).with_field(field).with_source(source)
    };
    let roots = roots(options).await?;
    if roots.is_empty() {
        return Err(Error::new(Reason::OptionInvalid)
            .with_field(Field::RootStore)
            .with_note("it holds no trust anchor"));
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(Field::Config, error))?
        .with_root_certificates(roots);
    let mut config = match options.client_certificate.as_deref() {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => builder
            .with_client_auth_cert(chain.clone(), key.clone_key())
            .map_err(|error| wrong(Field::ClientCertificate, error))?,
    };
    config.alpn_protocols.clone_from(&options.alpn);
    Ok(config)
}

async fn roots(options: &ConnectOptions) -> Result<Arc<RootCertStore>, Error> {
    match &options.roots {
        Some(Roots::Custom(store)) => Ok(store.clone()),
        #[cfg(feature = "native-roots")]
        Some(Roots::System) => {
            // Reads files.
            let loaded = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await;
            let loaded =
                loaded.map_err(|error| Error::new(Reason::Cancelled).with_source(error))?;
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(loaded.certs);
            match loaded.errors.into_iter().next() {
                Some(error) if store.is_empty() => Err(Error::new(Reason::OptionInvalid)
                    .with_field(Field::RootStore)
                    .with_note("the system's trust anchors cannot be read")
                    .with_source(error)),
                _ => Ok(Arc::new(store)),
            }
        }
        #[cfg(feature = "bundled-roots")]
        Some(Roots::Bundled) => {
            let anchors = webpki_roots::TLS_SERVER_ROOTS.iter().cloned();
            Ok(Arc::new(RootCertStore { roots: anchors.collect() }))
        }
        None => Ok(Arc::new(RootCertStore::empty())),
    }
}

/// What a failed handshake says about the certificate.
pub(crate) fn explain(error: &io::Error) -> Option<Reason> {
    match error.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => Some(Reason::CertificateName),
        rustls::Error::InvalidCertificate(_) => Some(Reason::CertificateInvalid),
        _ => None,
    }
}
