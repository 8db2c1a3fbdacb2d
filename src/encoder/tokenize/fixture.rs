//! A small tokenizer of the SentencePiece kind for tests, with a character map compiled here.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const PIECES: &[(&str, f64)] = &[
    ("<s>", 0.0),
    ("<pad>", 0.0),
    ("</s>", 0.0),
    ("<unk>", 0.0),
    ("▁", -2.0),
    ("a", -2.5),
    ("e", -3.0),
    ("é", -4.0),
    ("▁a", -3.5),
    ("ae", -5.5),
    ("▁re", -4.0),
    ("fund", -4.5),
    ("▁refund", -9.0),
    ("r", -5.0),
    ("f", -5.25),
    ("退", -6.0),
    ("款", -6.5),
    ("退款", -12.5),
    ("<", -7.0),
    (">", -7.0),
    ("unk", -7.5),
    (" ", -8.0),
    ("TM", -8.5),
    ("🙂", -9.5),
    ("a", -2.75),
    ("<mask>", 0.0),
];

/// Entries of every kind: deleted, longer, shorter, a mark joined to its letter, spaces, a letter that another begins with.
const REPLACED: &[(&str, &str)] = &[
    ("\u{1}", ""),
    ("\t", " "),
    ("\n", " "),
    ("\u{a0}", " "),
    ("\u{3000}", " "),
    ("™", "TM"),
    ("e\u{301}", "é"),
    ("f\u{308}", "r"),
    ("ﬁ", "fi"),
    ("ａ", "a"),
    ("＜", "<"),
    ("＞", ">"),
    ("ﷺ", "a a  e"),
    ("か", "a"),
    ("か\u{3099}", "e"),
    ("🇩", "r"),
];

pub(super) fn tokenizer() -> Value {
    let added = |(id, content, takes_space): (u32, &str, bool)| {
        json!({
            "id": id, "content": content, "single_word": false, "lstrip": takes_space, "rstrip": false,
            "normalized": false, "special": true
        })
    };
    let tokens = [(0, "<s>", false), (2, "</s>", false), (3, "<unk>", false), (25, "<mask>", true)];
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": tokens.map(added),
        "normalizer": { "type": "Sequence", "normalizers": [
            { "type": "Precompiled", "precompiled_charsmap": STANDARD.encode(compiled(REPLACED)) },
            { "type": "Replace", "pattern": { "Regex": " {2,}" }, "content": " " }
        ] },
        "pre_tokenizer": { "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                { "SpecialToken": { "id": "<s>", "type_id": 0 } },
                { "Sequence": { "id": "A", "type_id": 0 } },
                { "SpecialToken": { "id": "</s>", "type_id": 0 } }
            ],
            "pair": [{ "Sequence": { "id": "A", "type_id": 0 } }, { "Sequence": { "id": "B", "type_id": 0 } }],
            "special_tokens": {
                "<s>": { "id": "<s>", "ids": [0], "tokens": ["<s>"] },
                "</s>": { "id": "</s>", "ids": [2], "tokens": ["</s>"] }
            }
        },
        "decoder": { "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true },
        "model": { "type": "Unigram", "unk_id": 3, "vocab": PIECES, "byte_fallback": false }
    })
}

/// A compiled array is filled up to so many units, so that no byte leads out of it.
const BLOCK: usize = 256;

/// A character map as SentencePiece compiles it.
fn compiled(entries: &[(&str, &str)]) -> Vec<u8> {
    let (mut array, mut texts) = (DoubleArray::default(), String::new());
    let entries = entries.iter().map(|(from, to)| {
        let at = texts.len();
        texts.extend([to, "\0"]);
        (from.as_bytes(), at)
    });
    let entries: BTreeMap<_, _> = entries.collect();
    array.place(&entries.into_iter().collect::<Vec<_>>(), 0, 0);
    array.0.resize(array.0.len().next_multiple_of(BLOCK), None);
    let units: Vec<u8> = array.0.iter().flat_map(|unit| unit.unwrap_or(0).to_le_bytes()).collect();
    let size = u32::try_from(units.len()).unwrap();
    [&size.to_le_bytes(), units.as_slice(), texts.as_bytes()].concat()
}

/// Units of a Darts array as they fill up.
#[derive(Default)]
struct DoubleArray(Vec<Option<u32>>);

impl DoubleArray {
    /// Writes the node `at`, where all of the sorted `entries` agree in their first `depth` bytes, and everything below it.
    fn place(&mut self, entries: &[(&[u8], usize)], depth: usize, at: usize) {
        let ends = entries[0].0.len() == depth;
        let children: Vec<_> =
            entries[usize::from(ends)..].chunk_by(|a, b| a.0[depth] == b.0[depth]).collect();
        let labels = children.iter().map(|child| child[0].0[depth]);
        let labels: Vec<_> = labels.chain(ends.then_some(0)).map(usize::from).collect();
        let base = self.free_base(&labels);
        let label = if depth == 0 { 0 } else { entries[0].0[depth - 1] };
        let unit = (base ^ at) << 10 | usize::from(ends) << 8 | usize::from(label);
        self.set(at, unit);
        for label in &labels {
            self.set(base ^ label, 0);
        }
        if ends {
            self.set(base, entries[0].1 | 1 << 31);
        }
        for child in children {
            self.place(child, depth + 1, base ^ usize::from(child[0].0[depth]));
        }
    }

    fn free_base(&self, labels: &[usize]) -> usize {
        let free = |at: usize| at != 0 && self.0.get(at).is_none_or(Option::is_none);
        let mut base = 1;
        while !labels.iter().all(|label| free(base ^ label)) {
            base += 1;
        }
        base
    }

    fn set(&mut self, at: usize, unit: usize) {
        self.0.resize(self.0.len().max(at + 1), None);
        self.0[at] = Some(u32::try_from(unit).unwrap());
    }
}
