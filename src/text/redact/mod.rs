//! Personal numbers and addresses struck out of a text before it is logged: phone, mail, identity card, bank card, IBAN, in
//! Chinese and Western forms and in full width. It errs on the side of striking out: any seven digits go, but for dates
//! and amounts. Names and postal addresses are not found here.

mod iban;

use super::normalize::is_invisible;

/// The text with every personal number replaced by `[phone]`, `[mail]`, `[id]`, `[card]`, `[iban]` or `[number]`.
/// No run of seven or more digits is left, in any script's digits.
pub fn redact(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        match iban::find(&chars, at).or_else(|| mail(&chars, at)).or_else(|| number(&chars, at)) {
            Some(Find { label: Some(label), end }) => {
                out.push_str(label);
                at = end;
            }
            Some(Find { label: None, end }) => {
                out.extend(chars.iter().take(end).skip(at));
                at = end;
            }
            None => {
                out.push(c);
                at += 1;
            }
        }
    }
    out
}

/// What was recognised from some index up to `end`, and what stands in its place; `None` keeps it as it is.
struct Find {
    label: Option<&'static str>,
    end: usize,
}

/// The longest local part of a mail address; also what keeps the search linear.
const LOCAL_MAX: usize = 64;
const DOMAIN_MAX: usize = 253;

fn mail(chars: &[char], at: usize) -> Option<Find> {
    let before = at.checked_sub(1).and_then(|i| chars.get(i));
    if before.is_some_and(|c| is_local(ascii(*c))) {
        return None;
    }
    let local = run(chars, at, LOCAL_MAX, is_local);
    let sign = chars.get(at + local).copied().map(ascii);
    if local == 0 || sign != Some('@') {
        return None;
    }
    let start = at + local + 1;
    let length = run(chars, start, DOMAIN_MAX, is_domain);
    let name: String = chars.iter().skip(start).take(length).copied().map(ascii).collect();
    let name = name.trim_end_matches(['.', '-']);
    let (host, top) = name.rsplit_once('.')?;
    let complete = !host.is_empty() && top.len() >= 2;
    complete.then_some(Find { label: Some("[mail]"), end: start + name.len() })
}

/// How many characters from `at` on are of a class, at most `max`.
fn run(chars: &[char], at: usize, max: usize, class: fn(char) -> bool) -> usize {
    chars.iter().skip(at).take(max).take_while(|c| class(ascii(**c))).count()
}

fn is_local(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'')
}

fn is_domain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-')
}

/// The ASCII twin of a full-width character, and of the full stop that a Chinese keyboard gives; others as they are.
fn ascii(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '。' => '.',
        '\u{3000}' => ' ',
        _ => c,
    }
}

/// The Chinese numerals that phone numbers are spelt with, in order of value.
const NUMERALS: &str = "零一二三四五六七八九";

/// A digit's ASCII form; digits of other scripts become `0`, for only their count matters.
fn digit(c: char) -> Option<char> {
    let c = ascii(c);
    match c {
        '0'..='9' => Some(c),
        '幺' => Some('1'),
        '〇' => Some('0'),
        _ if c.is_numeric() => Some('0'),
        _ => ('0'..='9').zip(NUMERALS.chars()).find(|(_, name)| *name == c).map(|(digit, _)| digit),
    }
}

/// Digits with separators between them, read as one number.
#[derive(Default)]
struct Digits {
    /// All digits, in ASCII.
    all: String,
    /// Length and end of each group.
    groups: Vec<(usize, usize)>,
    /// The separator before each group but the first.
    separators: Vec<char>,
    /// Opened by `+`, as only a phone number is.
    plus: bool,
}

/// Fewer digits than this identify nobody.
const PERSONAL: usize = 7;
/// More groups than any number that people write; keeps the search linear.
const GROUPS_MAX: usize = 12;

