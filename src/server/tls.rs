//! TLS on the public port, from files. Made here and not by tonic, whose acceptor offers HTTP/2 alone: a plain HTTP client
//! that asks for HTTP/1.1 by name would be turned away from the JSON twin.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};

use super::config::TlsFiles;
use super::start::StartError;

/// A peer that takes longer than this for its handshake is no client.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections that are through their handshake and not taken yet.
const READY: usize = 64;

/// Reads a certificate and its key.
pub(super) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, StartError> {
    let chain = read(&files.certificate.display().to_string(), || {
        CertificateDer::pem_file_iter(&files.certificate)?.collect::<Result<Vec<_>, _>>()
    })?;
    let key = read(&files.key.display().to_string(), || PrivateKeyDer::from_pem_file(&files.key))?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key);
    let mut config = config.map_err(|cause| StartError::TlsMismatch { cause })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn read<T, E: std::fmt::Display>(
    path: &str,
    read: impl FnOnce() -> Result<T, E>,
) -> Result<T, StartError> {
    read().map_err(|cause| StartError::TlsFile { path: path.to_owned(), cause: cause.to_string() })
}

/// Connections that are through their handshake. Each shakes hands on its own: one that is slow keeps nobody waiting.
pub(super) fn accept(
    acceptor: TlsAcceptor,
    mut connections: impl Stream<Item = io::Result<TcpStream>> + Send + Unpin + 'static,
) -> impl Stream<Item = io::Result<TlsStream<TcpStream>>> + Send {
    let (ready, stream) = mpsc::channel(READY);
    tokio::spawn(async move {
        loop {
            let connection = tokio::select! {
                connection = connections.next() => connection,
                // The server takes no more: the port is closed with this task.
                () = ready.closed() => None,
            };
            let Some(connection) = connection else { break };
            let Ok(connection) = connection else { continue };
            let (acceptor, ready) = (acceptor.clone(), ready.clone());
            tokio::spawn(async move {
                let shaken = tokio::time::timeout(PATIENCE, acceptor.accept(connection)).await;
                if let Ok(Ok(connection)) = shaken {
                    ready.send(Ok(connection)).await.unwrap_or_default();
                }
            });
        }
    });
    ReceiverStream::new(stream)
}
