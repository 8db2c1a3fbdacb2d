//! The one sentence that may be said about automatic answers, in Chinese and English. A percentage stands only beside what
//! was shown on labels drawn at random; never beside a provisional threshold.

use serde::{Deserialize, Serialize};

use super::drift::Alarm;
use super::{Certificate, Reading, Slice, TooFew};
use crate::message::Language;

/// The same sentence twice.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sentence {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// What is missing where nothing could be shown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Missing {
    /// The precision asked for.
    pub target: f64,
    /// What was expected or seen at the most promising threshold.
    pub best: TooFew,
    /// Right answers counted there, where labels were opened.
    pub right: Option<usize>,
    /// Would-be answers of all messages, 0..=1.
    pub coverage: f64,
}

impl Sentence {
    fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// The one for a reader of this language.
    pub fn to(&self, language: Language) -> &str {
        if language == Language::ZH { &self.zh } else { &self.en }
    }

    /// Nothing is calibrated.
    pub fn none() -> Self {
        Self::new("尚未校准，不作任何保证。", "Nothing is calibrated; nothing is promised.")
    }

    /// The threshold comes from the knowledge's own questions.
    pub fn provisional() -> Self {
        Self::new(
            "暂定：门槛只由知识库自己的问法得出，还没有真实消息的标注，不作任何统计保证。",
            "Provisional: the threshold comes from the knowledge's own questions, not from labelled customer messages; no statistical claim.",
        )
    }

    /// What a certificate promises.
    pub fn certified(certificate: &Certificate) -> Self {
        let m = certificate.whole.answered;
        let terms = certificate.budget.terms;
        let (target, confidence) = (percent(terms.target), percent(terms.confidence));
        let from = |word: &str, to: &str, after: &str| {
            let days = certificate.period.filter(|(a, b)| a <= b);
            days.map(|(a, b)| format!("{word}{a}{to}{b}{after}")).unwrap_or_default()
        };
        let (zh, en) = slices(certificate);
        Self::new(
            format!(
                "校准依据：{}随机抽取、由本系统作答的 {m} 条消息。在 {confidence} 的置信度下，对同类消息，这一版本的自动回答至少有 {target} 会被标注员判为正确；这句话不涉及单个星期、{zh}或话题，也不涉及此后发生变化的消息。",
                from("", " 至 ", " 期间")
            ),
            format!(
                "Calibrated on {m} answered messages drawn at random{}: with {confidence} confidence, at least {target} of this bundle's automatic answers to messages like those are ones our labellers would call right; it says nothing about single weeks, {en}or topics, or about traffic that has changed since.",
                from(" from ", " to ", "")
            ),
        )
    }

    /// What labels showed whose origin allows no certificate.
    pub fn measured(reading: Reading) -> Self {
        let (right, answered) = (reading.right, reading.answered);
        Self::new(
            format!(
                "已测量：在标注过的消息中，{answered} 条会自动作答，其中 {right} 条正确。标注的来源不允许出具保证（不是随机抽样），因此不能推及真实消息。"
            ),
            format!(
                "Measured: of the labelled messages {answered} would be answered, {right} of them rightly. How they were picked allows no certificate (no random sample), so this says nothing about other messages."
            ),
        )
    }

    /// Why no certificate was given, and what would help.
    pub fn missing(missing: &Missing) -> Self {
        let target = percent(missing.target);
        let (zh, en) = missing.seen();
        let (more_zh, more_en) = missing.more();
        Self::new(
            format!("未认证。{zh}；数量太少，无法证明 {target}。{more_zh}在此之前不会自动作答。"),
            format!(
                "Not certified. {en}; {target} cannot be shown from so few. {more_en}Until then nothing is answered automatically."
            ),
        )
    }

    /// The bundle changed; `open` answers with a new text have no verdict yet.
    pub fn stale(open: usize) -> Self {
        if open == 0 {
            return Self::new(
                "待续期：知识库或设置有变动，正在用封存的样本重新检验；未变动的答案在短时间内继续发送，其余转人工。",
                "Stale: knowledge or settings changed and are being tested again on the sealed sample; answers whose article is unchanged go on for a moment, the rest is routed.",
            );
        }
        Self::new(
            format!(
                "待续期：有 {open} 条自动回答的内容变了、尚未评判。请运行 firstline calibrate renew；在此之前转人工。"
            ),
            format!(
                "Stale: {open} would-be answers have a new text that nobody judged. Run firstline calibrate renew; until then a person answers."
            ),
        )
    }

