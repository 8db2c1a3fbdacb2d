//! Validity and review dates against today.

use jiff::civil::Date;

use super::Check;
use crate::knowledge::article::Article;
use crate::knowledge::diagnostic::{Bilingual, Code, Diagnostic, Severity};

/// K9: never valid (an error), expired, overdue for review.
pub(super) fn validity(check: &mut Check<'_>) {
    let today = check.setting.today;
    for article in check.articles.iter().filter(|article| !article.draft) {
        match (article.valid_from, article.valid_until) {
            (Some(from), Some(until)) if until <= from => never(check, article),
            (_, Some(until)) if until <= today => expired(check, article, until),
            _ => overdue(check, article, today),
        }
    }
}

fn never(check: &mut Check<'_>, article: &Article) {
    let found = Diagnostic::new(
        Code::Validity,
        &article.source,
        article.mark("valid_until"),
        Bilingual::new(
            "`valid_until` 不晚于 `valid_from`：这篇文章永远不会生效",
            "`valid_until` is not after `valid_from`: the article is never served",
        ),
        Bilingual::new("改正其中一个日期。", "Correct one of the two dates."),
    );
    check.report_as(Severity::Error, found);
}

fn expired(check: &mut Check<'_>, article: &Article, until: Date) {
    check.report(
        Code::Validity,
        (article, article.mark("valid_until")),
        Bilingual::new(
            format!("文章从 {until} 起已不再使用"),
            format!("the article is no longer served since {until}"),
        ),
        Bilingual::new("删掉文件，或改后面的日期。", "Delete the file, or set a later date."),
    );
}

fn overdue(check: &mut Check<'_>, article: &Article, today: Date) {
    let Some(due) = article.review_by.filter(|due| *due < today) else { return };
    check.report(
        Code::Validity,
        (article, article.mark("review_by")),
        Bilingual::new(format!("应在 {due} 之前复审"), format!("was to be reviewed by {due}")),
        Bilingual::new(
            "再读一遍，改正后写上新的日期。",
            "Read it again, correct it, and set a new date.",
        ),
    );
}
