//! A small shop for the tests: a handful of articles, and a BERT that was made here. Its words have random vectors and its
//! one layer passes them through, so that a text is read as the set of its words: no weights to pull, and no surprises.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use firstline::decision::policy::{self, Provisional};
use firstline::encoder::{self, Batcher, batcher};
use firstline::knowledge::{self, LoadOptions};
use firstline::message::QueueId;
use firstline::release::{Bundle, Current, Source, VectorCache, check};
use firstline::server::Shelf;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

/// Everything that decides, built once for all tests.
pub(crate) struct Shop {
    pub(crate) current: Current,
    pub(crate) batcher: Arc<Batcher>,
    pub(crate) shelf: Arc<ArcSwap<Shelf>>,
}

/// The shop.
pub(crate) static SHOP: LazyLock<Shop> = LazyLock::new(|| open(&[]));

/// Id → handling and queue, then what customers ask.
const ARTICLES: [(&str, &str, &[&str]); 7] = [
    (
        "refund-time",
        "queue: refunds",
        &[
            "How long does a refund take",
            "when do I get my refund",
            "how many days does the refund take",
            "refund still not on my card",
            "days until the refund arrives",
        ],
    ),
    (
        "shipping-cost",
        "queue: orders",
        &[
            "What does shipping cost",
            "how much is delivery",
            "shipping fee for small parcels",
            "is delivery free",
            "price of shipping to the islands",
        ],
    ),
    (
        "reset-password",
        "queue: account",
        &[
            "I forgot my password",
            "reset password",
            "password does not work",
            "how can I choose a new password",
            "password reset mail missing",
        ],
    ),
    (
        "opening-hours",
        "queue: general",
        &[
            "What are your opening hours",
            "when is the hotline open",
            "opening hours on sunday",
            "until when is somebody there in the evening",
            "hours of the hotline",
        ],
    ),
    (
        "gift-card",
        "queue: payments",
        &[
            "How do I redeem a gift card",
            "gift card balance",
            "can I pay with a gift card",
            "gift card code is invalid",
            "redeem voucher card",
        ],
    ),
    (
        "account-stolen",
        "handling: route\nqueue: account\npriority: urgent\nrisk: money",
        &[
            "My account was stolen",
            "somebody hacked my account",
            "stranger orders with my account",
            "account taken over by a thief",
            "hacked account, unknown orders",
        ],
    ),
    (
        "tui-kuan",
        "lang: zh\nqueue: refunds",
        &["退款多久到账", "退款什么时候到", "钱多久退回来", "退的钱几天到", "退款要等几天"],
    ),
];

/// The shop, with these files beside its articles.
pub(crate) fn open(more: &[(&str, &str)]) -> Shop {
    let folder = std::env::temp_dir().join(format!("firstline-shop-{}", uuid::Uuid::new_v4()));
    let (articles, model) = (folder.join("knowledge"), folder.join("tiny"));
    write_articles(&articles);
    for (name, content) in more {
        fs_err::write(articles.join(name), content).unwrap();
    }
    write_model(&model);
    let encoder = encoder::load(&model).unwrap();
    // A slow machine is no reason to refuse what a test sends.
    let longest_wait = Duration::from_hours(1);
    let config = batcher::Config { workers: 2, longest_wait, ..batcher::Config::default() };
    let batcher = Arc::new(Batcher::start(encoder, &config).unwrap());
    let options = LoadOptions::on("2026-11-24".parse().unwrap());
    let loaded = knowledge::load(&articles, &options).unwrap();
    let general = QueueId::new("general").unwrap();
    let policy =
        policy::Config { provisional: Provisional::Answer, ..policy::Config::new(general) };
    let source = Source {
        articles: loaded.served_on(options.today),
        phrases: loaded.phrases.clone(),
        policy,
        outside: Vec::new(),
    };
    let vectors = VectorCache::in_memory(batcher.model());
    let bundle = Bundle::build(source, &batcher, &vectors, &mut |_| ()).unwrap();
    let found = check::check(&bundle, &batcher, &vectors).unwrap();
    let shelf = Shelf::untested(loaded.articles, loaded.diagnostics).tested(found);
    fs_err::remove_dir_all(folder).unwrap();
    Shop { current: bundle.into_current(), batcher, shelf: Arc::new(ArcSwap::from_pointee(shelf)) }
}

