//! What a model folder says about itself: shape, pooling, prefixes. Reads the plain BERT layout, with or without the files
//! of sentence-transformers. It opens small text files only; weights and tokenizer are read elsewhere.
//!
//! ```text
//! models/NAME/
//!   config.json                         shape (required)
//!   tokenizer.json                      WordPiece or Unigram (required)
//!   model.safetensors                   weights (required)
//!   encoder.toml                        pooling = "mean" | "cls"; prefix.query, prefix.passage: wins over the next three
//!   1_Pooling/config.json               pooling
//!   config_sentence_transformers.json   prefixes, as its prompts "query" and "passage" (or "document")
//!   sentence_bert_config.json           the longest text the model was trained on, in tokens
//! ```

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{EncoderError, Role};

/// The file of the weights.
pub(super) const WEIGHTS: &str = "model.safetensors";
/// The file of the tokenizer.
pub(super) const TOKENIZER: &str = "tokenizer.json";
/// The file of the shape.
pub(super) const CONFIG: &str = "config.json";
/// Our own file, for what the others do not say.
pub(super) const ENCODER: &str = "encoder.toml";

/// How the vectors of the tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// Their mean.
    #[default]
    Mean,
    /// The first one's.
    Cls,
}

/// The non-linearity between the two halves of a feed-forward block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
pub(super) enum Activation {
    /// x Φ(x), by the error function.
    #[default]
    #[serde(rename = "gelu")]
    Gelu,
    /// The same, by tanh.
    #[serde(rename = "gelu_new", alias = "gelu_pytorch_tanh", alias = "gelu_approximate")]
    GeluTanh,
    /// max(x, 0).
    #[serde(rename = "relu")]
    Relu,
}

/// The shape of a BERT, within bounds under which no size overflows.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct BertShape {
    #[serde(rename = "vocab_size")]
    pub(super) vocabulary: usize,
    #[serde(rename = "hidden_size")]
    pub(super) hidden: usize,
    #[serde(rename = "num_hidden_layers")]
    pub(super) layers: usize,
    #[serde(rename = "num_attention_heads")]
    pub(super) heads: usize,
    #[serde(rename = "intermediate_size")]
    pub(super) intermediate: usize,
    #[serde(rename = "max_position_embeddings")]
    pub(super) positions: usize,
    #[serde(rename = "type_vocab_size", default = "two")]
    pub(super) types: usize,
    #[serde(rename = "layer_norm_eps", default = "tiny")]
    pub(super) epsilon: f64,
    #[serde(rename = "hidden_act", default)]
    pub(super) activation: Activation,
    #[serde(default)]
    model_type: Option<String>,
    #[serde(default)]
    position_embedding_type: Option<String>,
}

fn two() -> usize {
    2
}

fn tiny() -> f64 {
    1e-12
}

impl BertShape {
    /// The weights that each token is multiplied with: those of all layers' matrices.
    pub(super) fn multiplied(&self) -> usize {
        self.layers * self.hidden * (4 * self.hidden + 2 * self.intermediate)
    }

    /// What makes this shape impossible, if anything does.
    fn problem(&self) -> Option<String> {
        let bounds = [
            ("vocab_size", self.vocabulary, 1 << 22),
            ("hidden_size", self.hidden, 1 << 13),
            ("num_hidden_layers", self.layers, 128),
            ("num_attention_heads", self.heads, 256),
            ("intermediate_size", self.intermediate, 1 << 15),
            ("max_position_embeddings", self.positions, 1 << 15),
            ("type_vocab_size", self.types, 64),
        ];
        if let Some((key, value, most)) =
            bounds.into_iter().find(|(_, value, most)| !(1..=*most).contains(value))
        {
            return Some(format!("{key} is {value}; it must be 1 to {most}"));
        }
        if !self.hidden.is_multiple_of(self.heads) {
            let (hidden, heads) = (self.hidden, self.heads);
            return Some(format!("hidden_size {hidden} does not divide into {heads} heads"));
        }
        if !(self.epsilon > 0.0 && self.epsilon < 1.0) {
            return Some(format!("layer_norm_eps is {}; it must be between 0 and 1", self.epsilon));
        }
        self.foreign()
    }

    /// What marks this as another architecture, if anything does.
    fn foreign(&self) -> Option<String> {
        match (self.model_type.as_deref(), self.position_embedding_type.as_deref()) {
            (None | Some("bert"), None | Some("absolute")) => None,
            (None | Some("bert"), Some(other)) => {
                Some(format!("position_embedding_type {other:?} is not supported, only absolute"))
            }
            (Some(other), _) => Some(format!("model_type {other:?} is not supported, only bert")),
        }
    }
}

