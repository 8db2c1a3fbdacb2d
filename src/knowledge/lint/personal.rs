//! Personal data in a text that goes to every customer: mobile numbers, identity cards, bank cards, private mail
//! addresses. Hotlines, short codes and the shop's own contacts are fine.

use super::{Check, written};
use crate::knowledge::article::Article;
use crate::knowledge::diagnostic::{Bilingual, Code, Diagnostic, Severity};
use crate::knowledge::source::Span;

/// Mailboxes of a department, which are nobody's personal data.
const OFFICES: &[&str] = &[
    "help", "support", "service", "info", "contact", "hello", "care", "sales", "noreply",
    "no-reply", "kefu", "press",
];

/// What a number or an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mobile,
    IdCard,
    BankCard,
    Mail,
}

impl Kind {
    fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Mobile => ("手机号", "a mobile number"),
            Self::IdCard => ("身份证号", "an identity card number"),
            Self::BankCard => ("银行卡号", "a bank card number"),
            Self::Mail => ("邮箱地址", "a mail address"),
        }
    }

    fn severity(self) -> Severity {
        match self {
            Self::Mobile | Self::IdCard | Self::BankCard => Severity::Error,
            Self::Mail => Severity::Warning,
        }
    }
}

/// K13: personal data in what an article says.
pub(super) fn data(check: &mut Check<'_>) {
    for article in check.articles {
        for (text, span) in written(article) {
            for (kind, at) in find(text) {
                let place = at.shifted(span.start);
                if !is_own(article.source.slice(place), check.setting.own_contacts) {
                    report(check, article, kind, place);
                }
            }
        }
    }
}

/// The message names the kind and not the value: it may be shown in places that everybody reads.
fn report(check: &mut Check<'_>, article: &Article, kind: Kind, place: Span) {
    let (zh, en) = kind.name();
    let found = Diagnostic::new(
        Code::PersonalData,
        &article.source,
        place,
        Bilingual::new(format!("这里有{zh}"), format!("here is {en}")),
        Bilingual::new(
            "删掉它；自己的联系方式写进配置的 `own_contacts`。",
            "Remove it; list contacts of your own in `own_contacts` of the configuration.",
        ),
    );
    check.report_as(kind.severity(), found);
}

fn is_own(found: &str, own: &[String]) -> bool {
    let key = |text: &str| -> String {
        text.chars()
            .filter(|c| !matches!(c, ' ' | '-' | '(' | ')'))
            .collect::<String>()
            .to_lowercase()
    };
    own.iter().any(|contact| key(contact) == key(found))
}

fn find(text: &str) -> Vec<(Kind, Span)> {
    let numbers = numbers(text).into_iter().filter_map(|span| {
        let written = text.get(span.range())?;
        Some((classify(written)?, span))
    });
    let mails = mails(text).into_iter().map(|span| (Kind::Mail, span));
    numbers.chain(mails).collect()
}

/// Runs of digits with single spaces or dashes between them, not inside a word. A final `X` belongs to it.
fn numbers(text: &str) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    let mut open: Option<Span> = None;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let digit = c.is_ascii_digit() || ('０'..='９').contains(&c);
        match open {
            Some(run) if digit || matches!(c, 'X' | 'x') && run.end == at => {
                open = Some(Span::new(run.start, end));
            }
            Some(run) if matches!(c, ' ' | '-' | '－') && run.end == at => {}
            Some(run) => {
                found.push(run);
                open = None;
            }
            None if digit && !before.is_ascii_alphabetic() => open = Some(Span::new(at, end)),
            None => {}
        }
        before = c;
    }
    found.extend(open);
    found
}

fn classify(written: &str) -> Option<Kind> {
    let digits: String = written
        .chars()
        .filter_map(|c| match c {
            '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10),
            'x' => Some('X'),
            c => Some(c),
        })
        .filter(|c| c.is_ascii_digit() || *c == 'X')
        .collect();
    if is_mobile(&digits) {
        Some(Kind::Mobile)
    } else if is_id_card(&digits) {
        Some(Kind::IdCard)
    } else if is_bank_card(&digits) {
        Some(Kind::BankCard)
    } else {
        None
    }
}

