use std::collections::{HashMap, HashSet};
use std::fs;

use candle_core::{DType, Device, Tensor};
use candle_transformers::models::bert::{BertModel, Config};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::fixture::{self, Folder};
use super::layout::{CONFIG, ENCODER, TOKENIZER, WEIGHTS};
use super::*;
use crate::error::Classify as _;

/// Every backend with the least cosine to the reference. Random weights have no redundancy that would forgive eight bits.
const BACKENDS: [(Backend, f32); 3] =
    [(Backend::Candle, 0.9999), (Backend::F32, 0.9999), (Backend::Int8, 0.995)];

/// Texts of unlike length as ids of the tiny model, of which the longest reaches its last position.
fn texts() -> Vec<Tokens> {
    let longest: Vec<u32> = (0..48).map(|at| (7 * at + 2) % 40).collect();
    [
        &[2, 7, 8, 9, 10, 3][..],
        &[2, 12, 13, 3],
        &[2, 3],
        &[2],
        &longest,
        &[2, 4, 6, 7, 8, 9, 10, 11, 12, 13, 20, 30, 39, 5, 3],
    ]
    .map(|ids| Tokens::new(ids.to_vec(), false))
    .to_vec()
}

/// The same embedding by `candle-transformers`, one text at a time.
fn reference(
    weights: &HashMap<String, Tensor>,
    config: &Value,
    text: &Tokens,
    pooling: Pooling,
) -> Embedding {
    let config: Config = serde_json::from_value(config.clone()).unwrap();
    let weights = candle_nn::VarBuilder::from_tensors(weights.clone(), DType::F32, &Device::Cpu);
    let bert = BertModel::load(weights, &config).unwrap();
    let ids = Tensor::new(text.ids(), &Device::Cpu).unwrap().unsqueeze(0).unwrap();
    let vectors = bert.forward(&ids, &ids.zeros_like().unwrap(), None).unwrap().squeeze(0).unwrap();
    let pooled = match pooling {
        Pooling::Mean => vectors.mean(0).unwrap(),
        Pooling::Cls => vectors.get(0).unwrap(),
    };
    Embedding::from_raw(pooled.to_vec1().unwrap())
}

#[test]
fn the_network_agrees_with_the_reference() {
    let check = |activation: &str, pooling: Pooling, kind: DType| {
        let folder = fixture::model();
        let mut config = fixture::config();
        config["hidden_act"] = json!(activation);
        folder.write(CONFIG, config.to_string());
        folder.write(
            ENCODER,
            format!("pooling = \"{}\"", if pooling == Pooling::Cls { "cls" } else { "mean" }),
        );
        let weights = fixture::as_type(&fixture::random_weights(), kind);
        fixture::save(&folder, &weights);
        let weights = fixture::as_type(&weights, DType::F32);
        for (backend, least) in BACKENDS {
            let encoder = load_with(folder.path(), DEFAULT_MAX_TOKENS, backend).unwrap();
            let all = encoder.encode(&texts()).unwrap();
            for (text, embedding) in texts().iter().zip(&all) {
                let cosine = reference(&weights, &config, text, pooling).dot(embedding);
                assert!(cosine >= least, "{backend:?} {activation} {pooling:?} {kind:?}: {cosine}");
            }
        }
    };
    check("gelu", Pooling::Mean, DType::F32);
    check("gelu", Pooling::Cls, DType::F32);
    check("relu", Pooling::Mean, DType::F32);
    check("gelu", Pooling::Mean, DType::F16);
    check("gelu", Pooling::Mean, DType::BF16);
}

#[test]
fn a_text_does_not_depend_on_its_batch() {
    let folder = fixture::model();
    for (backend, _) in BACKENDS {
        let encoder = load_with(folder.path(), DEFAULT_MAX_TOKENS, backend).unwrap();
        let together = encoder.encode(&texts()).unwrap();
        for (text, embedding) in texts().iter().zip(&together) {
            let alone = encoder.encode(std::slice::from_ref(text)).unwrap();
            assert!(alone[0].dot(embedding) > 0.99999, "{backend:?}");
        }
    }
}

