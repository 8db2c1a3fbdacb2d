//! Who calls, and what they may do: static keys, known by their SHA-256, compared in constant time. It neither makes keys
//! nor knows what the roles are needed for.

use std::fmt;

use http::{HeaderMap, header};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use super::error::DoorError;
use crate::message::CallerId;

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Sends customers' messages.
    Gateway,
    /// Takes cases.
    Agent,
    /// Steers queues and automation.
    Supervisor,
    /// Writes the knowledge.
    Editor,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Gateway, Self::Agent, Self::Supervisor, Self::Editor];

    /// As it stands in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
            Self::Editor => "editor",
        }
    }

    /// Reads what [`Role::as_str`] writes.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// One configured key.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    id: CallerId,
    sha256: [u8; 32],
    roles: Vec<Role>,
}

impl Key {
    /// `sha256` is the hash of the key in 64 hexadecimal digits; `None` if it is not.
    pub fn new(id: CallerId, sha256: &str, roles: Vec<Role>) -> Option<Self> {
        Some(Self { id, sha256: digest_from_hex(sha256)?, roles })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}

fn digest_from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    let mut digest = [0; 32];
    if digits.len() != 2 * digest.len() {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| !pair.starts_with('+'))?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(digest)
}

/// An authenticated caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) id: CallerId,
    roles: Vec<Role>,
}

impl Caller {
    /// One that may do everything: whoever reaches loopback.
    pub(crate) fn trusted(id: CallerId) -> Self {
        Self { id, roles: Role::ALL.to_vec() }
    }

    /// Fails unless the caller has the role.
    pub(crate) fn require(&self, role: Role) -> Result<(), DoorError> {
        if self.roles.contains(&role) {
            Ok(())
        } else {
            Err(DoorError::RoleMissing { role: role.as_str() })
        }
    }
}

/// The configured keys.
#[derive(Debug, Clone)]
pub(crate) struct Keyring {
    keys: Vec<Key>,
    local: Caller,
}

impl Keyring {
    /// No keys: everybody who reaches the port is `local` and may do everything. `start` allows that on loopback only.
    pub(crate) fn new(keys: Vec<Key>, local: CallerId) -> Self {
        Self { keys, local: Caller::trusted(local) }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.keys.is_empty()
    }

    /// Who sent a request with these headers.
    pub(crate) fn caller(&self, headers: &HeaderMap) -> Result<Caller, DoorError> {
        if self.is_open() {
            return Ok(self.local.clone());
        }
        let presented = presented(headers).ok_or(DoorError::KeyMissing)?;
        self.find(presented).ok_or(DoorError::KeyUnknown)
    }

    /// Compares with every key, found or not, so that the time says nothing about which one matched.
    fn find(&self, presented: &[u8]) -> Option<Caller> {
        let digest = Sha256::digest(presented);
        let mut found = None;
        for key in &self.keys {
            let same: Choice = key.sha256.as_slice().ct_eq(digest.as_slice());
            if bool::from(same) {
                found = Some(key);
            }
        }
        found.map(|key| Caller { id: key.id.clone(), roles: key.roles.clone() })
    }
}

/// The key of `authorization: Bearer KEY`, else of `x-api-key: KEY`.
fn presented(headers: &HeaderMap) -> Option<&[u8]> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| bearer(value.as_bytes()));
    bearer.or_else(|| headers.get("x-api-key").map(|value| value.as_bytes().trim_ascii()))
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, key) = value.split_at_checked(b"bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| key.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of "secret".
    const SECRET: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

    fn ring() -> Keyring {
        let web = Key::new(CallerId::new("web").unwrap(), SECRET, vec![Role::Gateway]).unwrap();
        Keyring::new(vec![web], CallerId::new("local").unwrap())
    }

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static(name), value.parse().unwrap())])
    }

    #[test]
    fn a_key_is_known_by_its_hash() {
        let check = |name, value: &str, expect: Result<&str, DoorError>| {
            let caller = ring().caller(&headers(name, value)).map(|caller| caller.id.to_string());
            assert_eq!(caller, expect.map(str::to_owned), "{name}: {value}");
        };
        check("authorization", "Bearer secret", Ok("web"));
        check("authorization", "bearer secret", Ok("web"));
        check("x-api-key", "secret", Ok("web"));
        check("authorization", "Bearer Secret", Err(DoorError::KeyUnknown));
        check("authorization", "Bearer ", Err(DoorError::KeyUnknown));
        check("authorization", "Basic secret", Err(DoorError::KeyMissing));
        check("accept", "secret", Err(DoorError::KeyMissing));
    }

    #[test]
    fn a_role_is_what_the_key_says() {
        let caller = ring().caller(&headers("x-api-key", "secret")).unwrap();
        assert_eq!(caller.require(Role::Gateway), Ok(()));
        let error = caller.require(Role::Supervisor).unwrap_err();
        assert_eq!(error, DoorError::RoleMissing { role: "supervisor" });
    }

    #[test]
    fn without_keys_everybody_is_local() {
        let ring = Keyring::new(Vec::new(), CallerId::new("local").unwrap());
        let caller = ring.caller(&HeaderMap::new()).unwrap();
        assert_eq!(caller.id.as_str(), "local");
        assert!(Role::ALL.into_iter().all(|role| caller.require(role).is_ok()));
    }

    #[test]
    fn a_hash_is_64_hexadecimal_digits() {
        let check = |text: &str, reads: bool| {
            let id = CallerId::new("web").unwrap();
            assert_eq!(Key::new(id, text, Vec::new()).is_some(), reads, "{text}");
        };
        check(SECRET, true);
        check(&SECRET.to_uppercase(), true);
        check(SECRET.trim_start_matches('2'), false);
        check(&SECRET.replace("2b", "+b"), false);
        check(&SECRET.replace("2b", "zz"), false);
        check("", false);
    }

    #[test]
    fn a_key_does_not_show_its_hash() {
        let shown = format!("{:?}", ring());
        assert!(
            shown.contains("web") && !shown.contains("187") && !shown.contains("2bb8"),
            "{shown}"
        );
    }

    #[test]
    fn roles_read_what_they_write() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("root"), None);
    }
}