/// A mainland mobile number, with or without the country code.
fn is_mobile(digits: &str) -> bool {
    let local = ["0086", "86"]
        .iter()
        .find_map(|code| digits.strip_prefix(code).filter(|rest| rest.len() == 11));
    let local = local.unwrap_or(digits).as_bytes();
    local.len() == 11
        && local.first() == Some(&b'1')
        && local.get(1).is_some_and(|d| (b'3'..=b'9').contains(d))
}

/// 18 places whose last one is the checksum of GB 11643.
fn is_id_card(digits: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    let values: Option<Vec<u32>> = digits.chars().take(17).map(|c| c.to_digit(10)).collect();
    let (Some(values), 18) = (values, digits.len()) else { return false };
    let sum: u32 = values.iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
    CHECKS.get(sum as usize % 11) == digits.as_bytes().last()
}

/// 15 to 19 digits with a valid Luhn checksum.
fn is_bank_card(digits: &str) -> bool {
    let values: Option<Vec<u32>> = digits.chars().rev().map(|c| c.to_digit(10)).collect();
    let Some(values) = values.filter(|values| (15..=19).contains(&values.len())) else {
        return false;
    };
    let doubled = |(at, value): (usize, &u32)| match (at % 2, value * 2) {
        (0, _) => *value,
        (_, twice) if twice > 9 => twice - 9,
        (_, twice) => twice,
    };
    values.iter().enumerate().map(doubled).sum::<u32>() % 10 == 0
}

/// Mail addresses that are not an office's.
fn mails(text: &str) -> Vec<Span> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    let around = |(at, _): (usize, &str)| {
        let (before, after) = (text.get(..at)?, text.get(at + 1..)?);
        let name = before.len() - before.trim_end_matches(part).len();
        let rest = after.trim_start_matches(part);
        let host = after.get(..after.len() - rest.len())?.trim_end_matches(['.', '-']);
        let office = before.get(at - name..)?.to_ascii_lowercase();
        let personal = name > 0 && host.contains('.') && !OFFICES.contains(&office.as_str());
        personal.then(|| Span::new(at - name, at + 1 + host.len()))
    };
    text.match_indices('@').filter_map(around).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_data_is_told_from_hotlines_and_order_numbers() {
        let check = |text: &str, expect: &[(Kind, &str)]| {
            let found: Vec<(Kind, &str)> =
                find(text).into_iter().map(|(k, s)| (k, text.get(s.range()).unwrap())).collect();
            assert_eq!(found, expect, "{text:?}");
        };
        check("请打13812345678找小王", &[(Kind::Mobile, "13812345678")]);
        check("+86 138-1234-5678", &[(Kind::Mobile, "86 138-1234-5678")]);
        check("１３８１２３４５６７８", &[(Kind::Mobile, "１３８１２３４５６７８")]);
        check("身份证11010519491231002X", &[(Kind::IdCard, "11010519491231002X")]);
        check("卡号 6222 0212 3456 7890 128", &[(Kind::BankCard, "6222 0212 3456 7890 128")]);
        check("card 4111-1111-1111-1111.", &[(Kind::BankCard, "4111-1111-1111-1111")]);
        check("写给 li.lei@mail.example。", &[(Kind::Mail, "li.lei@mail.example")]);
        check("客服 400-820-5566 或 95588、12315", &[]);
        check("mail help@shop.example", &[]);
        check("订单号 20261124000012345", &[]);
        check("12345678901, 110105194912310021", &[]);
        check("SN13812345678", &[]);
        check("满 99 元，1-3 天，2026-01-01", &[]);
        check("@小王 a@b", &[]);
    }

    #[test]
    fn own_contacts_are_compared_without_separators() {
        let own = ["138-1234-5678".to_owned(), "Ana@Shop.example".to_owned()];
        assert!(is_own("13812345678", &own) && is_own("ana@shop.example", &own));
        assert!(!is_own("13912345678", &own));
    }
}
