//! Where load may be sent: to this machine, or elsewhere with express leave.

use std::net::IpAddr;

use super::LoadError;

/// A checked address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target(String);

impl Target {
    /// Checks `http://HOST:PORT`; a host other than this machine needs `allow_remote`.
    pub fn parse(address: &str, allow_remote: bool) -> Result<Self, LoadError> {
        let bad = || LoadError::BadTarget { target: address.to_owned() };
        let with_scheme =
            if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        let rest = with_scheme.strip_prefix("http://").ok_or_else(bad)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host_of(authority).ok_or_else(bad)?;
        if allow_remote || is_this_machine(host) {
            Ok(Self(format!("http://{authority}")))
        } else {
            Err(LoadError::Remote { target: address.to_owned() })
        }
    }

    /// The address as a URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The host of `host:port` or `[v6]:port`; `None` without a port or with user information.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = authority.rsplit_once(':')?;
    let plain = !host.is_empty() && !host.contains('@');
    port.parse::<u16>().ok().filter(|port| *port > 0 && plain).map(|_| host)
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_without_leave() {
        let check = |address: &str, local: Option<&str>, anywhere: bool| {
            let parsed = Target::parse(address, false).ok();
            assert_eq!(parsed.as_ref().map(Target::as_str), local, "{address}");
            assert_eq!(Target::parse(address, true).is_ok(), anywhere, "{address}");
        };
        check("http://127.0.0.1:7411", Some("http://127.0.0.1:7411"), true);
        check("127.8.8.8:1/x?y", Some("http://127.8.8.8:1"), true);
        check("localhost:7411", Some("http://localhost:7411"), true);
        check("http://[::1]:7411", Some("http://[::1]:7411"), true);
        check("http://10.0.0.1:7411", None, true);
        check("http://localhost.example:7411", None, true);
        check("http://127.0.0.1@example.org:80", None, false);
        check("https://127.0.0.1:7411", None, false);
        check("http://127.0.0.1", None, false);
        check("http://:80", None, false);
        check("", None, false);
    }
}
