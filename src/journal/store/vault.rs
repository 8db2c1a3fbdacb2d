//! The keys of one journal: its own secret and what is derived from it, and the data keys of conversations.

use super::super::error::JournalError;
use super::super::frame::Alias;
use super::ROOT;
use crate::routing::Conversation;
use crate::seal::{Keyring, Secret, Wrapped};

/// The keys.
#[derive(Debug)]
pub(in crate::journal) struct Vault {
    keyring: Keyring,
    root: Secret,
    chain: Secret,
    own: Secret,
    names: Secret,
}

impl Vault {
    pub(super) fn new(keyring: Keyring, root: &Secret) -> Self {
        Self {
            keyring,
            root: root.clone(),
            chain: root.derive("journal chain v1"),
            own: root.derive("journal own v1"),
            names: root.derive("journal alias v1"),
        }
    }

    /// Links records.
    pub(in crate::journal) fn chain(&self) -> &Secret {
        &self.chain
    }

    /// Seals what belongs to no conversation.
    pub(in crate::journal) fn own(&self) -> &Secret {
        &self.own
    }

    /// What stands for a conversation in the clear.
    pub(in crate::journal) fn alias(&self, conversation: &Conversation) -> Alias {
        let Conversation { caller, id } = conversation;
        let digest = self.names.sign(&[caller.as_str().as_bytes(), &[0], id.as_str().as_bytes()]);
        let mut alias = [0; 16];
        alias.iter_mut().zip(digest).for_each(|(slot, byte)| *slot = byte);
        alias
    }

    /// A new data key, and what is kept of it.
    pub(super) fn make(&self, alias: &Alias) -> Result<(Secret, Wrapped), JournalError> {
        let key = Secret::random();
        let wrapped = self.keyring.wrap(alias, &key)?;
        Ok((key, wrapped))
    }

    /// A kept data key under the newest master key.
    pub(super) fn again(&self, alias: &Alias, wrapped: &[u8]) -> Result<Wrapped, JournalError> {
        Ok(self.keyring.wrap(alias, &self.open(alias, wrapped)?)?)
    }

    /// The journal's own secret under the newest master key.
    pub(super) fn root(&self) -> Result<Wrapped, JournalError> {
        Ok(self.keyring.wrap(ROOT.as_bytes(), &self.root)?)
    }

    /// Whether a wrapped key is under the newest master key.
    pub(super) fn is_newest(&self, wrapped: &[u8]) -> bool {
        self.keyring.is_newest(wrapped)
    }

    /// A data key that was kept.
    pub(super) fn open(&self, alias: &Alias, wrapped: &[u8]) -> Result<Secret, JournalError> {
        Ok(self.keyring.unwrap(alias, wrapped)?)
    }
}
