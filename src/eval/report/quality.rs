//! The report of a quality run.

use askama::Template;

use super::svg::{Chart, Frame, Unit};
use super::words::{Wording, heading};
use super::{LISTED, decimals, interval, share, share_or_dash, sign, signed, whole, width};
use crate::decision::Contribution;
use crate::eval::gate::{Guarantee, Plugin};
use crate::eval::quality::{Answers, Confusions, Details, Dimension, Document, Seen, Slice};
use crate::eval::score::Bin;

#[derive(Template)]
#[template(path = "quality.html")]
struct Page<'d> {
    chinese: bool,
    document: &'d Document,
    outlooks: Vec<Outlook>,
    curve: String,
    reliability: String,
    thresholds: Vec<Threshold>,
    slices: Vec<Part<'d>>,
    confusions: Confusions,
    wrong: [WrongList<'d>; 2],
}

/// The page for a run; a reader meets it in Chinese or in English and can switch.
pub fn render(
    document: &Document,
    details: &Details,
    chinese: bool,
) -> Result<String, askama::Error> {
    let places = by_target(document);
    let strictest = places.first().copied().unwrap_or_default();
    let none = || Confusions { target: 0.0, wrong: 0, pairs: Vec::new() };
    let page = Page {
        chinese,
        document,
        outlooks: places.iter().filter_map(|place| Outlook::of(document, *place)).collect(),
        curve: curve(document),
        reliability: reliability(&details.provisional, &details.fitted),
        thresholds: thresholds(document),
        slices: parts(&document.slices, &places),
        confusions: document.confusions.get(strictest).cloned().unwrap_or_else(none),
        wrong: wrong_lists(&details.messages, strictest),
    };
    page.render()
}

/// The places of the targets, the strictest first.
fn by_target(document: &Document) -> Vec<usize> {
    let mut places: Vec<usize> = (0..document.plugin.len()).collect();
    let target = |place: &usize| document.plugin.get(*place).map_or(0.0, |plugin| plugin.target);
    places.sort_by(|a, b| target(b).total_cmp(&target(a)));
    places
}

/// What would come of all messages at one target.
struct Outlook {
    target: f64,
    answered: f64,
    coverage: f64,
    precision: Option<f64>,
    bands: Vec<Band>,
}

/// Messages that share a fate.
struct Band {
    class: &'static str,
    zh: &'static str,
    en: &'static str,
    cure_zh: &'static str,
    cure_en: &'static str,
    messages: f64,
    share: f64,
}

impl Outlook {
    fn of(document: &Document, place: usize) -> Option<Self> {
        let plugin = document.plugin.get(place)?;
        let whole = document.slices.iter().find(|slice| slice.by == Dimension::All);
        let answers = whole.and_then(|slice| slice.answers.get(place))?;
        let n = document.n as f64;
        let right = answers.precision.map_or(0.0, |precision| precision.share) * answers.answered;
        let band = |wording: Wording, messages: f64| {
            let Wording { zh, en, cure_zh, cure_en, class } = wording;
            Band { class, zh, en, cure_zh, cure_en, messages, share: messages / n }
        };
        let mut bands = vec![
            band(Wording::RIGHT, right),
            band(Wording::WRONG, (answers.answered - right).max(0.0)),
        ];
        let own =
            document.unanswered.iter().filter(|one| one.target.total_cmp(&plugin.target).is_eq());
        bands.extend(own.map(|one| band(Wording::of(one.obstacle), one.messages)));
        Some(Self {
            target: plugin.target,
            answered: answers.answered,
            coverage: plugin.mean_coverage,
            precision: plugin.mean_precision,
            bands,
        })
    }
}

/// One row of the table of thresholds: coverage never stands without precision, target and labels.
struct Threshold {
    method_zh: String,
    method_en: String,
    target: f64,
    coverage: f64,
    precision: Option<f64>,
    labels: usize,
    repeats_zh: String,
    repeats_en: String,
}

fn thresholds(document: &Document) -> Vec<Threshold> {
    let plugins = document.plugin.iter().map(of_plugin);
    plugins.chain(document.guarantee.iter().map(of_guarantee)).collect()
}

fn of_plugin(plugin: &Plugin) -> Threshold {
    Threshold {
        method_zh: "在随机一半上选".to_owned(),
        method_en: "chosen on a random half".to_owned(),
        target: plugin.target,
        coverage: plugin.mean_coverage,
        precision: plugin.mean_precision,
        labels: plugin.calibration_messages,
        repeats_zh: format!("{} 次对半", plugin.splits),
        repeats_en: format!("{} halvings", plugin.splits),
    }
}

