//! A tokenizer of the SentencePiece unigram kind, as XLM-R and the multilingual E5 models have it: text → added tokens cut
//! out → normalised → words → pieces → special tokens around them.
//!
//! It gives the very ids that the `tokenizers` crate gives, in a tenth of its memory, and that is all it is for: a file that
//! asks for anything else is not recognised, and is left to that crate.

use std::borrow::Cow;

use super::charsmap::Charsmap;
use super::file::{self, File, Normalizer, Part, Pattern, PostProcessor, PreTokenizer};
use super::file::{AddedToken, PrependScheme};
use super::metaspace::Metaspace;
use super::specials::{Specials, Stretch};
use super::unigram::{Lattice, Unigram};

/// The whole way from text to ids.
#[derive(Debug)]
pub(super) struct SentencePiece {
    specials: Specials,
    steps: Vec<Step>,
    metaspace: Metaspace,
    unigram: Unigram,
    opening: Vec<u32>,
    closing: Vec<u32>,
}

/// A step of normalisation.
#[derive(Debug)]
enum Step {
    Charsmap(Charsmap),
    /// Runs of spaces become one.
    SqueezeSpaces,
}

impl SentencePiece {
    /// Reads a `tokenizer.json`. Nothing if it is malformed or of another kind.
    pub(super) fn recognise(json: &[u8]) -> Option<Self> {
        let file: File = serde_json::from_slice(json).ok()?;
        let unigram = Unigram::new(file.model.vocab, file.model.unk_id)?;
        let (opening, closing) = around(file.post_processor)?;
        let recognised = Self {
            specials: specials(file.added_tokens, &unigram)?,
            steps: steps(file.normalizer)?,
            metaspace: metaspace(file.pre_tokenizer)?,
            unigram,
            opening,
            closing,
        };
        Some(recognised).filter(|_| !file.model.byte_fallback)
    }

    /// The ids of a text, special tokens around them. Reading ends once there are more than `most`; what lies beyond is lost.
    pub(super) fn encode(&self, text: &str, most: usize) -> Vec<u32> {
        let mut ids = self.opening.clone();
        let mut lattice = Lattice::default();
        for stretch in self.specials.cut(text) {
            match stretch {
                Stretch::Token(id) => ids.push(id),
                Stretch::Text(text) => self.encode_text(text, most, &mut lattice, &mut ids),
            }
            if ids.len() > most {
                break;
            }
        }
        ids.extend(&self.closing);
        ids
    }

    /// Whether the last of the ids closes a text.
    pub(super) fn closes(&self) -> bool {
        !self.closing.is_empty()
    }

    fn encode_text(&self, text: &str, most: usize, lattice: &mut Lattice, ids: &mut Vec<u32>) {
        let text = self.normalize(text);
        for part in self.metaspace.parts(&text) {
            let marked = self.metaspace.mark(part);
            for word in self.metaspace.words(&marked) {
                self.unigram.encode(word, lattice, ids);
                if ids.len() > most {
                    return;
                }
            }
        }
    }

    fn normalize<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let steps = self.steps.iter();
        steps.fold(Cow::Borrowed(text), |text, step| step.apply(&text).map_or(text, Cow::Owned))
    }
}

impl Step {
    /// What becomes of a text; nothing if it stays as it is.
    fn apply(&self, text: &str) -> Option<String> {
        match self {
            Self::Charsmap(map) => map.normalize(text),
            Self::SqueezeSpaces => text.contains("  ").then(|| squeeze(text)),
        }
    }
}

fn squeeze(text: &str) -> String {
    let mut before = None;
    let mut repeats = |c| before.replace(c) == Some(' ') && c == ' ';
    text.chars().filter(|c| !repeats(*c)).collect()
}

fn specials(added: Vec<AddedToken>, unigram: &Unigram) -> Option<Specials> {
    Specials::new(added, |content| unigram.id(content))
}

