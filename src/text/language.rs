//! Which language a text is in: by script first, by letter statistics where a script is shared. It tells languages
//! apart, never dialects or scripts of Chinese, and translates nothing.

use whatlang::{Detector, Lang};

use super::shape::is_han;
use crate::message::Language;

/// Below this many letters a Latin text says too little, and a hint wins.
const FEW_LETTERS: usize = 6;
/// Below this many Han characters a Chinese text says too little, and a hint wins.
const FEW_HAN: usize = 2;
/// From this many letters on, letter statistics are believed against English.
const STATISTICS: usize = 20;

/// The language of a text. `hint` is the gateway's idea: it wins on very short texts and nowhere else. Chinese with
/// Latin words in it is Chinese. [`Language::UND`] where there is neither a letter nor a hint.
pub fn detect(text: &str, hint: Option<Language>) -> Language {
    let letters = Letters::count(text);
    match hint {
        Some(hint) if letters.are_few() => hint,
        _ => letters.by_script(text, hint),
    }
}

/// Letters of one text, by the scripts that decide.
#[derive(Default)]
struct Letters {
    han: usize,
    kana: usize,
    latin: usize,
    other: usize,
}

impl Letters {
    fn count(text: &str) -> Self {
        let mut letters = Self::default();
        for c in text.chars() {
            match c {
                _ if is_han(c) => letters.han += 1,
                '\u{3041}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}' | '\u{FF66}'..='\u{FF9D}' => {
                    letters.kana += 1;
                }
                'a'..='z' | 'A'..='Z' | '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}' => {
                    letters.latin += 1;
                }
                'Ａ'..='Ｚ' | 'ａ'..='ｚ' => letters.latin += 1,
                _ if c.is_alphabetic() => letters.other += 1,
                _ => {}
            }
        }
        letters
    }

    fn are_few(&self) -> bool {
        let all = self.han + self.kana + self.latin + self.other;
        all < FEW_LETTERS && self.han < FEW_HAN
    }

    fn by_script(&self, text: &str, hint: Option<Language>) -> Language {
        let Self { han, kana, latin, other } = *self;
        if han + kana + latin + other == 0 {
            Language::UND
        } else if self.is_japanese(hint) {
            japanese()
        } else if other > han + latin {
            by_statistics(text)
        } else if han > 0 && !is_english_around_han(text, han) {
            Language::ZH
        } else {
            self.latin_language(text)
        }
    }

    /// Kana in a share that Chinese never has. A lone の or ツ is an ornament or an emoticon's face.
    fn is_japanese(&self, hint: Option<Language>) -> bool {
        let share = self.kana * 6 >= self.kana + self.han;
        let outweighs = self.kana + self.han > self.latin;
        self.kana > 0 && (hint == Some(japanese()) || (self.kana > 1 && share && outweighs))
    }

    /// English, unless the statistics are sure of another language on enough letters. Where there are accents, which
    /// English has none of, the likeliest language is good enough.
    fn latin_language(&self, text: &str) -> Language {
        if self.latin < STATISTICS || english_words(text) >= 2 {
            return Language::EN;
        }
        let accented = text
            .chars()
            .any(|c| matches!(c, '¿' | '¡' | '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}'));
        let sure = latin_detector().detect(text).filter(|info| accented || info.is_reliable());
        sure.map_or(Language::EN, |info| language_of(info.lang()))
    }
}

/// English grammar with a Chinese name or courtesy in it: "where is my 青禾 order".
fn is_english_around_han(text: &str, han: usize) -> bool {
    let words = latin_words(text).count();
    words > han && english_words(text) >= 2
}

fn latin_words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphabetic() || c == '\'')).filter(|word| !word.is_empty())
}

/// Words that hold English sentences together and stand in no other language's.
fn english_words(text: &str) -> usize {
    latin_words(text).filter(|word| ENGLISH.contains(&word.to_ascii_lowercase().as_str())).count()
}

const ENGLISH: [&str; 42] = [
    "the", "my", "how", "what", "where", "when", "why", "which", "who", "you", "your", "can",
    "can't", "could", "would", "should", "please", "with", "have", "does", "did", "doesn't",
    "don't", "didn't", "haven't", "it", "it's", "i'm", "i've", "this", "that", "not", "and",
    "want", "need", "get", "from", "there", "still", "been", "isn't", "hasn't",
];

fn by_statistics(text: &str) -> Language {
    whatlang::detect_lang(text).map_or(Language::UND, language_of)
}

fn japanese() -> Language {
    language_of(Lang::Jpn)
}

/// Among the Latin languages that a shop's customers write; the rare ones would only add false alarms on short texts.
fn latin_detector() -> Detector {
    use Lang::{
        Ces, Dan, Deu, Eng, Fin, Fra, Hun, Ind, Ita, Nld, Nob, Pol, Por, Ron, Spa, Swe, Tur, Vie,
    };
    Detector::with_allowlist(vec![
        Eng, Spa, Por, Fra, Deu, Ita, Nld, Pol, Swe, Dan, Nob, Fin, Ces, Hun, Ron, Tur, Vie, Ind,
    ])
}

