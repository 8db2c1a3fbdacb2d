//! The report of a quality run as one HTML page that needs nothing else: a manager reads the first screen, whoever mends
//! the knowledge reads the rest. Numbers come from the document; nothing is computed here that is not in it or in the
//! details.

mod load;
mod svg;
mod tables;

use std::borrow::Borrow;

use askama::Template;

use super::gate::{CurvePoint, Guarantee, Plugin};
use super::quality::{Details, Document};
use super::score::Bin;
pub use load::render as render_load;
use svg::{Chart, Frame, Unit};
use tables::{Confusion, Slice, WrongAnswer};

/// Wrong answers that are listed.
const LISTED: usize = 200;

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'d> {
    document: &'d Document,
    curve: String,
    reliability: String,
    thresholds: Vec<Threshold>,
    slices: Vec<Slice>,
    confusions: Vec<Confusion>,
    wrong: Vec<WrongAnswer<'d>>,
    wrong_in_all: usize,
    /// The precision that the lists below the curve are read at.
    target: f64,
    coverage: f64,
}

/// The page for a run.
pub fn render(document: &Document, details: &Details) -> Result<String, askama::Error> {
    let target = document.plugin.first().map_or(0.9, |plugin| plugin.target);
    let cut = tables::cut(&details.messages, target);
    let wrong = tables::wrong(&details.messages, cut);
    let page = Page {
        document,
        curve: curve(document),
        reliability: reliability(&details.provisional, &details.fitted),
        thresholds: thresholds(document),
        slices: tables::slices(&details.messages, cut),
        confusions: tables::confusions(&details.messages, cut),
        wrong_in_all: wrong.len(),
        wrong: wrong.into_iter().take(LISTED).collect(),
        target,
        coverage: coverage_at(&document.curve, target),
    };
    page.render()
}

/// One row of the table of thresholds: coverage never stands without precision, target and labels.
struct Threshold {
    method: String,
    target: f64,
    coverage: f64,
    precision: Option<f64>,
    labels: usize,
    repeats: String,
}

fn thresholds(document: &Document) -> Vec<Threshold> {
    let plugins = document.plugin.iter().map(of_plugin);
    plugins.chain(document.guarantee.iter().map(of_guarantee)).collect()
}

fn of_plugin(plugin: &Plugin) -> Threshold {
    Threshold {
        method: "随机一半选门槛 · chosen on a random half".to_owned(),
        target: plugin.target,
        coverage: plugin.mean_coverage,
        precision: plugin.mean_precision,
        labels: plugin.calibration_messages,
        repeats: format!("{}", plugin.splits),
    }
}

fn of_guarantee(guarantee: &Guarantee) -> Threshold {
    Threshold {
        method: format!("有保证 · certified ({})", share(guarantee.confidence)),
        target: guarantee.target,
        coverage: guarantee.mean_coverage,
        precision: guarantee.mean_precision,
        labels: guarantee.calibration_messages,
        repeats: format!(
            "{0}，其中 {1} 次无门槛通过；{2} 次重抽中 {3} 次低于目标 · {0}, nothing passed in {1}; below target in {3} of {2} draws",
            guarantee.splits, guarantee.nothing_passed, guarantee.draws, guarantee.violations
        ),
    }
}

fn coverage_at(curve: &[CurvePoint], target: f64) -> f64 {
    let reached = curve.iter().find(|point| point.precision >= target - 1e-9);
    reached.map_or(0.0, |point| point.coverage)
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
    }
    chart.finish("reliability")
}

/// A fraction of 1 as a percentage with one decimal. The template hands in values and references.
fn share(value: impl Borrow<f64>) -> String {
    format!("{:.1} %", value.borrow() * 100.0)
}

fn share_or_dash(value: impl Borrow<Option<f64>>) -> String {
    value.borrow().map_or_else(|| "–".to_owned(), share)
}

#[cfg(test)]
mod tests;
