//! Evaluation suites: which set, byte for byte, is read by which model in which variant, and what it must reach. Declarative
//! files in `benches/suites/`; public sets stay where the user has them, only the demo's messages stand beside.

mod bars;
mod error;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::dataset::{Changes, Origin};

pub use bars::{Bar, CoverageBar, Floor, Held, Measured, Reached, Reference};
pub use error::SuiteError;

/// One suite.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// What it is called by `--suite`.
    pub name: String,
    /// What the set is, and its licence.
    pub about: String,
    /// The set's folder below the data root.
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// Instead of a folder: the product's own articles and messages.
    #[serde(default)]
    pub own: Option<Own>,
    /// The model that reads it.
    pub model: String,
    /// File of the folder → sha-256 in hexadecimal.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// How it differs from the plain set.
    #[serde(default)]
    pub variant: Variant,
    /// What plain methods reach; below it something is broken.
    #[serde(default)]
    pub floor: Floor,
    /// What it is meant to reach.
    #[serde(default)]
    pub bar: Bar,
    /// What another method reached: shown beside, never enforced.
    #[serde(default)]
    pub reference: Vec<Reference>,
    /// Where the suite's own file stands.
    #[serde(skip)]
    home: PathBuf,
}

/// Articles and messages of this repository, relative to the suite's own file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Own {
    /// The directory of articles.
    pub knowledge: PathBuf,
    /// The labelled messages.
    pub messages: PathBuf,
}

/// How a suite differs from the plain set.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Variant {
    /// Another training file of the folder.
    pub train: Option<String>,
    /// The share of the queries that becomes questions of their articles.
    pub index_share: f64,
    /// Picks that share.
    pub seed: u64,
    /// Leaves out training texts without a label.
    pub drop_null_training: bool,
}

impl Suite {
    /// Where the set is, once every file in it is the one the figures were measured on.
    pub fn checked_origin(&self, data_root: &Path, today: Date) -> Result<Origin, SuiteError> {
        if let Some(own) = &self.own {
            return Ok(Origin::Directory {
                knowledge: self.home.join(&own.knowledge),
                messages: self.home.join(&own.messages),
                today,
            });
        }
        let folder = self.folder_below(data_root);
        for (name, expected) in &self.files {
            let path = folder.join(name);
            if sha256(&fs_err::read(&path)?) != *expected {
                return Err(SuiteError::OtherFile { path });
            }
        }
        Ok(Origin::Folder(folder))
    }

    /// The variant's changes, each replaced by what the caller asks for.
    pub fn changes(&self, data_root: &Path, asked: Changes) -> Changes {
        let own = &self.variant;
        let train = || own.train.as_ref().map(|train| self.folder_below(data_root).join(train));
        let (index_share, seed) = if asked.index_share > 0.0 {
            (asked.index_share, asked.seed)
        } else {
            (own.index_share, own.seed.max(asked.seed))
        };
        Changes {
            train: asked.train.or_else(train),
            noise: asked.noise,
            index_share,
            seed,
            drop_null_training: asked.drop_null_training || own.drop_null_training,
        }
    }

    fn folder_below(&self, data_root: &Path) -> PathBuf {
        data_root.join(self.folder.as_deref().unwrap_or(Path::new("")))
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
    let bad =
        |message: &str| SuiteError::BadSuite { path: path.to_owned(), message: message.to_owned() };
    let suite: Suite = toml::from_str(text).map_err(|error| bad(error.message()))?;
    if suite.folder.is_some() == suite.own.is_some() {
        return Err(bad("name either a `folder` or `own` articles and messages"));
    }
    Ok(Suite { home: path.parent().unwrap_or(Path::new("")).to_owned(), ..suite })
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
mod tests;