fn steps(normalizer: Option<Normalizer>) -> Option<Vec<Step>> {
    match normalizer {
        None => Some(Vec::new()),
        Some(Normalizer::Precompiled { precompiled_charsmap }) => {
            Some(vec![Step::Charsmap(Charsmap::parse(&precompiled_charsmap)?)])
        }
        Some(Normalizer::Replace { pattern, content }) => {
            let squeezes = pattern == Pattern::Regex(" {2,}".to_owned()) && content == " ";
            squeezes.then(|| vec![Step::SqueezeSpaces])
        }
        Some(Normalizer::Sequence { normalizers }) => {
            let each = normalizers.into_iter().map(|one| steps(Some(one)));
            Some(each.collect::<Option<Vec<_>>>()?.into_iter().flatten().collect())
        }
    }
}

fn metaspace(pre_tokenizer: PreTokenizer) -> Option<Metaspace> {
    match pre_tokenizer {
        PreTokenizer::Metaspace(said) => marks(&said, false),
        PreTokenizer::Sequence { pretokenizers } => match pretokenizers.as_slice() {
            [PreTokenizer::WhitespaceSplit {}, PreTokenizer::Metaspace(said)] => marks(said, true),
            _ => None,
        },
        PreTokenizer::WhitespaceSplit {} => None,
    }
}

fn marks(said: &file::Metaspace, drops_space: bool) -> Option<Metaspace> {
    Some(Metaspace {
        mark: said.replacement,
        drops_space,
        prepends: said.prepend_scheme != Some(PrependScheme::Never),
        splits: said.split.unwrap_or(true),
    })
    .filter(|_| said.add_prefix_space != Some(false))
}

