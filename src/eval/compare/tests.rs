use super::*;

fn row(text: &str, rank: Option<usize>, answered: f64, right: bool) -> Row {
    Row {
        text: text.to_owned(),
        in_scope: true,
        intent: rank == Some(1),
        rank,
        best: None,
        score: Some(0.5),
        right,
        answered: vec![Some(answered)],
    }
}

fn run(dataset: &str, rows: Vec<Row>) -> Run {
    let messages = Messages { sha256: "0".repeat(64), targets: vec![0.9], rows };
    Run { suite: None, dataset: dataset.to_owned(), model: "m".to_owned(), messages }
}

/// 300 messages, of which `first` are ranked first and answered.
fn first_of(first: usize) -> Run {
    let rank = |place: usize| if place < first { 1 } else { 2 };
    let one = |place: usize| row("x", Some(rank(place)), f64::from(u8::from(place < first)), true);
    run("set", (0..300).map(one).collect())
}

#[test]
fn a_difference_has_the_interval_of_its_pairs() {
    let found = &compare(&[first_of(200)], &[first_of(230)]).unwrap()[0];
    let hit = found.hit_at_1;
    let near = |value: Option<f64>, expect: f64| (value.unwrap() - expect).abs() < 0.01;
    assert!(near(hit.a, 0.667) && near(hit.b, 0.767) && near(hit.difference, 0.1), "{hit:?}");
    // The pairs differ in 30 of 300: a standard error of 1.7 points, where unpaired samples would have 3.7.
    assert!(near(hit.low, 0.067) && near(hit.high, 0.135), "{hit:?}");
    assert_eq!(hit.direction(), Some(true));
    assert!(near(found.targets[0].coverage.difference, 0.1));
    assert!(near(found.targets[0].precision.difference, 0.0));
    assert_eq!((found.better.len(), found.worse.len()), (30, 0));
}

#[test]
fn equal_runs_do_not_differ() {
    let found = &compare(&[first_of(200)], &[first_of(200)]).unwrap()[0];
    assert_eq!(found.hit_at_1.direction(), None);
    assert!(found.better.is_empty() && found.worse.is_empty());
}

#[test]
fn a_fate_outweighs_a_place() {
    let check = |a: Row, b: Row, better: usize, worse: usize| {
        let found = &compare(&[run("s", vec![a])], &[run("s", vec![b])]).unwrap()[0];
        assert_eq!((found.better.len(), found.worse.len()), (better, worse), "{found:?}");
    };
    check(row("x", Some(2), 0.4, false), row("x", Some(1), 0.4, true), 1, 0);
    check(row("x", Some(2), 0.4, false), row("x", Some(2), 0.5, false), 0, 1);
    check(row("x", Some(1), 0.9, true), row("x", Some(1), 0.1, true), 0, 1);
    check(row("x", Some(3), 0.9, false), row("x", Some(2), 0.2, false), 1, 0);
    check(row("x", Some(3), 0.9, true), row("x", Some(2), 1.0, true), 0, 0);
}

#[test]
fn other_messages_are_refused() {
    let mut other = first_of(10);
    other.messages.sha256 = "1".repeat(64);
    let error = compare(&[first_of(10)], &[other]).unwrap_err();
    assert!(matches!(error, CompareError::OtherMessages { .. }), "{error}");
    let shorter = run("set", vec![row("x", None, 0.0, false)]);
    assert!(compare(&[first_of(10)], &[shorter]).is_err());
}

#[test]
fn several_sets_are_paired_by_name() {
    let named = |name: &str| Run { suite: Some(name.to_owned()), ..first_of(10) };
    let found = compare(&[named("a"), named("b")], &[named("b"), named("c")]).unwrap();
    assert_eq!(found.iter().map(|c| c.dataset.as_str()).collect::<Vec<_>>(), ["b"]);
    let error = compare(&[named("a"), named("b")], &[named("c")]).unwrap_err().to_string();
    assert!(error.contains("a, b") && error.contains('c'), "{error}");
}

#[test]
fn files_hold_one_run_or_one_a_suite() {
    let path = std::env::temp_dir().join(format!("firstline-compare-{}.json", std::process::id()));
    let json = |run: &Run| serde_json::json!({ "dataset": run.dataset, "model": run.model, "messages": run.messages, "n": 1 });
    let check = |text: &str, expect: Option<usize>| {
        fs_err::write(&path, text).unwrap();
        let found = read(&path);
        assert_eq!(found.as_ref().map(Vec::len).ok(), expect, "{found:?}");
    };
    let one = json(&first_of(3));
    check(&one.to_string(), Some(1));
    check(&serde_json::json!({ "suites": [one, one] }).to_string(), Some(2));
    check(r#"{"dataset":"x","model":"m","n":3}"#, None);
    check("nothing", None);
    fs_err::remove_file(&path).unwrap();
    assert!(matches!(read(&path), Err(CompareError::Io(_))));
}