fn number(chars: &[char], at: usize) -> Option<Find> {
    let digits = Digits::read(chars, at)?;
    if let Some(end) = digits.date_end() {
        return Some(Find { label: None, end });
    }
    if digits.all.len() < PERSONAL || digits.is_amount() {
        return None;
    }
    let end = digits.end();
    let check_letter =
        digits.all.len() == 17 && matches!(chars.get(end), Some('x' | 'X' | 'ｘ' | 'Ｘ'));
    let label = if check_letter { "[id]" } else { digits.label() };
    Some(Find { label: Some(label), end: end + usize::from(check_letter) })
}

impl Digits {
    fn read(chars: &[char], at: usize) -> Option<Self> {
        let first = ascii(*chars.get(at)?);
        let opening = usize::from(matches!(first, '+' | '('));
        let mut digits = Self { plus: first == '+', ..Self::default() };
        let mut next = digits.read_group(chars, at + opening)?;
        while digits.groups.len() < GROUPS_MAX {
            let Some((separator, start)) = separator(chars, next) else { break };
            let Some(end) = digits.read_group(chars, start) else { break };
            digits.separators.push(separator);
            next = end;
        }
        Some(digits)
    }

    /// Reads digits from `at`; where they end, or `None` if there are none.
    fn read_group(&mut self, chars: &[char], at: usize) -> Option<usize> {
        let group: String = chars.iter().skip(at).map_while(|c| digit(*c)).collect();
        let end = at + group.len();
        self.all.push_str(&group);
        (!group.is_empty()).then(|| {
            self.groups.push((group.len(), end));
            end
        })
    }

    fn end(&self) -> usize {
        self.groups.last().map_or(0, |(_, end)| *end)
    }

    /// One group, a point, and at most two decimals.
    fn is_amount(&self) -> bool {
        let small = matches!(self.groups.as_slice(), [(whole, _), (1..=2, _)] if *whole < PERSONAL);
        small && self.separators == ['.']
    }

    /// Where the date ends that the first three groups are (`2026-11-02`, `2/11/2026`).
    fn date_end(&self) -> Option<usize> {
        let [(a, _), (b, _), (c, end), ..] = self.groups.as_slice() else { return None };
        let [first, second, ..] = self.separators.as_slice() else { return None };
        let same = first == second && matches!(first, '-' | '/' | '.');
        let shaped = matches!((a, b, c), (4, 1..=2, 1..=2) | (1..=2, 1..=2, 4));
        let part =
            |from: usize, length: usize| self.all.get(from..from + length)?.parse::<u16>().ok();
        let (year, others) = if *a == 4 {
            (part(0, 4)?, [part(4, *b)?, part(4 + b, *c)?])
        } else {
            (part(a + b, 4)?, [part(0, *a)?, part(*a, *b)?])
        };
        let plausible = (1900..2100).contains(&year) && others.iter().all(|n| (1..=31).contains(n));
        (same && shaped && plausible).then_some(*end)
    }

    fn label(&self) -> &'static str {
        let digits = self.all.as_str();
        let lone = self.groups.len() == 1;
        let identity = lone || self.groups.iter().map(|(length, _)| *length).eq([6, 8, 4]);
        match digits.len() {
            _ if self.plus => "[phone]",
            18 if identity => "[id]",
            11 | 13 | 15 if is_chinese_mobile(digits) => "[phone]",
            13..=19 => "[card]",
            7..=12 if !lone || digits.starts_with('0') => "[phone]",
            10 if !digits.starts_with('1') => "[phone]",
            _ => "[number]",
        }
    }
}

/// One or two separators and where the next group starts; the first that is not a space names them.
fn separator(chars: &[char], at: usize) -> Option<(char, usize)> {
    let between: Vec<char> = chars
        .iter()
        .skip(at)
        .copied()
        .map(ascii)
        .take_while(|c| is_separator(*c))
        .take(3)
        .collect();
    let name = between.iter().copied().find(|c| *c != ' ').or(between.first().copied())?;
    (between.len() <= 2).then_some((name, at + between.len()))
}

fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '_' | '·' | '‐'..='―' | '\u{A0}')
        || is_invisible(c)
}