/// What stands before a text, by its role.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Prefixes {
    #[serde(default)]
    pub(super) query: String,
    #[serde(default)]
    pub(super) passage: String,
}

impl Prefixes {
    pub(super) fn of(&self, role: Role) -> &str {
        match role {
            Role::Query => &self.query,
            Role::Passage => &self.passage,
        }
    }
}

/// `encoder.toml`, the shape of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnFile {
    pooling: Option<Pooling>,
    prefix: Option<Prefixes>,
}

/// `1_Pooling/config.json`.
#[derive(Debug, Deserialize)]
struct PoolingFile {
    #[serde(default)]
    pooling_mode_cls_token: bool,
    #[serde(default)]
    pooling_mode_mean_tokens: bool,
}

/// `config_sentence_transformers.json`.
#[derive(Debug, Default, Deserialize)]
struct PromptFile {
    #[serde(default)]
    prompts: HashMap<String, String>,
}

/// `sentence_bert_config.json`.
#[derive(Debug, Default, Deserialize)]
struct LengthFile {
    max_seq_length: Option<usize>,
}

/// A model folder, read and checked but for weights and tokenizer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    pub(super) dir: PathBuf,
    pub(super) shape: BertShape,
    pub(super) pooling: Pooling,
    pub(super) prefixes: Prefixes,
    /// The longest text the model can read, in tokens.
    pub(super) longest: usize,
}

impl Layout {
    /// Reads the folder's small files.
    pub(super) fn read(dir: &Path) -> Result<Self, EncoderError> {
        for missing in [CONFIG, TOKENIZER, WEIGHTS] {
            if !dir.join(missing).is_file() {
                return Err(EncoderError::NoModel { dir: dir.to_owned(), missing });
            }
        }
        let shape: BertShape = json(&dir.join(CONFIG))?
            .ok_or_else(|| EncoderError::NoModel { dir: dir.to_owned(), missing: CONFIG })?;
        if let Some(problem) = shape.problem() {
            return Err(EncoderError::malformed(dir.join(CONFIG), problem));
        }
        let own = own_file(&dir.join(ENCODER))?;
        let pooling = if let Some(pooling) = own.pooling { pooling } else { read_pooling(dir)? };
        let prefixes = if let Some(prefix) = own.prefix { prefix } else { read_prompts(dir)? };
        let trained = json::<LengthFile>(&dir.join("sentence_bert_config.json"))?
            .and_then(|file| file.max_seq_length)
            .unwrap_or(usize::MAX);
        let longest = shape.positions.min(trained);
        Ok(Self { dir: dir.to_owned(), shape, pooling, prefixes, longest })
    }

    /// The folder's name, which is the model's.
    pub(super) fn name(&self) -> String {
        let dir = fs_err::canonicalize(&self.dir).unwrap_or_else(|_| self.dir.clone());
        self.dir
            .file_name()
            .or_else(|| dir.file_name())
            .map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned())
    }
}

fn read_pooling(dir: &Path) -> Result<Pooling, EncoderError> {
    let path = dir.join("1_Pooling").join(CONFIG);
    match json::<PoolingFile>(&path)? {
        None => Ok(Pooling::Mean),
        Some(file) if file.pooling_mode_cls_token => Ok(Pooling::Cls),
        Some(file) if file.pooling_mode_mean_tokens => Ok(Pooling::Mean),
        Some(_) => Err(EncoderError::malformed(path, "only mean and CLS pooling are supported")),
    }
}

fn read_prompts(dir: &Path) -> Result<Prefixes, EncoderError> {
    let file: PromptFile =
        json(&dir.join("config_sentence_transformers.json"))?.unwrap_or_default();
    let prompt = |names: [&str; 2]| {
        names.iter().find_map(|name| file.prompts.get(*name)).cloned().unwrap_or_default()
    };
    Ok(Prefixes { query: prompt(["query", "s2s"]), passage: prompt(["passage", "document"]) })
}

fn own_file(path: &Path) -> Result<OwnFile, EncoderError> {
    let Some(text) = read(path)? else { return Ok(OwnFile::default()) };
    toml::from_str(&text).map_err(|error| EncoderError::malformed(path, error.message()))
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, EncoderError> {
    let Some(text) = read(path)? else { return Ok(None) };
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| EncoderError::malformed(path, error.to_string()))
}

/// A small text file; `None` if there is none.
fn read(path: &Path) -> Result<Option<String>, EncoderError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(EncoderError::Unreadable { path: path.to_owned(), source }),
    }
}
