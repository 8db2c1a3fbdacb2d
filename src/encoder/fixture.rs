//! Model folders for tests: a BERT of random weights, small enough to write in a millisecond.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use candle_core::{DType, Device, Tensor};
use serde_json::{Value, json};

use super::layout::{CONFIG, TOKENIZER, WEIGHTS};

/// A folder that is removed with its value.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("firstline-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A whole model: hidden 32, 2 layers, 2 heads, WordPiece.
pub(crate) fn model() -> Folder {
    let folder = Folder::new();
    folder.write(CONFIG, config().to_string());
    folder.write(TOKENIZER, word_piece().to_string());
    save(&folder, &random_weights());
    folder
}

pub(crate) fn save(folder: &Folder, weights: &HashMap<String, Tensor>) {
    candle_core::safetensors::save(weights, folder.path().join(WEIGHTS)).unwrap();
}

pub(crate) fn config() -> Value {
    json!({
        "model_type": "bert", "vocab_size": 40, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 64, "hidden_act": "gelu", "max_position_embeddings": 48, "type_vocab_size": 2,
        "layer_norm_eps": 1e-12, "hidden_dropout_prob": 0.1, "initializer_range": 0.02, "pad_token_id": 0
    })
}

pub(crate) fn word_piece() -> Value {
    let words = [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "query", "passage", ":", "where", "is", "my", "refund",
        "##s", "退", "款",
    ];
    let vocabulary: serde_json::Map<String, Value> =
        words.iter().enumerate().map(|(id, word)| ((*word).to_owned(), json!(id))).collect();
    json!({
        "version": "1.0",
        "truncation": { "max_length": 4, "strategy": "LongestFirst", "stride": 0, "direction": "Right" },
        "padding": {
            "strategy": { "Fixed": 32 }, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0,
            "pad_token": "[PAD]"
        },
        "added_tokens": [],
        "normalizer": { "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "post_processor": {
            "type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]
        },
        "decoder": null,
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
            "vocab": vocabulary
        }
    })
}

/// A tokenizer of the XLM-R kind.
pub(crate) fn unigram() -> Value {
    let pieces =
        ["<s>", "<pad>", "</s>", "<unk>", "▁query", ":", "▁refund", "▁", "退款", "退", "款"];
    let vocabulary: Vec<Value> =
        pieces.iter().enumerate().map(|(rank, piece)| json!([piece, -(rank as f64)])).collect();
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": { "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true },
        "post_processor": { "type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": true, "add_prefix_space": true },
        "decoder": null,
        "model": { "type": "Unigram", "unk_id": 3, "vocab": vocabulary, "byte_fallback": false }
    })
}

/// Every tensor of [`config`], the same at every call.
pub(crate) fn random_weights() -> HashMap<String, Tensor> {
    let shape = serde_json::from_value(config()).unwrap();
    let mut expected: Vec<_> = super::weights::expected(&shape).into_iter().collect();
    expected.sort();
    let mut seed = 1u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / 8_388_608.0 - 1.0
    };
    let tensor = |(name, shape): (String, Vec<usize>)| {
        let (centre, spread) =
            if name.ends_with("LayerNorm.weight") { (1.0, 0.2) } else { (0.0, 0.3) };
        let count = shape.iter().product();
        let numbers = (0..count).map(|_| centre + spread * next()).collect();
        (name, Tensor::from_vec::<_, f32>(numbers, shape, &Device::Cpu).unwrap())
    };
    expected.into_iter().map(tensor).collect()
}

pub(crate) fn as_type(weights: &HashMap<String, Tensor>, kind: DType) -> HashMap<String, Tensor> {
    weights.iter().map(|(name, tensor)| (name.clone(), tensor.to_dtype(kind).unwrap())).collect()
}
