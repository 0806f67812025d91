//! A receiver of webhooks behind TLS: what arrives is handed on to a plain one.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A file of `tests/tls/receiver`: `ca.pem` signed `server.pem` and `expired.pem`,
/// which ended with 2019; `other-ca.pem` signed neither.
pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/tls/receiver")
        .join(name)
}

/// Starts one that shows a certificate; gives where it listens. It ends with the
/// test.
pub fn start(certificate: &str, behind: &str) -> String {
    let acceptor = TlsAcceptor::from(Arc::new(config(certificate)));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap().to_string();
    let behind = behind.to_owned();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut secured) = acceptor.accept(stream).await else {
                    continue;
                };
                let plain = TcpStream::connect(&behind).unwrap();
                plain.set_nonblocking(true).unwrap();
                let mut plain = tokio::net::TcpStream::from_std(plain).unwrap();
                let _ = tokio::io::copy_bidirectional(&mut secured, &mut plain).await;
            }
        });
    });
    at
}

fn config(certificate: &str) -> ServerConfig {
    let certificate = CertificateDer::from_pem_file(file(certificate)).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    builder
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap()
}
