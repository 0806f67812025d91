//! HTTPS by rustls, where `[serve]` names a certificate and its key.
//!
//! Handshakes run beside each other, a bounded number at a time and each for a
//! bounded time: a client that dawdles holds up nobody.

use crate::config::TlsFiles;
use anyhow::{Context, Result};
use axum::serve::Listener;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

/// Handshakes at once.
const HANDSHAKES: usize = 256;
/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait when the machine has no more sockets.
const BREATH: Duration = Duration::from_millis(200);

type Connection = (TlsStream<TcpStream>, SocketAddr);

/// Accepts connections that speak TLS.
pub(super) struct TlsListener {
    ready: mpsc::Receiver<Connection>,
    local: SocketAddr,
}

impl TlsListener {
    /// Takes over a listener.
    ///
    /// # Errors
    /// When certificate or key cannot be read, or do not fit.
    pub(super) fn new(tcp: TcpListener, files: &TlsFiles) -> Result<TlsListener> {
        let acceptor = TlsAcceptor::from(Arc::new(config(files)?));
        let local = tcp.local_addr()?;
        let (sender, ready) = mpsc::channel(HANDSHAKES);
        tokio::spawn(accept(tcp, acceptor, sender));
        Ok(TlsListener { ready, local })
    }
}

fn config(files: &TlsFiles) -> Result<ServerConfig> {
    let named = |file: &std::path::Path| format!("`{}`", file.display());
    let certificates = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(|found| found.collect::<Result<Vec<_>, _>>())
        .with_context(|| named(&files.certificate))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).with_context(|| named(&files.key))?;
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder
        .with_safe_default_protocol_versions()?
        .with_no_client_auth();
    let mut config = builder
        .with_single_cert(certificates, key)
        .with_context(|| {
            format!(
                "{} and {} do not fit",
                named(&files.certificate),
                named(&files.key)
            )
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Accepts until nobody wants the connections any more.
async fn accept(tcp: TcpListener, acceptor: TlsAcceptor, ready: mpsc::Sender<Connection>) {
    let room = Arc::new(Semaphore::new(HANDSHAKES));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            () = ready.closed() => return,
            accepted = tcp.accept() => accepted,
        };
        let Ok((stream, from)) = accepted else {
            tokio::time::sleep(BREATH).await;
            continue;
        };
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            let _place = place;
            // Who does not speak TLS, or not in time, is gone.
            if let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await {
                let _ = ready.send((stream, from)).await;
            }
        });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Connection {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The accepting task ends only with this listener.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }
}
