//! Files and directories → what is trained on and what is held out. A data-set folder's `test.jsonl` is never opened.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::super::explained;
use super::MaterialArgs;
use crate::intent::finetune::{Labelled, Material, Pair};
use crate::knowledge::{self, Article, LoadOptions};
use crate::record::jsonl;

/// A smaller part held out says too little to stop by: then all are trained on.
pub(super) const LEAST_TO_STOP_BY: usize = 300;

/// A line with a label; null is out of scope, which is no intent and not trained on.
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
    label: Verdict,
}

#[derive(Deserialize)]
#[serde(try_from = "u8")]
struct Verdict(bool);

impl TryFrom<u8> for Verdict {
    type Error = &'static str;

    fn try_from(label: u8) -> Result<Self, Self::Error> {
        match label {
            0 => Ok(Self(false)),
            1 => Ok(Self(true)),
            _ => Err("the label of a pair is 0 or 1"),
        }
    }
}

/// A row of `kb.jsonl`.
#[derive(Deserialize)]
struct FaqRow {
    id: String,
    question: String,
    answer: String,
}

/// A row of `queries.jsonl`.
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
    /// Texts and pairs that were left out because they contradict each other.
    pub(super) dropped: usize,
}

impl Given {
    /// Reads everything that the arguments name, checks it, and holds a part out, unless it has fewer than `least` texts.
    pub(super) fn read(
        args: &MaterialArgs,
        options: &LoadOptions,
        (seed, least): (u64, usize),
    ) -> anyhow::Result<Self> {
        anyhow::ensure!((0.0..=0.5).contains(&args.hold_out), "--hold-out must be 0 to 0.5");
        let mut given = Self::default();
        for dir in &args.knowledge {
            given.knowledge(dir, options)?;
        }
        for path in &args.data {
            given.data(path)?;
        }
        for path in &args.pairs {
            let rows: Vec<PairRow> = given.rows(path)?;
            let pair = |row: PairRow| Pair { a: row.a, b: row.b, same: row.label.0 };
            given.material.pairs.extend(rows.into_iter().map(pair));
        }
        if let Some(path) = &args.valid {
            let rows = given.rows(path)?;
            given.held.labelled.extend(labelled(rows));
        }
        if args.drop_contradictions {
            given.dropped = given.material.drop_contradictions();
        }
        given.material.check().map_err(explained)?;
        if given.held == Material::default() {
            given.hold_out(args.hold_out, seed, least);
        }
        Ok(given)
    }

    /// Holds a part out, if it is large enough to judge by.
    fn hold_out(&mut self, share: f64, seed: u64, least: usize) {
        let mut rest = self.material.clone();
        let held = rest.hold_out(share, seed);
        if held.labelled.len() + held.pairs.len() >= least {
            (self.material, self.held) = (rest, held);
        }
    }

    /// Titles and questions of the articles that are served; those of one intent are of one label.
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

    fn data(&mut self, path: &Path) -> anyhow::Result<()> {
        if path.join("kb.jsonl").is_file() {
            return self.faq(path);
        }
        let folder = path.is_dir();
        let train = if folder { path.join("train.jsonl") } else { path.to_owned() };
        let rows = self.rows(&train)?;
        self.material.labelled.extend(labelled(rows));
        let valid = path.join("valid.jsonl");
        if folder && valid.is_file() {
            let rows = self.rows(&valid)?;
            self.held.labelled.extend(labelled(rows));
        }
        Ok(())
    }

    /// Rows with one answer are of one label; a query is of that of the first row it names.
    fn faq(&mut self, dir: &Path) -> anyhow::Result<()> {
        let rows: Vec<FaqRow> = self.rows(&dir.join("kb.jsonl"))?;
        let queries: Vec<QueryRow> = self.rows(&dir.join("queries.jsonl"))?;
        let (mut by_answer, mut labels) = (BTreeMap::new(), HashMap::new());
        for row in &rows {
            let own = row.id.as_str();
            let answer = Some(row.answer.trim()).filter(|answer| !answer.is_empty());
            let label = answer.map_or(own, |answer| *by_answer.entry(answer).or_insert(own));
            labels.insert(own, label);
            let (text, label) = (row.question.clone(), label.to_owned());
            self.material.labelled.push(Labelled { text, label });
        }
        self.material.labelled.extend(queries.into_iter().filter_map(|query| {
            let label = labels.get(query.relevant.first()?.as_str())?;
            Some(Labelled { text: query.text, label: (*label).to_owned() })
        }));
        Ok(())
    }

    fn rows<T: DeserializeOwned>(&mut self, path: &Path) -> anyhow::Result<Vec<T>> {
        let rows = jsonl::read(path).map_err(explained)?;
        self.hashes.push(hex(&Sha256::digest(fs_err::read(path)?)));
        Ok(rows)
    }
}

fn labelled(rows: Vec<LabelledRow>) -> impl Iterator<Item = Labelled> {
    rows.into_iter().filter_map(|row| Some(Labelled { text: row.text, label: row.label? }))
}

fn phrasings(article: &Article) -> impl Iterator<Item = String> + '_ {
    let title = Some(article.title.clone()).filter(|title| !title.is_empty());
    title.into_iter().chain(article.questions.iter().map(|question| question.value.clone()))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
