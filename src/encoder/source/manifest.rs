//! `models/manifest.toml`: which models are known, what their files must hash to, and where they come from.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::SourceError;

/// The manifest that was compiled in.
const EMBEDDED: &str = include_str!("../../../models/manifest.toml");

/// All models that can be pulled by name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The model that is used when none is named.
    pub default: String,
    /// The models.
    #[serde(rename = "model")]
    pub models: Vec<Entry>,
}

/// One model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The name, which is its folder's.
    pub name: String,
    /// The languages it reads.
    pub languages: String,
    /// The licence of its weights.
    pub licence: String,
    /// What is written into its `encoder.toml`.
    pub encoder: String,
    /// Packages of the Python index that carry it.
    pub wheels: Option<Wheels>,
    /// A repository of the model hub that holds it.
    pub hub: Option<Hub>,
}

/// A model in packages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wheels {
    /// The packages.
    #[serde(rename = "wheel")]
    pub packages: Vec<Wheel>,
    /// A taken file in the 4-bit format, from which `config.json` and `model.safetensors` are made.
    pub convert: Option<String>,
    /// What must be in the folder then.
    pub files: Vec<Pin>,
}

/// One package.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wheel {
    /// Its name.
    pub package: String,
    /// Its exact version.
    pub version: String,
    /// The platform tag of the file that is pinned.
    #[serde(default = "any")]
    pub platform: String,
    /// The file's size in bytes.
    pub size: u64,
    /// The file's hash.
    pub sha256: String,
    /// Name in the model folder → path in the package.
    pub take: BTreeMap<String, String>,
}

fn any() -> String {
    "any".to_owned()
}

/// A model on the hub.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hub {
    /// `owner/name`.
    pub repository: String,
    /// The commit.
    pub revision: String,
    /// What is fetched, by the same names.
    pub files: Vec<Pin>,
}

/// A file of the model folder, by what it must be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its hash, in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// The manifest of this build.
    pub fn embedded() -> Result<Self, SourceError> {
        Self::parse(EMBEDDED)
    }

    /// Reads a manifest.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        let manifest: Self = toml::from_str(text)
            .map_err(|error| SourceError::Manifest(error.message().to_owned()))?;
        match manifest.models.iter().find_map(Entry::problem) {
            Some(problem) => Err(SourceError::Manifest(problem)),
            None => Ok(manifest),
        }
    }

    /// The model of this name.
    pub fn find(&self, name: &str) -> Result<&Entry, SourceError> {
        self.models.iter().find(|entry| entry.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.models.iter().map(|entry| entry.name.as_str()).collect();
            SourceError::UnknownModel { name: name.to_owned(), known: known.join(", ") }
        })
    }
}

impl Entry {
    /// The lists of files, of which one must be in the folder.
    pub(super) fn variants(&self) -> impl Iterator<Item = &[Pin]> {
        let wheels = self.wheels.iter().map(|wheels| wheels.files.as_slice());
        wheels.chain(self.hub.iter().map(|hub| hub.files.as_slice()))
    }

    /// Bytes of the folder, by the first source.
    pub fn size(&self) -> u64 {
        self.variants().next().map_or(0, |pins| pins.iter().map(|pin| pin.size).sum())
    }

    /// A name that would leave the models folder.
    fn problem(&self) -> Option<String> {
        let taken = self
            .wheels
            .iter()
            .flat_map(|wheels| &wheels.packages)
            .flat_map(|wheel| wheel.take.keys());
        let pinned = self.variants().flatten().map(|pin| &pin.name);
        let convert = self.wheels.iter().filter_map(|wheels| wheels.convert.as_ref());
        taken
            .chain(pinned)
            .chain(convert)
            .chain([&self.name])
            .find(|name| !is_plain(name))
            .map(|name| format!("{name:?} is not a plain file name"))
    }
}

fn is_plain(name: &str) -> bool {
    !name.starts_with('.') && Path::new(name).file_name().is_some_and(|last| last == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_manifest_is_sound() {
        let manifest = Manifest::embedded().unwrap();
        assert!(manifest.find(&manifest.default).is_ok());
        for entry in &manifest.models {
            assert!(entry.variants().count() >= 1, "{}", entry.name);
            for pins in entry.variants() {
                let mut names: Vec<&str> = pins.iter().map(|pin| pin.name.as_str()).collect();
                names.sort_unstable();
                assert_eq!(names, ["config.json", "model.safetensors", "tokenizer.json"]);
                assert!(pins.iter().all(|pin| pin.sha256.len() == 64 && pin.size > 0));
            }
        }
        let unknown = manifest.find("bert").unwrap_err().to_string();
        assert!(unknown.contains("multilingual-e5-small, all-minilm-l6-v2"), "{unknown}");
    }

    #[test]
    fn names_stay_in_the_folder() {
        let check = |name: &str, plain: bool| assert_eq!(is_plain(name), plain, "{name:?}");
        check("model.safetensors", true);
        check("../model.safetensors", false);
        check("a/b", false);
        check("/etc/passwd", false);
        check("..", false);
        check(".hidden", false);
        check("", false);
    }
}