#[test]
fn what_cannot_be_encoded_is_an_error_and_the_next_batch_is_not() {
    let folder = fixture::model();
    for (backend, _) in BACKENDS {
        let encoder = load_with(folder.path(), DEFAULT_MAX_TOKENS, backend).unwrap();
        let encode = |ids: Vec<u32>| encoder.encode(&[Tokens::new(ids, false)]);
        assert!(encoder.encode(&[]).unwrap().is_empty());
        assert!(matches!(encode(vec![]), Err(EncoderError::NoTokens)));
        encode(vec![2, 40, 3]).expect_err("outside the vocabulary");
        encode(vec![2; 49]).expect_err("beyond the last position");
        assert_eq!(encode(vec![2, 7, 3]).unwrap().len(), 1);
    }
}

#[test]
fn a_shape_that_is_not_whole_vectors_is_left_to_candle() {
    let folder = fixture::model();
    let mut config = fixture::config();
    config["num_attention_heads"] = json!(4);
    folder.write(CONFIG, config.to_string());
    let encode = |backend| {
        let encoder = load_with(folder.path(), DEFAULT_MAX_TOKENS, backend)?;
        encoder.encode(&texts())
    };
    assert_eq!(encode(Backend::Auto).unwrap(), encode(Backend::Candle).unwrap());
    let error = encode(Backend::Int8).unwrap_err();
    assert!(error.to_string().contains("use candle"), "{error}");
}

#[test]
fn tokens_are_counted_capped_and_reported() {
    let folder = fixture::model();
    let encoder = load_with(folder.path(), 8, Backend::Auto).unwrap();
    let check = |text: &str, ids: &[u32], truncated: bool| {
        assert_eq!(
            encoder.tokenize(text, Role::Query).unwrap(),
            Tokens::new(ids.to_vec(), truncated),
            "{text}"
        );
    };
    check("Where is my refunds", &[2, 7, 8, 9, 10, 11, 3], false);
    check("退款", &[2, 12, 13, 3], false);
    check("", &[2, 3], false);
    check("退款退款退款退款", &[2, 12, 13, 12, 13, 12, 13, 3], true);
    check(&" ".repeat(1000), &[2, 3], true);
    assert_eq!(load(folder.path()).unwrap().model().max_tokens, 48);
    assert!(matches!(
        load_with(folder.path(), 7, Backend::Auto),
        Err(EncoderError::Setting { .. })
    ));
}

#[test]
fn xlm_r_tokenizers_are_read() {
    let folder = fixture::model();
    folder.write(TOKENIZER, fixture::unigram().to_string());
    folder.write(ENCODER, "prefix = { query = \"query: \", passage = \"passage: \" }");
    let tokens = load(folder.path()).unwrap().tokenize("退款", Role::Query).unwrap();
    assert_eq!(tokens.ids(), [0, 4, 5, 7, 8, 2]);
}

#[test]
fn prefixes_and_pooling_come_from_the_models_own_files() {
    let check = |files: &[(&str, &str)], pooling: Pooling, query: &[u32], passage: &[u32]| {
        let folder = fixture::model();
        for (name, content) in files {
            folder.write(name, content);
        }
        let encoder = load(folder.path()).unwrap();
        assert_eq!(encoder.model().pooling, pooling, "{files:?}");
        assert_eq!(encoder.tokenize("my", Role::Query).unwrap().ids(), query, "{files:?}");
        assert_eq!(encoder.tokenize("my", Role::Passage).unwrap().ids(), passage, "{files:?}");
    };
    let cls = (
        "1_Pooling/config.json",
        r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}"#,
    );
    let prompts = (
        "config_sentence_transformers.json",
        r#"{"prompts": {"query": "query: ", "document": "passage: "}}"#,
    );
    check(&[], Pooling::Mean, &[2, 9, 3], &[2, 9, 3]);
    check(&[cls, prompts], Pooling::Cls, &[2, 4, 6, 9, 3], &[2, 5, 6, 9, 3]);
    let own = (ENCODER, "pooling = \"mean\"\n[prefix]\nquery = \"is \"\n");
    check(&[cls, prompts, own], Pooling::Mean, &[2, 8, 9, 3], &[2, 9, 3]);
}

