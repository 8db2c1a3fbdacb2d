//! Opens the doors and closes them again: binds both ports, refuses what is not safe, and stops in an order in which nobody
//! is cut off unwarned. Loading what stands behind the doors is the caller's work.

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use http::{HeaderValue, header};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_rustls::rustls;
use tokio_stream::{Stream, StreamExt as _};
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tower_http::set_header::SetResponseHeaderLayer;

use super::auth::{Caller, Keyring};
use super::config::Config;
use super::doors::{Doors, Parts};
use super::grpc::{self, Health};
use super::http::{self as plain, Schema};
use super::limit::{Gate, MAX_HEADERS};
use super::{guard, tls};
use crate::error::{Classify, Kind};
use crate::message::{CallerId, IdError, Timestamp};
use crate::telemetry::Metrics;

/// After an error of `accept` (no file handles, most often) the next one is not tried at once.
const BREATH: Duration = Duration::from_millis(50);
/// What is left to write after the grace is over.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Why the doors did not open.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken, not ours, or not allowed.
    #[error("cannot listen on {address}: {cause}")]
    Bind {
        /// As configured.
        address: SocketAddr,
        /// What the system said.
        cause: io::Error,
    },
    /// Everybody who reaches the port could use it.
    #[error("{address} is not loopback, and no keys are configured")]
    KeysRequired {
        /// As configured.
        address: SocketAddr,
    },
    /// The admin port has no keys at all.
    #[error("the admin address {address} is not loopback")]
    AdminNotLoopback {
        /// As configured.
        address: SocketAddr,
    },
    /// A file of the certificate.
    #[error("{path} cannot be read as PEM: {cause}")]
    TlsFile {
        /// As configured.
        path: String,
        /// What the system or the parser said.
        cause: String,
    },
    /// A certificate and a key that are not a pair.
    #[error("the certificate and its key cannot be used together: {cause}")]
    TlsMismatch {
        /// What the library said.
        cause: rustls::Error,
    },
    /// A name of our own that is none: a defect.
    #[error(transparent)]
    Name(#[from] IdError),
    /// Embedded descriptors that are none: a defect.
    #[error("the embedded descriptors cannot be read: {0}")]
    Descriptors(String),
}

impl Classify for StartError {
    fn kind(&self) -> Kind {
        match self {
            Self::Bind { .. } => Kind::Unavailable,
            Self::KeysRequired { .. } | Self::AdminNotLoopback { .. } => Kind::FailedPrecondition,
            Self::TlsFile { .. } | Self::TlsMismatch { .. } => Kind::InvalidArgument,
            Self::Name(_) | Self::Descriptors(_) => Kind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Bind { .. } => "ADDRESS_UNUSABLE",
            Self::KeysRequired { .. } => "KEYS_REQUIRED",
            Self::AdminNotLoopback { .. } => "ADMIN_NOT_LOOPBACK",
            Self::TlsFile { .. } => "TLS_FILE_UNREADABLE",
            Self::TlsMismatch { .. } => "TLS_MISMATCH",
            Self::Name(_) | Self::Descriptors(_) => "INTERNAL",
        }
    }

    fn remedy(&self) -> Cow<'static, str> {
        match self {
            Self::Bind { .. } => "Choose another address, or end what listens there; port 0 takes a free one.",
            Self::KeysRequired { .. } => {
                "Listen on 127.0.0.1, or configure [[server.keys]] with the SHA-256 of a key for each gateway."
            }
            Self::AdminNotLoopback { .. } => "Give the admin port a loopback address; reach it through a tunnel.",
            Self::TlsFile { .. } => "Name PEM files that this user can read: the certificate chain, and its private key.",
            Self::TlsMismatch { .. } => "Name the private key that this certificate was made for.",
            Self::Name(_) | Self::Descriptors(_) => "Report it as a defect.",
        }
        .into()
    }
}

/// Doors that are open.
#[derive(Debug)]
pub struct Running {
    public: SocketAddr,
    admin: SocketAddr,
    doors: Arc<Doors>,
    health: Health,
    times: (Duration, Duration),
    ports: [Port; 2],
}