/// The special tokens before and after a text.
fn around(post_processor: Option<PostProcessor>) -> Option<(Vec<u32>, Vec<u32>)> {
    let Some(PostProcessor::TemplateProcessing { single, special_tokens, .. }) = post_processor
    else {
        return Some((Vec::new(), Vec::new()));
    };
    let is_text = |part: &Part| matches!(part, Part::Sequence { .. });
    let text = single.iter().position(is_text)?;
    let ids = |parts: &[Part]| {
        let each = parts.iter().map(|part| match part {
            Part::SpecialToken { id, .. } => special_tokens.get(id).map(|token| token.ids.clone()),
            Part::Sequence { .. } => None,
        });
        Some(each.collect::<Option<Vec<_>>>()?.concat())
    };
    Some((ids(&single[..text])?, ids(&single[text + 1..])?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use tokenizers::Tokenizer;

    use super::super::fixture;
    use super::*;

    fn own(file: &Value) -> Option<SentencePiece> {
        SentencePiece::recognise(file.to_string().as_bytes())
    }

    fn reference(file: &Value) -> Tokenizer {
        Tokenizer::from_bytes(file.to_string()).unwrap()
    }

    /// The fixture with a part replaced.
    fn with(pointer: &str, value: Value) -> Value {
        let mut file = fixture::tokenizer();
        *file.pointer_mut(pointer).unwrap() = value;
        file
    }

    /// The shape of the files that the E5 and XLM-R models are published with.
    fn published() -> Value {
        let charsmap = fixture::tokenizer()["normalizer"]["normalizers"][0].clone();
        let mut file = with("/normalizer", charsmap);
        file["pre_tokenizer"] = json!({ "type": "Sequence", "pretokenizers": [
            { "type": "WhitespaceSplit" },
            { "type": "Metaspace", "replacement": "▁", "str_rep": "▁", "add_prefix_space": true }
        ] });
        file
    }

    /// What the pieces, the character map and the added tokens of the fixture are made of, and any other character.
    fn odd_text() -> impl Strategy<Value = String> {
        let known = [
            "refund",
            "re",
            "fund",
            "a",
            "ae",
            "é",
            "e\u{301}",
            "\u{301}",
            "f\u{308}",
            "ﬁ",
            "退款",
            "退",
            "款",
            " ",
            "  ",
            "\t",
            "\r\n",
            "\u{3000}",
            "\u{a0}",
            "\u{200b}",
            "\u{200d}",
            "\u{0}",
            "\u{1}",
            "▁",
            "™",
            "ﷺ",
            "ａ",
            "か",
            "か\u{3099}",
            "🙂",
            "🇩🇪",
            "👩\u{200d}👧",
            "ก\u{e33}",
            "ا\u{64b}",
            "<s>",
            "</s>",
            "<unk>",
            " <mask>",
            "＜unk＞",
            "<",
            "mask>",
            "s",
            ">",
        ];
        let part = prop_oneof![
            3 => prop::sample::select(known.to_vec()).prop_map(str::to_owned),
            1 => any::<char>().prop_map(String::from),
        ];
        prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn the_ids_are_those_of_the_reference(text in odd_text()) {
            for file in [fixture::tokenizer(), published()] {
                let expect = reference(&file).encode(text.as_str(), true).unwrap();
                prop_assert_eq!(own(&file).unwrap().encode(&text, usize::MAX), expect.get_ids());
            }
        }

        #[test]
        fn reading_ends_soon_after_enough(text in odd_text(), most in 0usize..20) {
            let own = own(&fixture::tokenizer()).unwrap();
            let (all, some) = (own.encode(&text, usize::MAX), own.encode(&text, most));
            prop_assert!(some.len() == all.len() || some.len() > most + 1);
            prop_assert!(all.starts_with(&some[..some.len() - 1]));
        }
    }

    #[test]
    fn each_setting_is_read_as_the_reference_reads_it() {
        let text = "a  refund\t<mask>a e\u{301}🙂x <s>";
        let check = |file: Value| {
            let expect = reference(&file).encode(text, true).unwrap();
            assert_eq!(
                own(&file).expect("recognised").encode(text, 99),
                expect.get_ids(),
                "{file}"
            );
        };
        check(with("/normalizer", Value::Null));
        check(with("/post_processor", Value::Null));
        check(with("/post_processor/single", json!([{ "Sequence": { "id": "A", "type_id": 0 } }])));
        check(with("/pre_tokenizer/split", json!(false)));
        check(with("/pre_tokenizer/prepend_scheme", json!("never")));
        check(with("/pre_tokenizer/replacement", json!("_")));
        check(with("/added_tokens", json!([])));
        check(with("/added_tokens/0/special", json!(false)));
    }

    #[test]
    fn what_is_not_done_here_is_not_recognised() {
        let check = |pointer: &str, value: Value| {
            assert!(own(&with(pointer, value)).is_none(), "{pointer}");
        };
        check("/version", json!("2.0"));
        check("/normalizer", json!({ "type": "NFKC" }));
        check("/normalizer/normalizers/0/precompiled_charsmap", json!("AAA"));
        check("/normalizer/normalizers/0/precompiled_charsmap", json!("/////w=="));
        check("/normalizer/normalizers/1/content", json!(""));
        check("/pre_tokenizer", Value::Null);
        check("/pre_tokenizer", json!({ "type": "WhitespaceSplit" }));
        check("/pre_tokenizer/prepend_scheme", json!("first"));
        check("/pre_tokenizer/type", json!("Digits"));
        check("/post_processor/type", json!("BertProcessing"));
        check("/post_processor/special_tokens", json!({}));
        check("/added_tokens/0/normalized", json!(true));
        check("/added_tokens/0/single_word", json!(true));
        check("/added_tokens/0/rstrip", json!(true));
        check("/added_tokens/0/content", json!("</s>"));
        check("/added_tokens/0/content", json!("not a piece"));
        check("/model/type", json!("WordPiece"));
        check("/model/unk_id", Value::Null);
        check("/model/unk_id", json!(26));
        check("/model/byte_fallback", json!(true));
        check("/model/vocab", json!({ "a": 0 }));
        check("/model", json!({}));
    }

    #[test]
    fn broken_maps_do_no_harm() {
        let units = |units: &[u32]| {
            let size = u32::try_from(units.len() * 4).unwrap();
            [&[size], units].concat().iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<_>>()
        };
        let check = |units: Vec<u8>| {
            use base64::Engine;
            let encoded = base64::engine::general_purpose::STANDARD.encode(units);
            let file = with("/normalizer/normalizers/0/precompiled_charsmap", json!(encoded));
            assert_eq!(own(&file).unwrap().encode("a\u{301}", 99), [0, 8, 3, 2]);
        };
        check(units(&[]));
        check(units(&[0]));
        check(units(&[u32::MAX; 300]));
        check(units(&[97 << 10 | 1 << 8; 300]));
    }
}
