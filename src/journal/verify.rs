//! Reading all of a journal to see whether it holds: pages, chain, seals, contents, the snapshot, and that every recorded
//! verdict comes out again.

use std::path::Path;

use super::JournalError;
use super::replay::Replay;
use super::upkeep::Upkeep;
use crate::seal::Keyring;

/// Damaged records that are named; a file that has more is lost anyway.
const NAMED: usize = 100;

/// What was found.
#[derive(Debug)]
pub struct Findings {
    /// Records that were read, damaged ones not counted.
    pub records: u64,
    /// Damaged records in all.
    pub damaged: u64,
    /// What is wrong, by record; the first hundred.
    pub faults: Vec<JournalError>,
    /// Parts of the snapshot.
    pub parts: usize,
    /// The verdicts.
    pub replay: Replay,
}

impl Findings {
    /// Whether all of it holds.
    pub fn holds(&self) -> bool {
        self.damaged == 0 && self.faults.is_empty() && self.replay.differing.is_empty()
    }

    fn add(&mut self, fault: JournalError) {
        if self.faults.len() < NAMED {
            self.faults.push(fault);
        }
    }
}

/// Reads all of the journal of a storage directory.
pub fn verify(storage: &Path, keyring: Keyring) -> Result<Findings, JournalError> {
    let upkeep = Upkeep::open(storage, keyring)?;
    let mut found = Findings {
        records: 0,
        damaged: 0,
        faults: Vec::new(),
        parts: 0,
        replay: Replay::default(),
    };
    for entry in upkeep.entries()? {
        match entry {
            Ok(entry) => {
                found.records += 1;
                found.replay.take(&entry);
            }
            Err(fault) => {
                found.damaged += 1;
                found.add(fault);
            }
        }
    }
    match upkeep.parts() {
        Ok(parts) => found.parts = parts,
        Err(fault) => found.add(fault),
    }
    // The engine mends what it can, and a file that is to be looked into must stay as it is.
    if found.faults.is_empty()
        && let Err(fault) = upkeep.pages()
    {
        found.add(fault);
    }
    Ok(found)
}