    /// A renewal failed.
    pub fn withdrawn() -> Self {
        Self::new(
            "已撤回：知识库变动之后，无法再证明目标准确率。需要新的随机标注（firstline calibrate plan）；在此之前转人工。",
            "Withdrawn: after the last change the target could no longer be shown. New random labels are needed (firstline calibrate plan); until then a person answers.",
        )
    }

    /// Its days or its messages are over.
    pub fn expired() -> Self {
        Self::new(
            "已到期：保证的期限或消息数用完了。请用新的随机标注重新校准（firstline calibrate plan）；在此之前转人工。",
            "Expired: the days or the messages of the certificate are over. Calibrate on new random labels (firstline calibrate plan); until then a person answers.",
        )
    }

    /// The traffic is no longer like the sample.
    pub fn drifted(alarm: Alarm) -> Self {
        let (zh, en) = match alarm {
            Alarm::Answered => ("自动作答的比例变了", "the share answered changed"),
            Alarm::OutOfScope => ("知识库之外的消息比例变了", "the share out of scope changed"),
            Alarm::Languages => ("语言构成变了", "the mix of languages changed"),
            Alarm::Scores => ("平均把握程度变了", "the mean score changed"),
            Alarm::Audit => ("抽查发现错误过多", "audited answers were wrong too often"),
        };
        Self::new(
            format!(
                "已偏离：{zh}，真实消息不再像校准时的样本。请用新的随机标注重新校准；在此之前转人工。"
            ),
            format!(
                "Drifted: {en}, so the traffic is no longer like the sample. Calibrate on new random labels; until then a person answers."
            ),
        )
    }
}

impl Missing {
    fn seen(&self) -> (String, String) {
        let m = self.best.planned;
        match self.right {
            Some(right) => (
                format!("在最有希望的门槛上，{m} 条拟作答的消息里有 {right} 条正确"),
                format!(
                    "At the most promising threshold {right} of {m} would-be answers were right"
                ),
            ),
            None => (
                format!("在最有希望的门槛上，预计只有 {m} 条拟作答的消息"),
                format!(
                    "At the most promising threshold only about {m} would-be answers are expected"
                ),
            ),
        }
    }

    fn more(&self) -> (String, String) {
        let Some(needed) = self.best.needed else {
            return (
                "按目前的把握程度，再多的标注也不够：请先改进知识库。".to_owned(),
                "At this quality no number of labels would do: improve the knowledge first. "
                    .to_owned(),
            );
        };
        let truth = percent(self.best.predicted);
        let more = needed.saturating_sub(self.best.planned).max(1);
        let of_all = messages(more, self.coverage);
        let (zh, en) = of_all.map_or_else(Default::default, |all| {
            let share = percent((self.coverage * 100.0).round() / 100.0);
            (
                format!("（按 {share} 的作答比例约 {all} 条消息）"),
                format!(" (about {all} messages at {share} coverage)"),
            )
        });
        (
            format!(
                "如果真实准确率是 {truth}，再随机标注约 {more} 条拟作答的消息{zh}，就有八成机会通过。"
            ),
            format!(
                "If {truth} are right in truth, about {more} more randomly drawn would-be answers{en} would give an 80 % chance. "
            ),
        )
    }
}

/// Messages that bring so many would-be answers.
fn messages(answers: u64, coverage: f64) -> Option<String> {
    (coverage > 0.0).then(|| format!("{:.0}", (answers as f64 / coverage / 10.0).ceil() * 10.0))
}

/// Which languages the promise does not speak of: all but those with a certificate of their own.
fn slices(certificate: &Certificate) -> (String, String) {
    let own: Vec<String> = certificate
        .slices
        .iter()
        .filter(|shown| matches!(shown.slice, Slice::Language(_)))
        .map(|shown| shown.slice.to_string())
        .collect();
    if own.is_empty() {
        return ("语言".to_owned(), "languages ".to_owned());
    }
    let names = own.join(", ");
    (format!("{names} 以外的语言"), format!("languages other than {names}, "))
}

/// `95 %`, `97.5 %`.
fn percent(share: f64) -> String {
    let rounded = (share * 1_000.0).round() / 10.0;
    format!("{rounded} %")
}