/// Eleven digits from 13 on, with or without the country's 86 or 0086.
fn is_chinese_mobile(digits: &str) -> bool {
    let national = match digits.len() {
        13 => digits.strip_prefix("86"),
        15 => digits.strip_prefix("0086"),
        _ => Some(digits),
    };
    national.is_some_and(|n| n.starts_with('1') && !n.starts_with("10") && !n.starts_with("12"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn strikes_out_what_identifies_a_person() {
        let check = |text: &str, expect: &str| assert_eq!(redact(text), expect, "{text:?}");
        check("我手机13812345678，打给我", "我手机[phone]，打给我");
        check("138 1234 5678", "[phone]");
        check("138-1234-5678 谢谢", "[phone] 谢谢");
        check("+86 138 1234 5678", "[phone]");
        check("8613812345678", "[phone]");
        check("１３８１２３４５６７８", "[phone]");
        check("幺三八一二三四五六七八", "[phone]");
        check("138\u{200B}1234\u{200B}5678", "[phone]");
        check("固话0571-88889999", "固话[phone]");
        check("(0571) 8888 9999", "[phone]");
        check("call (415) 555-0132 now", "call [phone] now");
        check("+1 415.555.0132", "[phone]");
        check("+44 20 7946 0958", "[phone]");
        check("4155550132", "[phone]");
        check("身份证11010519491231002X。", "身份证[id]。");
        check("11010519491231002x", "[id]");
        check("110105194912310021", "[id]");
        check("110105 19491231 0021", "[id]");
        check("卡号 6222 0212 3456 7890 123", "卡号 [card]");
        check("4111-1111-1111-1111", "[card]");
        check("4111111111111111", "[card]");
        check("mail me: jo.doe+x@mail.example.org.", "mail me: [mail].");
        check("邮箱是abc_1@qq.com谢谢", "邮箱是[mail]谢谢");
        check("ａｂｃ＠ｑｑ．ｃｏｍ", "[mail]");
        check("abc@qq。com", "[mail]");
        check("13812345678@139.com", "[mail]");
        check("订单QH20261102001到哪了", "订单QH[number]到哪了");
        check("٠١٢٣٤٥٦٧", "[phone]");
        check("13812345678，13912345678", "[phone]，[phone]");
        check("+86-0755-8888 9999", "[phone]");
        check("0086 138 1234 5678", "[phone]");
        check("+852 2345 6789", "[phone]");
        check("+49 (0)30 901820", "[phone]");
        check("ring 020 7946 0958", "ring [phone]");
        check("4111 1111 1111 1111 exp", "[card] exp");
        check("3782 822463 10005", "[card]");
        check("旧身份证110105491231002", "旧身份证[card]");
        check("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN [iban] please");
        check("GB29NWBK60161331926819，谢谢", "[iban]，谢谢");
        check("gb29 nwbk 6016 1331 9268 19.", "[iban].");
        check("NL91ABNA0417164300", "[iban]");
        // One wrong digit makes none of it; its digits go all the same.
        check("DE88 3704 0044 0532 0130 00", "DE[number]");
    }

    #[test]
    fn leaves_the_rest_alone() {
        let check = |text: &str| assert_eq!(redact(text), text);
        check("");
        check("退款多久到账？");
        check("买了 3 个，共 1299.00 元");
        check("order 123456");
        check("2026-11-02 09:31:07 下的单");
        check("on 2/11/2026 at 10:30");
        check("2026年11月2日");
        check("第一、二、三件");
        check("me@home, a@b.c, @name");
        check("满 12,345,678 减");
        check("(3) or +1");
    }

    proptest! {
        #[test]
        fn leaves_no_long_run_of_digits(text in "[0-9０-９٠-٩x@ ().+a-]{0,60}|(?s).*") {
            let redacted = redact(&text);
            let longest = redacted.split(|c: char| !c.is_numeric()).map(|run| run.chars().count()).max();
            prop_assert!(longest < Some(PERSONAL), "{redacted:?}");
        }

        #[test]
        fn keeps_texts_without_digits_or_at_signs(text in "[^0-9@＠\\p{N}零一二三四五六七八九幺]*") {
            prop_assert_eq!(redact(&text), text);
        }
    }
}
