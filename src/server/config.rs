//! What an operator may set about the doors.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::auth::Key;
use super::limit::Limits;

/// The settings of the doors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where gRPC and its JSON twin listen. Beyond loopback only with keys. Port 0 takes any free one.
    pub public: SocketAddr,
    /// Where console, metrics and probes listen. Loopback only.
    pub admin: SocketAddr,
    /// The public port's certificate; without one it speaks in clear.
    pub tls: Option<TlsFiles>,
    /// Who may call; nobody configured is everybody on loopback.
    pub keys: Vec<Key>,
    /// How much is let in.
    pub limits: Limits,
    /// How long health says "not serving" before the public port closes, so that balancers look elsewhere first.
    pub notice: Duration,
    /// How long calls and streams that are open then may go on.
    pub grace: Duration,
}

/// A certificate and its key, as PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Config {
    /// What holds where nothing is configured: both ports on loopback, in clear, without keys.
    pub fn standard() -> Self {
        Self {
            public: (Ipv4Addr::LOCALHOST, 50051).into(),
            admin: (Ipv4Addr::LOCALHOST, 9701).into(),
            tls: None,
            keys: Vec::new(),
            limits: Limits::default(),
            notice: Duration::ZERO,
            grace: Duration::from_secs(10),
        }
    }
}
