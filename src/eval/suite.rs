//! Evaluation suites: which public set, byte for byte, is read by which model, and what it must reach. Declarative files in
//! `benches/suites/`; the sets themselves stay where the user has them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::score::Scores;
use crate::error::{Classify, Kind};

/// One suite.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// What it is called by `--suite`.
    pub name: String,
    /// What the set is, and its licence.
    pub about: String,
    /// The set's folder below the data root.
    pub folder: PathBuf,
    /// The model that reads it.
    pub model: String,
    /// File name → sha-256 in hexadecimal.
    pub files: BTreeMap<String, String>,
    /// What must be reached.
    #[serde(default)]
    pub floor: Floor,
    /// What another method reached: shown beside, never enforced.
    #[serde(default)]
    pub reference: Vec<Reference>,
}

/// The least figures of a suite, fractions of 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// Best intent right.
    pub accuracy_in_scope: Option<f64>,
    /// Best article right.
    pub hit_at_1: Option<f64>,
}

/// A coverage that another method reached, with its precision and target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The precision asked for.
    pub target: f64,
    /// Answered of all.
    pub coverage: f64,
    /// Right of answered.
    pub precision: f64,
}

/// One figure beside its floor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Held {
    /// The JSON key of the figure.
    pub figure: &'static str,
    /// What was reached.
    pub reached: Option<f64>,
    /// What must be.
    pub floor: f64,
    /// Whether it was.
    pub held: bool,
}

/// Why a suite cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// A file or folder that cannot be read; the message names it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A suite file that is not one.
    #[error("{}: {message}", path.display())]
    BadSuite {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// No suite of that name.
    #[error("there is no suite {name:?}; there are: {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A data file that is not the one the floors were measured on.
    #[error("{} is not the file that the suite was measured on (its sha-256 differs)", path.display())]
    OtherFile {
        /// Which file.
        path: PathBuf,
    },
}

impl Classify for SuiteError {
    fn kind(&self) -> Kind {
        match self {
            Self::Io(_) | Self::Unknown { .. } => Kind::NotFound,
            Self::BadSuite { .. } => Kind::InvalidArgument,
            Self::OtherFile { .. } => Kind::FailedPrecondition,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::Io(_) => "FILE_UNREADABLE",
            Self::Unknown { .. } => "NO_SUCH_SUITE",
            Self::BadSuite { .. } => "BAD_SUITE",
            Self::OtherFile { .. } => "OTHER_DATA",
        }
    }
    fn remedy(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Io(_) => {
                "Name the folder that holds the sets with --data-root or FIRSTLINE_DATA."
            }
            Self::Unknown { .. } => "Name one of these, or `all`.",
            Self::BadSuite { .. } => "Compare it with the other files of benches/suites.",
            Self::OtherFile { .. } => {
                "Use the set's official split, or --data for a set of your own."
            }
        })
    }
}

impl Suite {
    /// The set's folder, once every file in it is the one the floors were measured on.
    pub fn checked_folder(&self, data_root: &Path) -> Result<PathBuf, SuiteError> {
        let folder = data_root.join(&self.folder);
        for (name, expected) in &self.files {
            let path = folder.join(name);
            if sha256(&fs_err::read(&path)?) != *expected {
                return Err(SuiteError::OtherFile { path });
            }
        }
        Ok(folder)
    }

    /// The figures that have a floor, beside it.
    pub fn held(&self, scores: &Scores) -> Vec<Held> {
        let figures = [
            ("accuracy_in_scope", scores.accuracy_in_scope, self.floor.accuracy_in_scope),
            ("hit_at_1", scores.hit_at_1, self.floor.hit_at_1),
        ];
        figures
            .into_iter()
            .filter_map(|(figure, reached, floor)| {
                let floor = floor?;
                let held = reached.is_some_and(|reached| reached >= floor);
                Some(Held { figure, reached, floor, held })
            })
            .collect()
    }
}

/// The suites called `name` in `dir`, or all of them, by name.
pub fn find(dir: &Path, name: &str) -> Result<Vec<Suite>, SuiteError> {
    let all = read_all(dir)?;
    let known = all.iter().map(|suite| suite.name.as_str()).collect::<Vec<_>>().join(", ");
    let found: Vec<Suite> =
        all.into_iter().filter(|suite| name == "all" || suite.name == name).collect();
    if found.is_empty() {
        return Err(SuiteError::Unknown { name: name.to_owned(), known });
    }
    Ok(found)
}

fn read_all(dir: &Path) -> Result<Vec<Suite>, SuiteError> {
    let mut paths = Vec::new();
    for entry in fs_err::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| parse(path, &fs_err::read_to_string(path)?)).collect()
}

fn parse(path: &Path, text: &str) -> Result<Suite, SuiteError> {
    toml::from_str(text).map_err(|error| SuiteError::BadSuite {
        path: path.to_owned(),
        message: error.message().to_owned(),
    })
}

fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        write!(hex, "{byte:02x}").ok();
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/suites")
    }

    fn scores(accuracy: Option<f64>) -> Scores {
        Scores { accuracy_in_scope: accuracy, ..Scores::of(&[]) }
    }

    #[test]
    fn the_shipped_suites_are_whole() {
        let suites = find(&shipped(), "all").unwrap();
        assert!(suites.len() >= 6);
        for suite in &suites {
            assert_eq!(find(&shipped(), &suite.name).unwrap(), std::slice::from_ref(suite));
            assert!(suite.files.values().all(|hash| hash.len() == 64), "{}", suite.name);
        }
        let error = find(&shipped(), "nothing").unwrap_err().to_string();
        assert!(error.contains("banking77") && error.contains("clinc150"), "{error}");
    }

    #[test]
    fn a_floor_is_held_by_reaching_it() {
        let check = |reached: Option<f64>, held: bool| {
            let suite = find(&shipped(), "banking77").unwrap().remove(0);
            let all = suite.held(&scores(reached));
            assert_eq!(
                all.iter().map(|h| (h.figure, h.held)).collect::<Vec<_>>(),
                [("accuracy_in_scope", held)]
            );
        };
        check(Some(0.93), true);
        check(Some(0.926), true);
        check(Some(0.92), false);
        check(None, false);
    }

    #[test]
    fn other_data_is_refused() {
        let root = std::env::temp_dir().join(format!("firstline-suite-{}", std::process::id()));
        fs_err::create_dir_all(root.join("set")).unwrap();
        fs_err::write(root.join("set/a.jsonl"), "a").unwrap();
        let suite = |hash: &str| {
            let text = format!(
                "name = 'x'\nabout = ''\nfolder = 'set'\nmodel = 'm'\n[files]\n'a.jsonl' = '{hash}'"
            );
            parse(Path::new("x.toml"), &text).unwrap()
        };
        let same = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
        assert_eq!(suite(same).checked_folder(&root).unwrap(), root.join("set"));
        let error = suite("00").checked_folder(&root).unwrap_err();
        assert!(matches!(error, SuiteError::OtherFile { .. }), "{error}");
        fs_err::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn an_unknown_key_is_named() {
        let error = parse(Path::new("x.toml"), "name = 'x'\nflor = 1").unwrap_err().to_string();
        assert!(error.contains("flor"), "{error}");
    }
}
