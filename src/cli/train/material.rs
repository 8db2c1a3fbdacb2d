//! Files and directories → what is trained on and what is held out. A data-set folder's `test.jsonl` is never opened.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::super::explained;
use super::MaterialArgs;
use crate::eval::jsonl;
use crate::intent::finetune::{Labelled, Material, Pair};
use crate::knowledge::{self, Article, LoadOptions};

/// A line with a label; null is out of scope, which is no intent.
#[derive(Deserialize)]
struct LabelledRow {
    text: String,
    label: Option<String>,
}

/// A line with two texts; 1 means that they ask the same.
#[derive(Deserialize)]
struct PairRow {
    a: String,
    b: String,
    label: u8,
}

/// A row of a FAQ, and a query that names the rows which answer it.
#[derive(Deserialize)]
struct FaqRow {
    id: String,
    question: String,
    answer: String,
}

#[derive(Deserialize)]
struct QueryRow {
    text: String,
    #[serde(default)]
    relevant: Vec<String>,
}

/// All that was given.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) material: Material,
    pub(super) held: Material,
    /// sha-256 of each source, in the order given.
    pub(super) hashes: Vec<String>,
}

impl Given {
    /// Reads everything that the arguments name.
    pub(super) fn read(args: &MaterialArgs, options: &LoadOptions) -> anyhow::Result<Self> {
        let mut given = Self::default();
        for dir in &args.knowledge {
            given.knowledge(dir, options)?;
        }
        for (number, path) in args.data.iter().enumerate() {
            // Two files may use one name for different things.
            let prefix = if args.data.len() > 1 { format!("{number}/") } else { String::new() };
            given.data(path, &prefix)?;
        }
        for path in &args.pairs {
            let pairs = given.pairs(path)?;
            given.material.pairs.extend(pairs);
        }
        if let Some(path) = &args.valid {
            let rows: Vec<LabelledRow> = given.rows(path)?;
            given.held.labelled.extend(labelled(rows, ""));
        }
        Ok(given)
    }

    fn knowledge(&mut self, dir: &Path, options: &LoadOptions) -> anyhow::Result<()> {
        let loaded = knowledge::load(dir, options).map_err(explained)?;
        let mut digest = Sha256::new();
        for article in loaded.served_on(options.today) {
            let label = article.intent.as_str().to_owned();
            for text in phrasings(&article) {
                digest.update(format!("{label}\0{text}\0"));
                self.material.labelled.push(Labelled { text, label: label.clone() });
            }
        }
        self.hashes.push(hex(&digest.finalize()));
        Ok(())
    }

    fn data(&mut self, path: &Path, prefix: &str) -> anyhow::Result<()> {
        if path.join("kb.jsonl").is_file() {
            return self.faq(path, prefix);
        }
        if !path.is_dir() {
            let rows: Vec<LabelledRow> = self.rows(path)?;
            self.material.labelled.extend(labelled(rows, prefix));
            return Ok(());
        }
        let rows: Vec<LabelledRow> = self.rows(&path.join("train.jsonl"))?;
        self.material.labelled.extend(labelled(rows, prefix));
        let valid = path.join("valid.jsonl");
        if valid.is_file() {
            let rows: Vec<LabelledRow> = self.rows(&valid)?;
            self.held.labelled.extend(labelled(rows, prefix));
        }
        Ok(())
    }

    /// Rows with one answer are one label; a query takes that of the first row it names.
    fn faq(&mut self, dir: &Path, prefix: &str) -> anyhow::Result<()> {
        let rows: Vec<FaqRow> = self.rows(&dir.join("kb.jsonl"))?;
        let queries: Vec<QueryRow> = self.rows(&dir.join("queries.jsonl"))?;
        let mut by_answer: BTreeMap<&str, &str> = BTreeMap::new();
        let mut labels = HashMap::new();
        for row in &rows {
            let label = if row.answer.trim().is_empty() {
                row.id.as_str()
            } else {
                by_answer.entry(row.answer.trim()).or_insert(&row.id)
            };
            let label = format!("{prefix}{label}");
            labels.insert(row.id.as_str(), label.clone());
            self.material.labelled.push(Labelled { text: row.question.clone(), label });
        }
        for query in &queries {
            let label = query.relevant.first().and_then(|id| labels.get(id.as_str()));
            if let Some(label) = label {
                self.material
                    .labelled
                    .push(Labelled { text: query.text.clone(), label: label.clone() });
            }
        }
        Ok(())
    }

    fn pairs(&mut self, path: &Path) -> anyhow::Result<Vec<Pair>> {
        let rows: Vec<PairRow> = self.rows(path)?;
        let pair = |row: PairRow| Pair { a: row.a, b: row.b, same: row.label == 1 };
        Ok(rows.into_iter().map(pair).collect())
    }

    fn rows<T: serde::de::DeserializeOwned>(&mut self, path: &Path) -> anyhow::Result<Vec<T>> {
        let rows = jsonl::read(path).map_err(explained)?;
        self.hashes.push(hex(&Sha256::digest(fs_err::read(path)?)));
        Ok(rows)
    }
}

fn labelled(rows: Vec<LabelledRow>, prefix: &str) -> impl Iterator<Item = Labelled> + '_ {
    rows.into_iter().filter_map(move |row| {
        let label = format!("{prefix}{}", row.label?);
        Some(Labelled { text: row.text, label })
    })
}

fn phrasings(article: &Article) -> Vec<String> {
    let title = Some(article.title.clone()).filter(|title| !title.is_empty());
    title
        .into_iter()
        .chain(article.questions.iter().map(|question| question.value.clone()))
        .collect()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
