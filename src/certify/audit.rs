//! One or two answers in a hundred, drawn at random, are judged by people: the only watch on precision that a running
//! service has.

use std::collections::HashSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::desk::Desk;
use super::error::CertifyError;
use super::labels::judged;
use super::live::Heard;
use crate::decision::guarantee::{Alarm, Wager};

pub(super) const AUDIT: &str = "audit.sealed";
const JUDGED: &str = "audited.sealed";
/// What the answer's column of the table says instead of a text's name.
const KEY: &str = "audit";

/// An answer that was drawn for an audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audited {
    /// The decision.
    pub id: String,
    /// What the customer wrote.
    pub text: String,
    /// What was sent.
    pub answer: String,
}

impl Audited {
    pub(super) fn of(heard: &Heard) -> Self {
        let Heard { decision, text, answer, .. } = heard;
        Self { id: decision.clone(), text: text.clone(), answer: answer.clone() }
    }
}

impl Desk {
    /// Writes the answers that nobody judged yet as a table; how many, and where.
    pub fn audit_table(&self) -> Result<(usize, Vec<PathBuf>), CertifyError> {
        let judged: HashSet<String> = self.judged()?.into_iter().collect();
        let drawn: Vec<Audited> = self.sealed(AUDIT).read_grown()?;
        let rows: Vec<[String; 4]> = drawn
            .into_iter()
            .filter(|audited| !judged.contains(&audited.id))
            .map(|audited| [audited.id, KEY.to_owned(), audited.text, audited.answer])
            .collect();
        Ok((rows.len(), self.tables("audit", &rows)?))
    }

    fn judged(&self) -> Result<Vec<String>, CertifyError> {
        self.sealed(JUDGED).read()
    }

    /// Takes in verdicts. Each drawn answer counts once; auditors who differ make it wrong.
    pub fn audit(&self, tables: &[PathBuf]) -> Result<Wager, CertifyError> {
        let lock = self.lock()?;
        let verdicts = judged(tables)?.verdicts;
        let drawn: Vec<Audited> = self.sealed(AUDIT).read_grown()?;
        let mut done = self.judged()?;
        let mut ledger = self.ledger()?;
        let Some(granted) = &ledger.granted else { return Err(CertifyError::NoCertificate) };
        let target = granted.epoch.budget.terms.target;
        let known: HashSet<String> = done.iter().cloned().collect();
        for audited in drawn.iter().filter(|audited| !known.contains(&audited.id)) {
            let Some(right) = verdicts.get(&(audited.id.clone(), KEY.to_owned())) else { continue };
            ledger.audit.judge(*right, target);
            done.push(audited.id.clone());
        }
        if ledger.audit.alarmed {
            ledger.alarm = ledger.alarm.or(Some(Alarm::Audit));
        }
        self.sealed(JUDGED).replace(&done)?;
        self.save(&lock, &ledger)?;
        Ok(ledger.audit)
    }
}
