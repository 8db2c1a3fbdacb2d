//! The table that `bench quality` prints.

use crate::cli::Terminal;
use crate::eval::quality::Document;
use crate::eval::suite::{Held, Reached, Reference};

pub(super) fn of_document(document: &Document, terminal: &Terminal) -> Vec<String> {
    let mut lines = vec![format!(
        "{} · {} · {} {} · {} {}",
        document.dataset,
        document.model,
        document.n,
        terminal.pick("条消息", "messages"),
        document.in_scope,
        terminal.pick("条有答案", "in scope")
    )];
    lines.extend(score_lines(document, terminal));
    lines.extend(threshold_lines(document, terminal));
    lines.extend(served_lines(document, terminal));
    lines.extend(urgency_line(document, terminal));
    lines
}

fn score_lines(document: &Document, terminal: &Terminal) -> Vec<String> {
    let scores = &document.scores;
    let similarity = document.nearest_question_similarity;
    let mut lines = vec![
        format!(
            "  {} {} · hit@1 {} · hit@5 {} · MRR {}",
            terminal.pick("意图", "intent"),
            percent(scores.accuracy_in_scope),
            percent(scores.hit_at_1),
            percent(scores.hit_at_5),
            percent(scores.mrr)
        ),
        format!("  AUROC {} · ECE {}", percent(scores.auroc_oos), percent(scores.ece)),
    ];
    lines.extend(similarity.map(|q| {
        format!(
            "  {} min {:.3} · p10 {:.3} · p25 {:.3} · p50 {:.3} · p75 {:.3} · p90 {:.3} · max {:.3}",
            terminal.pick("与最近问法的相似度", "similarity to the nearest question"),
            q.min, q.p10, q.p25, q.p50, q.p75, q.p90, q.max
        )
    }));
    lines
}

fn threshold_lines(document: &Document, terminal: &Terminal) -> Vec<String> {
    let plugin = document.plugin.iter().map(|plugin| {
        format!(
            "  {:<10} {:.0} %: {} {} · {} {} · {} {} × {}",
            terminal.pick("选门槛", "plugin"),
            plugin.target * 100.0,
            terminal.pick("覆盖", "coverage"),
            percent(Some(plugin.mean_coverage)),
            terminal.pick("准确", "precision"),
            percent(plugin.mean_precision),
            terminal.pick("标注", "labels"),
            plugin.calibration_messages,
            plugin.splits
        )
    });
    let guarantee = document.guarantee.iter().map(|guarantee| {
        format!(
            "  {:<10} {:.0} %: {} {} · {} {} · {} {} × {} · {} {}/{} · {} {}/{}",
            terminal.pick("有保证", "guarantee"),
            guarantee.target * 100.0,
            terminal.pick("覆盖", "coverage"),
            percent(Some(guarantee.mean_coverage)),
            terminal.pick("准确", "precision"),
            percent(guarantee.mean_precision),
            terminal.pick("标注", "labels"),
            guarantee.calibration_messages,
            guarantee.splits,
            terminal.pick("未通过", "nothing passed"),
            guarantee.nothing_passed,
            guarantee.splits,
            terminal.pick("违背", "violations"),
            guarantee.violations,
            guarantee.draws
        )
    });
    plugin.chain(guarantee).collect()
}

fn served_lines(document: &Document, terminal: &Terminal) -> Vec<String> {
    let served = &document.served;
    vec![format!(
        "  {:<10} {:.0} %: {} {} · {} {} · {} {} · {} {} · {} {} · {} {}",
        terminal.pick("现状", "as served"),
        served.target * 100.0,
        terminal.pick("覆盖", "coverage"),
        percent(served.coverage),
        terminal.pick("准确", "precision"),
        percent(served.precision),
        terminal.pick("消息", "messages"),
        served.messages,
        terminal.pick("回答", "answered"),
        served.answered,
        terminal.pick("反问", "clarified"),
        served.clarified,
        terminal.pick("转人工", "routed"),
        served.routed
    )]
}

fn urgency_line(document: &Document, terminal: &Terminal) -> Option<String> {
    let urgency = document.urgency?;
    Some(format!(
        "  {:<10} {} {}/{} ({}) · {} {}/{} ({})",
        terminal.pick("紧急", "urgency"),
        terminal.pick("认出", "recognised"),
        urgency.recognised,
        urgency.labelled,
        percent(urgency.recall.map(|recall| recall.share)),
        terminal.pick("误报", "false"),
        urgency.false_urgent,
        urgency.ordinary,
        percent(urgency.false_urgent_rate.map(|rate| rate.share))
    ))
}

/// A line for each figure with a floor.
pub(super) fn of_floors(floors: &[Held], terminal: &Terminal) -> Vec<String> {
    let line = |floor: &Held| {
        format!(
            "  {} {} · {} {} · {}",
            floor.figure,
            percent(floor.reached),
            terminal.pick("底线", "floor"),
            percent(Some(floor.floor)),
            verdict(floor.held, terminal)
        )
    };
    floors.iter().map(line).collect()
}

/// A line for each figure with a bar; a coverage has its precision beside it.
pub(super) fn of_bars(bars: &[Reached], terminal: &Terminal) -> Vec<String> {
    let line = |one: &Reached| {
        let target = one.target.map_or_else(String::new, |at| format!("@{:.0}", at * 100.0));
        let precision = one.precision_at_least.map_or_else(String::new, |least| {
            let (precision, least) = (percent(one.precision), percent(Some(least)));
            format!(" · {} {precision} (≥ {least})", terminal.pick("准确", "precision"))
        });
        format!(
            "  {}{target} {} · {} {}{precision} · {}",
            one.figure,
            percent(one.reached),
            terminal.pick("目标", "bar"),
            percent(Some(one.bar)),
            verdict(one.held, terminal)
        )
    };
    bars.iter().map(line).collect()
}

fn verdict(held: bool, terminal: &Terminal) -> &'static str {
    if held { terminal.pick("达到", "held") } else { terminal.pick("未达到", "MISSED") }
}

/// A line for each coverage of another method.
pub(super) fn of_reference(reference: &[Reference], terminal: &Terminal) -> Vec<String> {
    let line = |reference: &Reference| {
        format!(
            "  {} {:.0} %: {} {} · {} {}",
            terminal.pick("对照", "reference"),
            reference.target * 100.0,
            terminal.pick("覆盖", "coverage"),
            percent(Some(reference.coverage)),
            terminal.pick("准确", "precision"),
            percent(Some(reference.precision))
        )
    };
    reference.iter().map(line).collect()
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0))
}
