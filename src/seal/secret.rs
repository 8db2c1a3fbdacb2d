//! 32 bytes that nobody else knows, and what is computed from them.

use std::fmt;

use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::zeroize::Zeroize as _;

use super::cipher::Cipher;

/// A secret of 32 bytes; wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; Self::LENGTH]);

impl Secret {
    /// Bytes of a secret.
    pub const LENGTH: usize = 32;

    /// A new one, from the system's random numbers.
    pub fn random() -> Self {
        Self(random())
    }

    /// These bytes; `None` where there are not 32.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Reads 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let bytes: Vec<u8> = text
            .as_bytes()
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
                _ => None,
            })
            .collect::<Option<_>>()?;
        Self::from_bytes(&bytes)
    }

    /// The bytes, for a file that its owner alone may read.
    pub(super) fn bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    /// The secret that belongs to a purpose: HMAC-SHA-256 of its name.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Self {
        Self(self.sign(&[purpose.as_bytes()]))
    }

    /// HMAC-SHA-256 of these pieces, one after the other: what only an owner of the secret can compute.
    pub fn sign(&self, pieces: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &self.0));
        for piece in pieces {
            context.update(piece);
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        digest
    }

    /// What seals with this secret.
    pub fn cipher(&self) -> Cipher {
        Cipher::new(&self.0)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "a system without randomness must not seal anything")]
    SystemRandom::new().fill(&mut bytes).expect("the system's random numbers");
    bytes
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}