fn of_guarantee(guarantee: &Guarantee) -> Threshold {
    let Guarantee { splits, nothing_passed, draws, violations, .. } = guarantee;
    let confidence = share(guarantee.confidence);
    Threshold {
        method_zh: format!("有保证，置信度 {confidence}"),
        method_en: format!("certified at {confidence} confidence"),
        target: guarantee.target,
        coverage: guarantee.mean_coverage,
        precision: guarantee.mean_precision,
        labels: guarantee.calibration_messages,
        repeats_zh: format!(
            "{splits} 次对半，{nothing_passed} 次没有门槛通过；{draws} 次重抽，{violations} 次低于要求"
        ),
        repeats_en: format!(
            "{splits} halvings, nothing passed in {nothing_passed}; below what was asked in {violations} of {draws} draws"
        ),
    }
}

fn curve(document: &Document) -> String {
    let mut chart = Chart::new(Frame {
        x: (0.8, 1.0),
        y: (0.0, 1.0),
        unit: Unit::Share,
        titles: ("准确率 · precision of answers", "覆盖率 · coverage of messages"),
    });
    let points: Vec<(f64, f64)> =
        document.curve.iter().map(|point| (point.precision, point.coverage)).collect();
    chart.line(&points, "curve");
    for plugin in &document.plugin {
        if let Some(precision) = plugin.mean_precision {
            chart.dot((precision, plugin.mean_coverage), "plugin", &share(plugin.target));
        }
    }
    for guarantee in &document.guarantee {
        if let Some(precision) = guarantee.mean_precision {
            chart.dot((precision, guarantee.mean_coverage), "guarantee", &share(guarantee.target));
        }
    }
    chart.finish("coverage against precision")
}

fn reliability(provisional: &[Bin], fitted: &[Bin]) -> String {
    let mut chart = Chart::new(Frame {
        x: (0.0, 1.0),
        y: (0.0, 1.0),
        unit: Unit::Share,
        titles: ("给出的概率 · probability given", "实际正确 · share that was right"),
    });
    chart.line(&[(0.0, 0.0), (1.0, 1.0)], "ideal");
    for (bins, class) in [(provisional, "provisional"), (fitted, "fitted")] {
        let points: Vec<(f64, f64)> = bins.iter().map(|bin| (bin.probability, bin.right)).collect();
        chart.line(&points, class);
        let all: usize = bins.iter().map(|bin| bin.messages).sum();
        for bin in bins {
            let weight = (bin.messages as f64 / all as f64).sqrt();
            chart.disc((bin.probability, bin.right), class, 2.0 + 7.0 * weight);
        }
    }
    chart.finish("reliability")
}

/// One row of the table of slices.
struct Part<'d> {
    of: &'d Slice,
    /// Whether it opens its dimension.
    first: bool,
    zh: &'static str,
    en: &'static str,
    /// In the order of the outlooks.
    answers: Vec<&'d Answers>,
}

fn parts<'d>(slices: &'d [Slice], places: &[usize]) -> Vec<Part<'d>> {
    let mut before = None;
    let mut part = |of: &'d Slice| {
        let first = before.replace(of.by) != Some(of.by);
        let (zh, en) = heading(of.by);
        let answers = places.iter().filter_map(|place| of.answers.get(*place)).collect();
        Part { of, first, zh, en, answers }
    };
    slices.iter().map(&mut part).collect()
}

/// Columns of the table of slices.
fn columns(outlooks: &[Outlook]) -> usize {
    4 + 2 * outlooks.len()
}

/// Whether even the upper end of the precision is below what was asked for.
fn is_low(answers: &Answers) -> bool {
    answers.precision.is_some_and(|precision| precision.high < answers.target)
}

/// Wrong answers of one kind.
struct WrongList<'d> {
    zh: &'static str,
    en: &'static str,
    all: usize,
    answers: Vec<WrongAnswer<'d>>,
}

/// A message that would be answered wrongly.
struct WrongAnswer<'d> {
    seen: &'d Seen,
}

impl WrongAnswer<'_> {
    fn sent(&self) -> &str {
        self.seen.best.as_ref().map_or("", |article| article.as_str())
    }

    /// The inputs of the gate, those that weighed most first.
    fn evidence(&self) -> Vec<&Contribution> {
        let mut items: Vec<&Contribution> =
            self.seen.why.iter().flat_map(|why| &why.evidence).collect();
        items.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
        items
    }
}

/// In scope and out of scope apart: the first wants better phrasings, the second a better gate or a new article.
fn wrong_lists(messages: &[Seen], target: usize) -> [WrongList<'_>; 2] {
    let list = |in_scope: bool, (zh, en): (&'static str, &'static str)| {
        let mut wrong: Vec<&Seen> = messages
            .iter()
            .filter(|seen| seen.wrong_at(target) && seen.relevant.is_empty() != in_scope)
            .collect();
        wrong.sort_by(|a, b| b.score.total_cmp(&a.score));
        let answers = wrong.iter().take(LISTED).map(|seen| WrongAnswer { seen });
        WrongList { zh, en, all: wrong.len(), answers: answers.collect() }
    };
    [
        list(true, ("答成了别的", "Wrong answers to what is in scope")),
        list(false, ("不该回答却答了", "Answers to what is out of scope")),
    ]
}
