//! Whether a message leans on the one before it: "and how long does that take?", "那多久？". Words and length alone; whether
//! the two together mean something is for the readers and the policy.

use super::shape::words;

/// How a message leans on the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaning {
    /// Its first words take up what was said.
    Marked,
    /// It is so short that it may.
    Short,
}

/// Longer messages stand for themselves, whatever they begin with. In [`words`].
const LONGEST: f64 = 9.0;
/// Longer ones do not lean without a mark.
const SHORT: f64 = 4.0;

/// What a follow-up begins with, in lower case. English ones are whole words.
const MARKS: [&str; 16] = [
    "那",
    "还有",
    "然后",
    "另外",
    "这个",
    "这种",
    "它",
    "and ",
    "what about ",
    "how about ",
    "then ",
    "but ",
    "does it ",
    "is it ",
    "is that ",
    "does that ",
];

/// Whether and how `text` leans on what was said before.
pub fn leaning(text: &str) -> Option<Leaning> {
    let lower = text.trim_start().to_lowercase();
    match words(&lower) {
        words if words > LONGEST => None,
        _ if MARKS.iter().any(|mark| lower.starts_with(mark)) => Some(Leaning::Marked),
        words if words <= SHORT => Some(Leaning::Short),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_messages_and_marked_ones_lean() {
        let check = |text: &str, expect: Option<Leaning>| {
            assert_eq!(leaning(text), expect, "{text}");
        };
        check("那多久？", Some(Leaning::Marked));
        check("那如果是海外订单呢，要几天", Some(Leaning::Marked));
        check("And how long does that take?", Some(Leaning::Marked));
        check("多久到", Some(Leaning::Short));
        check("how long?", Some(Leaning::Short));
        check("Android app keeps crashing on my phone", None);
        check("请问你们的退货运费是由谁来承担的", None);
        check("and then my parcel went back to the warehouse without anybody telling me", None);
    }
}
