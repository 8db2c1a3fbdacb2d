//! The service's own secret: a file of 32 random bytes, made at first use, readable by its owner alone. From it come a key
//! that seals files and keys that draw messages; whoever does not have it can neither read the pools nor foresee the draw.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use fs_err as fs;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::{aead, hmac};

use super::error::CertifyError;

/// Keys for sealing and for drawing.
#[derive(Debug)]
pub(super) struct Keys {
    master: hmac::Key,
    /// The file was made just now.
    pub(super) made: bool,
}

impl Keys {
    /// Opens `storage/key`, or makes it.
    pub(super) fn open(storage: &Path) -> Result<Self, CertifyError> {
        let path = storage.join("key");
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(text.trim(), false)
                .ok_or_else(|| CertifyError::BadKey { path: path.clone() }),
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => {
                let text = fresh();
                let kept = write_new(&path, &text).map_err(|e| CertifyError::file(&path, e))?;
                if kept {
                    return Self::parse(&text, true).ok_or(CertifyError::BadKey { path });
                }
                // Somebody else made it in this very moment.
                Self::open(storage)
            }
            Err(error) => Err(CertifyError::file(&path, error)),
        }
    }

    fn parse(hex: &str, made: bool) -> Option<Self> {
        let bytes: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| hex.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
            .collect::<Option<_>>()?;
        (bytes.len() == 32)
            .then(|| Self { master: hmac::Key::new(hmac::HMAC_SHA256, &bytes), made })
    }

    /// The key that seals.
    pub(super) fn seal(&self) -> aead::LessSafeKey {
        let derived = hmac::sign(&self.master, b"seal v1");
        // SHA-256 gives the 32 bytes that ChaCha20 takes, always.
        let key = aead::UnboundKey::new(&aead::CHACHA20_POLY1305, derived.as_ref());
        #[expect(clippy::expect_used, reason = "the length is right by construction")]
        aead::LessSafeKey::new(key.expect("32 bytes"))
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
        let mut context = hmac::Context::with_key(&self.master);
        context.update(purpose.as_bytes());
        context.update(&[0]);
        context.update(name.as_bytes());
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        digest
    }
}

/// Random bytes for a nonce.
pub(super) fn nonce() -> [u8; aead::NONCE_LEN] {
    random()
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "a system without randomness must not seal anything")]
    SystemRandom::new().fill(&mut bytes).expect("the system's random numbers");
    bytes
}

fn fresh() -> String {
    hex(&random::<32>())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

/// Whether the file is ours; an existing one is left alone.
fn write_new(path: &Path, text: &str) -> std::io::Result<bool> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match opened {
        Ok(mut file) => {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            Ok(true)
        }
        Err(there) if there.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}