#[test]
fn the_hash_covers_all_that_an_embedding_depends_on() {
    let hash = |change: &dyn Fn(&Folder)| {
        let folder = fixture::model();
        change(&folder);
        load_with(folder.path(), 32, Backend::Auto).unwrap().model().hash.clone()
    };
    let base = hash(&|_| ());
    assert_eq!(base, hash(&|_| ()));
    assert_eq!(base.len(), 64);
    let mut weights = fixture::random_weights();
    let (name, tensor) =
        weights.iter().next().map(|(name, tensor)| (name.clone(), tensor.clone())).unwrap();
    weights.insert(name, (tensor * 1.1).unwrap());
    let changed = [
        hash(&|folder| fixture::save(folder, &weights)),
        hash(&|folder| folder.write(TOKENIZER, fixture::unigram().to_string())),
        hash(&|folder| folder.write(ENCODER, "pooling = \"cls\"")),
        hash(&|folder| folder.write(ENCODER, "[prefix]\nquery = \"query: \"")),
    ];
    assert!(!changed.contains(&base));
    let by_backend: HashSet<String> = BACKENDS
        .map(|(backend, _)| {
            load_with(fixture::model().path(), 32, backend).unwrap().model().hash.clone()
        })
        .into();
    assert_eq!(by_backend.len(), BACKENDS.len());
}

/// Loads a model after `change` and expects an error whose message holds `words`, with a remedy.
fn refused(words: &str, change: impl Fn(&Folder)) {
    let folder = fixture::model();
    change(&folder);
    let error = load(folder.path()).expect_err(words);
    assert!(error.to_string().contains(words), "{error} should say {words}");
    assert!(!error.remedy().is_empty() && !error.reason().is_empty());
}

#[test]
fn a_folder_that_is_no_model_is_refused() {
    refused("config.json is not there", |folder| {
        fs::remove_file(folder.path().join(CONFIG)).unwrap();
    });
    refused("tokenizer.json is not there", |folder| {
        fs::remove_file(folder.path().join(TOKENIZER)).unwrap();
    });
    refused("model.safetensors is not there", |folder| {
        fs::remove_file(folder.path().join(WEIGHTS)).unwrap();
    });
    let missing = load(Path::new("models/no-such-model")).unwrap_err();
    assert_eq!(missing.remedy(), "run `firstline models pull no-such-model`");
}

