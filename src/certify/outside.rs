//! Workshop messages that labels say nothing here answers. Half of them, by the key, teach the next release what lies
//! outside of its knowledge; the other half stays with the calibrator, which must not be fitted on what the readers know.

use std::collections::BTreeSet;
use std::path::Path;

use super::desk::Desk;
use super::error::CertifyError;
use super::pool::{Pooled, Pools};
use crate::record;

const OUTSIDE: &str = "outside.sealed";
/// The share of them that teaches.
const TEACH: f64 = 0.5;
/// Fewer than this say little, and change the bundle.
const FEWEST: usize = 20;
/// More teach little, and take time at every release.
const MOST: usize = 5_000;

impl Desk {
    /// Takes the messages of a log that are to teach, with those of earlier ones; how many there are now. The next bundle is
    /// built with them, so it comes before a plan.
    pub fn teach(&self, log: &Path) -> Result<usize, CertifyError> {
        let records = record::read(log)?;
        let workshop = self.draw().sides(&records).workshop;
        let _lock = self.lock()?;
        let mut texts: BTreeSet<String> = self.outside()?.into_iter().collect();
        let before = texts.len();
        texts.extend(workshop.into_iter().filter(|m| self.teaches(m)).map(|m| m.text).take(MOST));
        let texts: Vec<String> = texts.into_iter().take(MOST).collect();
        if texts.len() < FEWEST {
            return Ok(0);
        }
        if texts.len() != before {
            self.sealed(OUTSIDE).replace(&texts)?;
        }
        Ok(texts.len())
    }

    /// What the next bundle learns as lying outside.
    pub fn outside(&self) -> Result<Vec<String>, CertifyError> {
        self.sealed(OUTSIDE).read()
    }

    /// The same of a storage folder; nothing is made there.
    pub fn outside_of(storage: &Path) -> Result<Vec<String>, CertifyError> {
        if storage.join("calibration").join(OUTSIDE).is_file() {
            Self::open(storage)?.outside()
        } else {
            Ok(Vec::new())
        }
    }

    /// Takes those that taught out of a workshop.
    pub(super) fn without_taught(&self, pools: &mut Pools) -> Result<(), CertifyError> {
        let taught: BTreeSet<String> = self.outside()?.into_iter().collect();
        pools.workshop.retain(|message| !taught.contains(&message.text));
        Ok(())
    }

    fn teaches(&self, message: &Pooled) -> bool {
        let outside = message.relevant.as_ref().is_some_and(Vec::is_empty);
        outside && self.draw().0.falls("outside v1", &message.text, TEACH)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn storage(name: &str) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("firstline-outside-{}-{name}", std::process::id()));
        drop(fs_err::remove_dir_all(&folder));
        fs_err::create_dir_all(&folder).unwrap();
        folder
    }

    fn log(folder: &Path, messages: usize) -> PathBuf {
        let line = |at: usize| match at % 3 {
            0 => format!("{{\"text\":\"inside {at}\",\"relevant\":[\"a\"]}}\n"),
            1 => format!("{{\"text\":\"unlabelled {at}\"}}\n"),
            _ => format!("{{\"text\":\"outside {at}\",\"relevant\":[]}}\n"),
        };
        let path = folder.join("log.jsonl");
        fs_err::write(&path, (0..messages).map(line).collect::<String>()).unwrap();
        path
    }

    #[test]
    fn half_of_the_workshop_texts_without_an_answer_teach_and_the_others_stay() {
        let folder = storage("half");
        let desk = Desk::open(&folder).unwrap();
        let log = log(&folder, 1_800);
        let taught = desk.teach(&log).unwrap();
        // A third of 600 conversations is workshop, and half of that teaches.
        assert!((60..140).contains(&taught), "{taught}");
        assert_eq!((desk.teach(&log).unwrap(), desk.outside().unwrap().len()), (taught, taught));
        let mut pools = desk.draw().sides(&record::read(&log).unwrap());
        let certify: Vec<String> = pools.certify.iter().map(|m| m.text.clone()).collect();
        let all = pools.workshop.len();
        desk.without_taught(&mut pools).unwrap();
        assert_eq!(pools.workshop.len(), all - taught);
        assert!(pools.workshop.iter().any(|m| m.relevant == Some(Vec::new())));
        let taught = Desk::outside_of(&folder).unwrap();
        assert!(taught.iter().all(|text| text.starts_with("outside") && !certify.contains(text)));
    }

    #[test]
    fn few_teach_nothing_and_nothing_is_made_by_asking() {
        let folder = storage("few");
        assert_eq!(Desk::outside_of(&folder).unwrap(), Vec::<String>::new());
        assert!(!folder.join("key").exists());
        let desk = Desk::open(&folder).unwrap();
        assert_eq!(desk.teach(&log(&folder, 30)).unwrap(), 0);
        assert!(desk.outside().unwrap().is_empty());
    }
}
