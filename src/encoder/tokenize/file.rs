//! The part of the `tokenizer.json` format that [`super::sentencepiece`] reads by itself. Fields and values that are not
//! written here make a file another kind of tokenizer: they are refused, not skipped.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::pieces::Pieces;

/// The file. Padding, truncation and the way back from ids to text are left out: no text is read by them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(rename = "version")]
    _version: Version,
    #[serde(rename = "truncation", default)]
    _truncation: IgnoredAny,
    #[serde(rename = "padding", default)]
    _padding: IgnoredAny,
    #[serde(rename = "decoder", default)]
    _decoder: IgnoredAny,
    #[serde(default)]
    pub(super) added_tokens: Vec<AddedToken>,
    pub(super) normalizer: Option<Normalizer>,
    pub(super) pre_tokenizer: PreTokenizer,
    pub(super) post_processor: Option<PostProcessor>,
    pub(super) model: Model,
}

#[derive(Debug, Deserialize)]
enum Version {
    #[serde(rename = "1.0")]
    One,
}

/// A token that is found in the text before the model sees it. Its id is that of the vocabulary, not the one said here.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "the format's own")]
pub(super) struct AddedToken {
    #[serde(rename = "id")]
    _id: u32,
    pub(super) content: String,
    pub(super) single_word: bool,
    pub(super) lstrip: bool,
    pub(super) rstrip: bool,
    pub(super) normalized: bool,
    #[serde(rename = "special")]
    _special: bool,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub(super) enum Normalizer {
    Sequence { normalizers: Vec<Normalizer> },
    Precompiled { precompiled_charsmap: String },
    Replace { pattern: Pattern, content: String },
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Pattern {
    Regex(String),
    String(String),
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub(super) enum PreTokenizer {
    Sequence { pretokenizers: Vec<PreTokenizer> },
    WhitespaceSplit {},
    Metaspace(Metaspace),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metaspace {
    pub(super) replacement: char,
    /// What older files say instead of `prepend_scheme`.
    pub(super) add_prefix_space: Option<bool>,
    pub(super) prepend_scheme: Option<PrependScheme>,
    pub(super) split: Option<bool>,
    #[serde(rename = "str_rep")]
    _str_rep: Option<String>,
}

/// The third scheme, `first`, goes by places in the original text, which are not kept here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PrependScheme {
    Always,
    Never,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub(super) enum PostProcessor {
    TemplateProcessing {
        single: Vec<Part>,
        #[serde(rename = "pair", default)]
        _pair: IgnoredAny,
        special_tokens: HashMap<String, SpecialToken>,
    },
}

/// A part of what one text becomes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum Part {
    SpecialToken {
        id: String,
        #[serde(rename = "type_id")]
        _type_id: u32,
    },
    Sequence {
        #[serde(rename = "id")]
        _id: FirstText,
        #[serde(rename = "type_id")]
        _type_id: u32,
    },
}

#[derive(Debug, Deserialize)]
pub(super) enum FirstText {
    A,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpecialToken {
    #[serde(rename = "id")]
    _id: String,
    pub(super) ids: Vec<u32>,
    #[serde(rename = "tokens")]
    _tokens: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Model {
    #[serde(rename = "type")]
    _kind: ModelKind,
    pub(super) unk_id: u32,
    pub(super) vocab: Pieces,
    #[serde(default)]
    pub(super) byte_fallback: bool,
}

#[derive(Debug, Deserialize)]
enum ModelKind {
    Unigram,
}
