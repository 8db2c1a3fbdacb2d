//! The report of a load run: latency against the offered rate, and the table behind the drawing.

use askama::Template;

use super::svg::{Chart, Frame, Unit};
use crate::eval::load::Report;

#[derive(Template)]
#[template(path = "load.html")]
struct Page<'r> {
    chinese: bool,
    target: &'r str,
    transport: &'r str,
    latency: String,
    rows: Vec<Row>,
}

/// One offered rate.
struct Row {
    offered: String,
    achieved: String,
    mean: String,
    p50: String,
    p99: String,
    refused: u64,
    retried: u64,
    lost: u64,
}

/// The page for runs against one service, in the order of their rates; a reader meets it in Chinese or in English.
pub fn render(reports: &[Report], chinese: bool) -> Result<String, askama::Error> {
    let target = reports.first().map_or("", |report| report.target.as_str());
    let transport = reports.first().map_or("", |report| report.transport.as_str());
    let rows = reports.iter().map(row).collect();
    Page { chinese, target, transport, latency: latency(reports), rows }.render()
}

fn latency(reports: &[Report]) -> String {
    let line = |quantile: f64| -> Vec<(f64, f64)> {
        let point =
            |report: &Report| Some((report.rate, report.tally.latency.quantile_ms(quantile)?));
        reports.iter().filter_map(point).collect()
    };
    let lines = [("p50", line(0.5)), ("p99", line(0.99))];
    let highest = |axis: fn(&(f64, f64)) -> f64| {
        lines.iter().flat_map(|(_, points)| points).map(axis).fold(0.0, f64::max)
    };
    let mut chart = Chart::new(Frame {
        x: (0.0, round_up(highest(|point| point.0))),
        y: (0.0, round_up(highest(|point| point.1))),
        unit: Unit::Number,
        titles: ("每秒消息 · messages a second", "毫秒 · milliseconds"),
    });
    for (class, points) in &lines {
        chart.line(points, class);
        for point in points {
            chart.dot(*point, class, "");
        }
    }
    chart.finish("latency against offered rate")
}

/// The next number of the form 1, 2 or 5 times a power of ten, for an axis that ends on a round number.
fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.max(1.0).log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .map(|step| step * power)
        .into_iter()
        .find(|end| *end >= value)
        .unwrap_or(value)
}

fn row(report: &Report) -> Row {
    let tally = &report.tally;
    let milliseconds =
        |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |ms| format!("{ms:.1}"));
    Row {
        offered: format!("{:.1}", report.rate),
        achieved: format!("{:.1}", report.achieved_rate),
        mean: milliseconds(tally.latency.mean_ms()),
        p50: milliseconds(tally.latency.quantile_ms(0.5)),
        p99: milliseconds(tally.latency.quantile_ms(0.99)),
        refused: tally.refused.values().sum(),
        retried: tally.retried,
        lost: tally.unsent + tally.errors.values().sum::<u64>(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::eval::load::Tally;

    #[test]
    fn an_axis_ends_on_a_round_number() {
        let check = |value: f64, expect: f64| assert!((round_up(value) - expect).abs() < 1e-9);
        check(0.0, 1.0);
        check(13.0, 20.0);
        check(200.0, 200.0);
        check(510.0, 1000.0);
    }

    #[test]
    fn the_page_draws_every_rate_and_escapes_the_target() {
        let mut tally = Tally::default();
        tally.latency.record(Duration::from_millis(8));
        let report = |rate: f64| Report {
            target: "http://<b>".to_owned(),
            transport: "Handle".to_owned(),
            rate,
            conversations: 1,
            duration_s: 1.0,
            achieved_rate: rate,
            tally: tally.clone(),
        };
        let page = render(&[report(50.0), report(100.0)], false).unwrap();
        assert_eq!(page.matches("<circle class=\"p99\"").count(), 2);
        assert!(page.contains("100.0") && !page.contains("<b>"), "{page}");
    }
}