#[test]
fn an_impossible_shape_is_refused() {
    let check = |key: &str, value: Value, words: &str| {
        refused(words, |folder| {
            let mut config = fixture::config();
            config[key] = value.clone();
            folder.write(CONFIG, config.to_string());
        });
    };
    check("model_type", json!("xlm-roberta"), "only bert");
    check("position_embedding_type", json!("relative_key"), "only absolute");
    check("num_attention_heads", json!(5), "does not divide");
    check("num_attention_heads", json!(0), "must be 1 to");
    check("vocab_size", json!(u64::MAX), "must be 1 to");
    check("hidden_size", json!(1u64 << 40), "must be 1 to");
    check("hidden_size", json!(-1), "invalid value");
    check("layer_norm_eps", json!(-1.0), "between 0 and 1");
    check("hidden_act", json!("swish"), "unknown variant");
    check("num_hidden_layers", json!(3), "is missing");
    check("intermediate_size", json!(128), "it must be");
    refused("config.json: expected", |folder| folder.write(CONFIG, "not json"));
    refused("unknown field", |folder| folder.write(ENCODER, "poling = \"cls\""));
    refused("only mean and CLS", |folder| {
        folder.write("1_Pooling/config.json", r#"{"pooling_mode_max_tokens": true}"#);
    });
    refused("tokenizer.json", |folder| folder.write(TOKENIZER, "{}"));
}

#[test]
fn weights_that_do_not_fit_are_refused() {
    let check = |words: &str, change: &dyn Fn(&mut HashMap<String, Tensor>)| {
        refused(words, |folder| {
            let mut weights = fixture::random_weights();
            change(&mut weights);
            fixture::save(folder, &weights);
        });
    };
    let norm = "encoder.layer.1.output.LayerNorm.weight";
    let tensor = |numbers: &[f32]| Tensor::new(numbers, &Device::Cpu).unwrap();
    check("is missing", &|weights| drop(weights.remove(norm)));
    check("it must be [32]", &|weights| drop(weights.insert(norm.to_owned(), tensor(&[1.0; 31]))));
    check("only F32", &|weights| {
        drop(weights.insert(norm.to_owned(), Tensor::new(&[1u32; 32], &Device::Cpu).unwrap()));
    });
    check("not finite", &|weights| drop(weights.insert(norm.to_owned(), tensor(&[f32::NAN; 32]))));
    check("not finite", &|weights| {
        drop(weights.insert(norm.to_owned(), tensor(&[f32::INFINITY; 32])));
    });
    let bytes = |change: &dyn Fn(&mut Vec<u8>)| {
        refused("model.safetensors", |folder| {
            let mut bytes = fs::read(folder.path().join(WEIGHTS)).unwrap();
            change(&mut bytes);
            folder.write(WEIGHTS, bytes);
        });
    };
    bytes(&|bytes| bytes.truncate(5));
    bytes(&|bytes| bytes.truncate(bytes.len() - 1));
    bytes(&|bytes| bytes.push(0));
    bytes(&|bytes| bytes[..8].copy_from_slice(&u64::MAX.to_le_bytes()));
    bytes(&|bytes| bytes[..8].copy_from_slice(&3u64.to_le_bytes()));
    bytes(&|bytes| bytes[8] = b'[');
}

#[test]
fn old_and_headed_checkpoints_are_read() {
    let folder = fixture::model();
    let plain = load(folder.path()).unwrap().encode(&texts()).unwrap();
    let rename = |name: String| {
        let name = name
            .replace("LayerNorm.weight", "LayerNorm.gamma")
            .replace("LayerNorm.bias", "LayerNorm.beta");
        format!("bert.{name}")
    };
    let mut weights: HashMap<String, Tensor> = fixture::random_weights()
        .into_iter()
        .map(|(name, tensor)| (rename(name), tensor))
        .collect();
    weights.insert(
        "cls.predictions.bias".to_owned(),
        Tensor::zeros(40, DType::F32, &Device::Cpu).unwrap(),
    );
    fixture::save(&folder, &weights);
    assert_eq!(load(folder.path()).unwrap().encode(&texts()).unwrap(), plain);
}

#[test]
fn a_token_without_a_vector_is_an_error() {
    let folder = fixture::model();
    let mut tokenizer = fixture::word_piece();
    tokenizer["model"]["vocab"]["alien"] = json!(40);
    folder.write(TOKENIZER, tokenizer.to_string());
    let encoder = load(folder.path()).unwrap();
    let error = encoder.tokenize("my alien", Role::Query).unwrap_err();
    assert!(matches!(error, EncoderError::Vocabulary { id: 40, vocabulary: 40 }));
}

#[test]
fn scaling_a_vector_again_changes_no_bit() {
    for seed in 1..200u16 {
        let raw = (0..384u16).map(|at| f32::from((at * seed) % 101) / 50.0 - 1.0).collect();
        let once = Embedding::from_raw(raw);
        assert_eq!(Embedding::from_raw(once.as_slice().to_vec()), once, "seed {seed}");
    }
}

#[test]
fn embeddings_have_unit_length_or_none() {
    let check = |raw: &[f32], expect: &[f32]| {
        assert_eq!(Embedding::from_raw(raw.to_vec()).as_slice(), expect);
    };
    check(&[3.0, 4.0], &[0.6, 0.8]);
    check(&[0.0, 0.0], &[0.0, 0.0]);
    check(&[f32::NAN, 1.0], &[0.0, 0.0]);
    check(&[f32::INFINITY, 1.0], &[0.0, 0.0]);
    check(&[f32::MAX, 0.0], &[1.0, 0.0]);
}

proptest! {
    /// Whatever bytes stand in the head of the weights, loading ends in a value, not in a panic.
    #[test]
    fn no_byte_of_a_model_file_panics(place in 0usize..4000, byte in any::<u8>()) {
        let folder = fixture::model();
        let mut bytes = fs::read(folder.path().join(WEIGHTS)).unwrap();
        bytes[place] = byte;
        folder.write(WEIGHTS, bytes);
        drop(load(folder.path()).map(|encoder| encoder.encode(&texts())));
    }
}
