//! When two texts count as the same: for embedding once, for grouping answers, and for finding duplicate questions.

use crate::text::normalize;

/// Equal for texts that read the same: width, white space and case do not matter.
pub(super) fn same_text_key(text: &str) -> String {
    normalize(text).as_str().to_lowercase()
}

/// Equal for questions that ask the same in the same words: punctuation does not matter either.
pub(super) fn question_key(text: &str) -> String {
    same_text_key(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_compared_without_punctuation() {
        let same = |a: &str, b: &str| question_key(a) == question_key(b);
        assert!(same("退款多久到账？", "退款 多久到账"));
        assert!(same("Where is my ORDER?", "where is my order"));
        assert!(same("ＡＰＰ怎么下载", "app怎么下载!"));
        assert!(!same("退款多久到账", "退货多久到账"));
    }

    #[test]
    fn texts_are_compared_with_it() {
        assert_eq!(same_text_key("A  b\n"), same_text_key("a b"));
        assert_ne!(same_text_key("a b."), same_text_key("a b"));
    }
}
