//! A receiver behind TLS: what arrives is handed on to a plain one. Webhooks and
//! letters from the first byte on, letters also after `STARTTLS`.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
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
    listen(certificate, behind, false)
}

/// The same for SMTP that begins plain and goes on in TLS.
pub fn start_tls(certificate: &str, behind: &str) -> String {
    listen(certificate, behind, true)
}

fn listen(certificate: &str, behind: &str, begins_plain: bool) -> String {
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
                // Who breaks off is no fault of the test.
                let _ = hand_on(stream, &acceptor, &behind, begins_plain).await;
            }
        });
    });
    at
}

async fn hand_on(
    mut stream: tokio::net::TcpStream,
    acceptor: &TlsAcceptor,
    behind: &str,
    begins_plain: bool,
) -> std::io::Result<()> {
    if begins_plain {
        prelude(&mut stream).await?;
    }
    let mut secured = acceptor.accept(stream).await?;
    let plain = TcpStream::connect(behind)?;
    plain.set_nonblocking(true)?;
    let mut plain = tokio::net::TcpStream::from_std(plain)?;
    if begins_plain {
        // After STARTTLS nobody greets again.
        line(&mut plain).await?;
    }
    tokio::io::copy_bidirectional(&mut secured, &mut plain).await?;
    Ok(())
}

/// What is said before TLS: greeting, EHLO, STARTTLS, and nothing else.
async fn prelude(stream: &mut tokio::net::TcpStream) -> std::io::Result<()> {
    stream.write_all(b"220 test\r\n").await?;
    assert!(line(stream).await?.starts_with("EHLO"));
    stream.write_all(b"250-test\r\n250 STARTTLS\r\n").await?;
    assert_eq!(line(stream).await?, "STARTTLS");
    stream.write_all(b"220 go on\r\n").await
}

async fn line(stream: &mut tokio::net::TcpStream) -> std::io::Result<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        line.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
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
