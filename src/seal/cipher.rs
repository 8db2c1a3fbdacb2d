//! Bytes that only the key's owner can read, each bound to its place, so that what is cut, altered or moved does not open.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::secret::random;

/// Seals and opens with one key. What is sealed is a random nonce of 12 bytes, the ciphertext, and its tag of 16 bytes.
#[derive(Debug)]
pub struct Cipher(LessSafeKey);

impl Cipher {
    /// Bytes that sealing adds.
    pub const OVERHEAD: usize = NONCE_LEN + 16;

    pub(super) fn new(key: &[u8; 32]) -> Self {
        #[expect(clippy::expect_used, reason = "the length is right by construction")]
        let key = UnboundKey::new(&CHACHA20_POLY1305, key).expect("32 bytes");
        Self(LessSafeKey::new(key))
    }

    /// Seals bytes to their place. `None` for more than the cipher can take, some 256 GiB.
    pub fn seal(&self, place: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        let nonce = random::<NONCE_LEN>();
        let mut sealed = Vec::with_capacity(plain.len() + Self::OVERHEAD);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let (_, body) = sealed.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(place), body).ok()?;
        sealed.extend_from_slice(tag.as_ref());
        Some(sealed)
    }

    /// Opens what was sealed with this key to this place; `None` for anything else.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut bytes = body.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self.0.open_in_place(nonce, Aad::from(place), &mut bytes).ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }
}
