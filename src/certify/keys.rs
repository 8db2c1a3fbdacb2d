//! What `certify` makes of the service's own secret: a cipher for its files, and draws. Whoever does not have the secret can
//! neither read the pools nor foresee the draw.

use std::path::{Path, PathBuf};

use crate::seal::{Cipher, Keyring, Secret, hex};

/// Keys for sealing and for drawing.
#[derive(Debug)]
pub(super) struct Keys {
    master: Secret,
    made: Option<PathBuf>,
}

impl Keys {
    /// The key of the longest standing: draws and files are its own, and outlast a rotation.
    pub(super) fn of(keyring: &Keyring) -> Self {
        Self { master: keyring.oldest().clone(), made: keyring.made().map(Path::to_owned) }
    }

    /// The file of a key that was made just now.
    pub(super) fn made(&self) -> Option<&Path> {
        self.made.as_deref()
    }

    /// What seals.
    pub(super) fn cipher(&self) -> Cipher {
        self.master.derive("seal v1").cipher()
    }

    /// A number in 0..2^64 that only this key's owner can foretell, for a purpose and a name.
    pub(super) fn draw(&self, purpose: &str, name: &str) -> u64 {
        let digest = self.digest(purpose, name);
        digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// Whether a name falls into the share of a purpose.
    pub(super) fn falls(&self, purpose: &str, name: &str, share: f64) -> bool {
        (self.draw(purpose, name) as f64) < share * 18_446_744_073_709_551_616.0
    }

    /// A name that stands for another one and says nothing about it: 24 hexadecimal digits.
    pub(super) fn alias(&self, purpose: &str, name: &str) -> String {
        hex(self.digest(purpose, name).get(..12).unwrap_or_default())
    }

    fn digest(&self, purpose: &str, name: &str) -> [u8; 32] {
        self.master.sign(&[purpose.as_bytes(), &[0], name.as_bytes()])
    }
}