/// A listening server and the means to stop it.
#[derive(Debug)]
struct Port {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Opens the doors with everything behind them.
pub async fn start(parts: Parts, config: Config) -> Result<Running, StartError> {
    let running = open(config, Arc::new(Metrics::new())).await?;
    running.ready(parts).await;
    Ok(running)
}

/// Opens the doors before there is anything behind them: calls are told to come back, probes say "not ready".
pub async fn open(config: Config, metrics: Arc<Metrics>) -> Result<Running, StartError> {
    refuse_unsafe(&config)?;
    let acceptor = config.tls.as_ref().map(tls::acceptor).transpose()?;
    let (listener, public) = bind(config.public).await?;
    let (admin_listener, admin) = bind(config.admin).await?;
    let keyring = Keyring::new(config.keys, CallerId::new("local")?);
    let doors = Arc::new(Doors::new(Gate::new(config.limits), keyring, metrics));
    let health = Health::starting().await;
    let calls = config.limits.calls;
    let schema = Schema::embedded().map_err(|error| StartError::Descriptors(error.to_string()))?;
    let routes = public_routes(&doors, &health, schema.clone())?;
    let connections = calm(TcpIncoming::from(listener).with_nodelay(Some(true)));
    let public_port = match acceptor {
        None => Port::open(|stop| serve(routes, calls, connections, stop)),
        Some(acceptor) => {
            let connections = tls::accept(acceptor, connections);
            Port::open(|stop| serve(routes, calls, connections, stop))
        }
    };
    let console = Caller::trusted(CallerId::new("console")?);
    let pages = plain::admin(Arc::clone(&doors), schema, console);
    let admin_port = Port::open(|stop| serve_admin(pages, admin_listener, stop));
    let times = (config.notice, config.grace);
    tracing::info!(%public, %admin, "doors open");
    Ok(Running { public, admin, doors, health, times, ports: [public_port, admin_port] })
}

fn refuse_unsafe(config: &Config) -> Result<(), StartError> {
    if !config.admin.ip().is_loopback() {
        return Err(StartError::AdminNotLoopback { address: config.admin });
    }
    if !config.public.ip().is_loopback() && config.keys.is_empty() {
        return Err(StartError::KeysRequired { address: config.public });
    }
    Ok(())
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let bound = async {
        let listener = TcpListener::bind(address).await?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    };
    bound.await.map_err(|cause| StartError::Bind { address, cause })
}

fn public_routes(
    doors: &Arc<Doors>,
    health: &Health,
    schema: Schema,
) -> Result<Routes, StartError> {
    let services = grpc::routes(doors, health)
        .map_err(|error| StartError::Descriptors(error.to_string()))?
        .into_axum_router()
        .reset_fallback();
    let nosniff = HeaderValue::from_static("nosniff");
    let router = services
        .merge(plain::twin(Arc::clone(doors), schema))
        .fallback(guard::nowhere)
        .layer(from_fn_with_state(Arc::clone(doors), guard::guard))
        .layer(SetResponseHeaderLayer::if_not_present(header::X_CONTENT_TYPE_OPTIONS, nosniff));
    Ok(Routes::from(router))
}

async fn serve<C, E>(
    routes: Routes,
    calls: usize,
    connections: impl Stream<Item = Result<C, E>>,
    stop: oneshot::Receiver<()>,
) where
    C: tokio::io::AsyncRead
        + tokio::io::AsyncWrite
        + tonic::transport::server::Connected
        + Unpin
        + Send
        + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let server = Server::builder()
        .accept_http1(true)
        .http2_max_header_list_size(MAX_HEADERS)
        // Beyond the limit a call shall be refused, and not wait unseen in its client.
        .max_concurrent_streams(u32::try_from(calls).ok())
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(20)))
        .add_routes(routes)
        .serve_with_incoming_shutdown(connections, stopped(stop));
    if let Err(error) = server.await {
        tracing::error!(%error, "the public port failed");
    }
}

async fn serve_admin(pages: Router, listener: TcpListener, stop: oneshot::Receiver<()>) {
    let server = axum::serve(listener, pages).with_graceful_shutdown(stopped(stop));
    if let Err(error) = server.await {
        tracing::error!(%error, "the admin port failed");
    }
}

/// Over when it is told so, or when nobody is left to tell it.
async fn stopped(stop: oneshot::Receiver<()>) {
    stop.await.unwrap_or_default();
}

fn calm(
    connections: TcpIncoming,
) -> impl Stream<Item = io::Result<TcpStream>> + Send + Unpin + 'static {
    Box::pin(connections.then(async |connection| {
        if connection.is_err() {
            sleep(BREATH).await;
        }
        connection
    }))
}

impl Port {
    fn open<F>(serve: impl FnOnce(oneshot::Receiver<()>) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (stop, told) = oneshot::channel();
        Self { stop, task: tokio::spawn(serve(told)) }
    }

    /// Takes no more connections, lets the open ones end for a while, and then ends them.
    async fn close(self, patience: Duration) {
        // A server that has failed has said so, and is not there to be told.
        self.stop.send(()).unwrap_or_default();
        let end = self.task.abort_handle();
        if timeout(patience, self.task).await.is_err() {
            end.abort();
        }
    }
}

impl Running {
    /// Where gRPC and its JSON twin listen.
    pub fn public_addr(&self) -> SocketAddr {
        self.public
    }

    /// Where console, metrics and probes listen.
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin
    }

    /// What is counted.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.doors.metrics
    }

    /// There is something behind the doors.
    pub async fn ready(&self, parts: Parts) {
        self.doors.open(parts);
        self.health.serving().await;
    }

    /// Stops: health and readiness say so first, streams are told, what is open may end within the grace.
    pub async fn shutdown(mut self) {
        let (notice, grace) = self.times;
        self.health.draining().await;
        self.doors.drain(Timestamp::now() + notice + grace);
        tracing::info!(?notice, ?grace, "draining");
        sleep(notice).await;
        self.health.close().await;
        let [public, admin] = self.ports;
        public.close(grace + LAST_WORDS).await;
        if let Ok(parts) = self.doors.parts() {
            parts.dispatch.drain().await;
        }
        admin.close(LAST_WORDS).await;
        tracing::info!("doors closed");
    }
}

/// Ends when the process is asked to end: SIGTERM, or SIGINT as by Ctrl-C.
pub async fn signal() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests;