fn write_articles(folder: &Path) {
    fs_err::create_dir_all(folder).unwrap();
    for (id, keys, questions) in ARTICLES {
        let mut file = format!("---\nid: {id}\ntitle: {}\n", questions[0]);
        if !keys.contains("lang:") {
            file.push_str("lang: en\n");
        }
        writeln!(file, "{keys}\nquestions:").unwrap();
        for question in questions.iter().skip(1) {
            writeln!(file, "  - {question}").unwrap();
        }
        writeln!(file, "tests:\n  - ask: {}\n---\nAll about {id}.", questions[1]).unwrap();
        fs_err::write(folder.join(format!("{id}.md")), file).unwrap();
    }
    fs_err::write(folder.join("broken.md"), "---\ntitle：全角冒号\n---\nText.\n").unwrap();
}

const HIDDEN: usize = 64;
const SPECIAL: [&str; 4] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];

fn write_model(folder: &Path) {
    fs_err::create_dir_all(folder).unwrap();
    let words = words();
    let file = |name: &str| -> PathBuf { folder.join(name) };
    fs_err::write(file("config.json"), config(words.len()).to_string()).unwrap();
    fs_err::write(file("tokenizer.json"), tokenizer(&words).to_string()).unwrap();
    let tensors = tensors(words.len());
    let views = tensors.iter().map(|(name, (shape, bytes))| {
        (name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    fs_err::write(file("model.safetensors"), safetensors::serialize(views, None).unwrap()).unwrap();
}

/// The special tokens, then every word and every Han character of the articles.
fn words() -> Vec<String> {
    let text = ARTICLES.iter().flat_map(|(_, _, questions)| questions.iter());
    let text = text.map(|question| question.to_lowercase()).collect::<Vec<_>>().join(" ");
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let han = text.chars().filter(|letter| !letter.is_ascii()).map(String::from);
    let known: BTreeSet<String> =
        words.filter(|word| !word.is_empty()).map(str::to_owned).chain(han).collect();
    SPECIAL.iter().map(|token| (*token).to_owned()).chain(known).collect()
}

fn config(vocabulary: usize) -> Value {
    json!({
        "model_type": "bert", "vocab_size": vocabulary, "hidden_size": HIDDEN, "num_hidden_layers": 1,
        "num_attention_heads": 4, "intermediate_size": HIDDEN, "hidden_act": "gelu",
        "max_position_embeddings": 128, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "pad_token_id": 0,
    })
}

fn tokenizer(words: &[String]) -> Value {
    let ids: BTreeMap<&str, usize> =
        words.iter().enumerate().map(|(id, word)| (word.as_str(), id)).collect();
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "decoder": null,
        "normalizer": {
            "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true,
        },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "post_processor": { "type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2] },
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": ids,
        },
    })
}

type Tensors = BTreeMap<String, (Vec<usize>, Vec<u8>)>;

/// Random words; norms that scale by one; everything else zero, so that the layer adds nothing.
fn tensors(vocabulary: usize) -> Tensors {
    let mut all = Tensors::new();
    let mut add = |name: &str, shape: &[usize], number: &mut dyn FnMut() -> f32| {
        let count: usize = shape.iter().product();
        let bytes = (0..count).flat_map(|_| number().to_le_bytes()).collect();
        all.insert(name.to_owned(), (shape.to_vec(), bytes));
    };
    let mut seed = 7u32;
    let mut random = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from(u16::try_from(seed >> 16).unwrap()) / 32_768.0 - 1.0
    };
    let (mut zero, mut one) = (|| 0.0, || 1.0);
    add("embeddings.word_embeddings.weight", &[vocabulary, HIDDEN], &mut random);
    add("embeddings.position_embeddings.weight", &[128, HIDDEN], &mut zero);
    add("embeddings.token_type_embeddings.weight", &[2, HIDDEN], &mut zero);
    let layer = "encoder.layer.0";
    for part in [
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
        "attention.output.dense",
        "intermediate.dense",
        "output.dense",
    ] {
        add(&format!("{layer}.{part}.weight"), &[HIDDEN, HIDDEN], &mut zero);
        add(&format!("{layer}.{part}.bias"), &[HIDDEN], &mut zero);
    }
    for norm in ["embeddings", "encoder.layer.0.attention.output", "encoder.layer.0.output"] {
        add(&format!("{norm}.LayerNorm.weight"), &[HIDDEN], &mut one);
        add(&format!("{norm}.LayerNorm.bias"), &[HIDDEN], &mut zero);
    }
    all
}