/// Three-letter codes to the two-letter ones of BCP 47, where there is one.
const SHORT_CODES: [(&str, &str); 64] = [
    ("cmn", "zh"),
    ("eng", "en"),
    ("rus", "ru"),
    ("spa", "es"),
    ("por", "pt"),
    ("ita", "it"),
    ("ben", "bn"),
    ("fra", "fr"),
    ("deu", "de"),
    ("ukr", "uk"),
    ("kat", "ka"),
    ("ara", "ar"),
    ("hin", "hi"),
    ("jpn", "ja"),
    ("heb", "he"),
    ("yid", "yi"),
    ("pol", "pl"),
    ("amh", "am"),
    ("jav", "jv"),
    ("kor", "ko"),
    ("nob", "nb"),
    ("dan", "da"),
    ("swe", "sv"),
    ("fin", "fi"),
    ("tur", "tr"),
    ("nld", "nl"),
    ("hun", "hu"),
    ("ces", "cs"),
    ("ell", "el"),
    ("bul", "bg"),
    ("bel", "be"),
    ("mar", "mr"),
    ("kan", "kn"),
    ("ron", "ro"),
    ("slv", "sl"),
    ("hrv", "hr"),
    ("srp", "sr"),
    ("mkd", "mk"),
    ("lit", "lt"),
    ("lav", "lv"),
    ("est", "et"),
    ("tam", "ta"),
    ("vie", "vi"),
    ("urd", "ur"),
    ("tha", "th"),
    ("guj", "gu"),
    ("uzb", "uz"),
    ("pan", "pa"),
    ("aze", "az"),
    ("ind", "id"),
    ("tel", "te"),
    ("pes", "fa"),
    ("mal", "ml"),
    ("ori", "or"),
    ("mya", "my"),
    ("nep", "ne"),
    ("sin", "si"),
    ("khm", "km"),
    ("tuk", "tk"),
    ("afr", "af"),
    ("lat", "la"),
    ("slk", "sk"),
    ("cat", "ca"),
    ("hye", "hy"),
];

fn language_of(lang: Lang) -> Language {
    let long = lang.code();
    let short = SHORT_CODES.iter().find(|(code, _)| *code == long).map_or(long, |(_, short)| short);
    Language::parse(short).unwrap_or(Language::UND)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        check_hinted(text, None, expect);
    }

    fn check_hinted(text: &str, hint: Option<&str>, expect: &str) {
        let found = detect(text, hint.and_then(Language::parse));
        assert_eq!(found.as_str(), expect, "{text:?} {hint:?}");
    }

    #[test]
    fn chinese_stays_chinese_with_latin_words_in_it() {
        check("退款多久到账", "zh");
        check("請問退貨運費誰出", "zh");
        check("我的 iPhone case 什么时候 delivery", "zh");
        check("coupon code 用不了 please help", "zh");
        check("refund什么时候到", "zh");
        check("APP闪退", "zh");
        check("钱", "zh");
        check("美の鲜奶怎么退", "zh");
        check("怎么还没到ヾ(≧▽≦*)o", "zh");
    }

    #[test]
    fn latin_is_english_unless_surely_another() {
        check("where is my order", "en");
        check("refund?", "en");
        check("plz cancl my ordr nr 4455", "en");
        check("Where is my 青禾 order?", "en");
        check("please check the order status for me 谢谢", "en");
        check("asdfgh", "en");
        check("I want to return the kettle that I bought last week", "en");
        check("Wo bleibt eigentlich meine Bestellung, ich warte schon seit zwei Wochen", "de");
        check("¿Dónde está mi pedido? Lo compré hace dos semanas y no ha llegado", "es");
        check("I love the café au lait mugs, are they in stock", "en");
        check("Où est ma commande ? Je l'attends depuis deux semaines", "fr");
    }

    #[test]
    fn other_scripts_speak_for_themselves() {
        check("注文はいつ届きますか", "ja");
        check("キャンセル", "ja");
        check("환불은 언제 되나요", "ko");
        check("Где мой заказ и когда он придёт", "ru");
        check("أين طلبي", "ar");
        check("สินค้าจะมาถึงเมื่อไหร่", "th");
    }

    #[test]
    fn a_hint_wins_only_on_very_short_texts() {
        check_hinted("ok", Some("zh"), "zh");
        check_hinted("hello", Some("de"), "de");
        check_hinted("钱", Some("en"), "en");
        check_hinted("123", Some("zh-Hans-CN"), "zh");
        check_hinted("👍", Some("en"), "en");
        check_hinted("退款", Some("en"), "zh");
        check_hinted("refund", Some("zh"), "en");
        check_hinted("領収書の発行方法", Some("ja"), "ja");
    }

    #[test]
    fn nothing_to_go_by_is_undetermined() {
        check("", "und");
        check("123 ???", "und");
        check("👍", "und");
    }
}
