//! Secrets: the master keys of a service, keys derived from them for one purpose each, and the cipher that seals bytes to a
//! place. ChaCha20-Poly1305 and HMAC-SHA-256, both by `ring`. What is sealed, and in which files it lies, belongs to the
//! rooms that keep it.
//!
//! ```text
//! master key ─derive(purpose)─▶ key ─seals─▶ a room's own records
//!          └─wraps─▶ data key (random, one a conversation) ─seals─▶ that conversation's records
//! ```

mod cipher;
mod error;
mod keyring;
mod secret;

pub use cipher::Cipher;
pub use error::SealError;
pub use keyring::{Keyring, Wrapped, rotate};
pub use secret::{Secret, hex};

#[cfg(test)]
mod tests;
