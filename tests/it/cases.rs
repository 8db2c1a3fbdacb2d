//! The decision suites `tests/cases/*.md`, asked of the demo knowledge with the default model, which is pulled as a user pulls
//! it; where it cannot be had, one line says so. `tests/cases/README.md` says how a case is written.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use firstline::config::Config;
use firstline::decision::policy::Provisional;
use firstline::decision::{Action, Decision, Outcome, Part};
use firstline::dispatch::{Dispatch, HandleOptions};
use firstline::encoder::source::{self, Options};
use firstline::encoder::{self, Backend, Batcher, DEFAULT_MAX_TOKENS, batcher};
use firstline::knowledge::{self, LoadOptions};
use firstline::message::{
    CallerId, Channel, Content, ConversationId, Message, RequestId, Timestamp,
};
use firstline::release::{Bundle, Source, VectorCache};
use firstline::triage::Triage;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::support::HOLD;

/// One conversation.
#[derive(Debug, PartialEq)]
struct Case {
    /// `file:line` of its heading.
    place: String,
    turns: Vec<Turn>,
}

/// Messages sent at once, and what is expected of each part of their decision.
#[derive(Debug, PartialEq, Default)]
struct Turn {
    messages: Vec<String>,
    /// With the line of the file.
    expect: Vec<(usize, String)>,
}

/// The cases of a file. A heading begins one; a quote is a message; an item below it says what one part must become.
fn parse(file: &str, text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut quoting = false;
    for (number, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line)) {
        if line.starts_with("## ") {
            cases.push(Case { place: format!("{file}:{number}"), turns: Vec::new() });
        } else if let Some(case) = cases.last_mut() {
            read_line(case, (number, line), quoting);
        }
        quoting = line.starts_with('>');
    }
    cases
}

fn read_line(case: &mut Case, (number, line): (usize, &str), quoting: bool) {
    if let Some(words) = line.strip_prefix('>') {
        let words = words.strip_prefix(' ').unwrap_or(words);
        if case.turns.last().is_none_or(|turn| !turn.expect.is_empty()) {
            case.turns.push(Turn::default());
        }
        let Some(turn) = case.turns.last_mut() else { return };
        match turn.messages.last_mut().filter(|_| quoting) {
            Some(message) => write!(message, "\n{words}").unwrap(),
            None => turn.messages.push(words.to_owned()),
        }
    } else if let Some(item) = line.strip_prefix("- ")
        && let Some(turn) = case.turns.last_mut()
    {
        turn.expect.push((number, item.to_owned()));
    }
}

/// What one part became: the outcome with what belongs to it, then the reason.
fn render(decision: &Decision, part: &Part) -> String {
    let outcome = match &part.outcome {
        Outcome::Answer(answer) => format!("answer {}", answer.article),
        Outcome::Clarify(options) => options
            .iter()
            .fold("clarify".to_owned(), |line, option| line + " " + option.article.as_str()),
        Outcome::Route(to) => format!("route {} {}", to.queue, kebab(&to.priority)),
        Outcome::SmallTalk(kind) => kebab(kind),
        Outcome::Nothing => "nothing".to_owned(),
    };
    let forwarded = if decision.action == Action::Forward { "forward " } else { "" };
    format!("{forwarded}{outcome} ({})", kebab(&part.reason))
}

fn kebab(name: &impl std::fmt::Debug) -> String {
    let camel = format!("{name:?}");
    let mut words = String::new();
    for (place, letter) in camel.char_indices() {
        if place > 0 && letter.is_ascii_uppercase() {
            words.push('-');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

/// Whether each expected word, or one of its alternatives (`a|b`), stands in the line, in this order.
fn holds(expect: &str, got: &str) -> bool {
    let mut words = got.split(' ').map(|word| word.trim_matches(['(', ')']));
    expect.split(' ').all(|wanted| words.any(|word| wanted.split('|').any(|one| one == word)))
}

/// A turn that came out otherwise.
#[derive(Debug)]
struct Miss {
    file: String,
    /// Where its expectations stand.
    lines: Vec<usize>,
    got: Vec<String>,
    /// `file:line`, expected and got, for each part that differs.
    report: Vec<String>,
}

impl Miss {
    fn of(turn: &Turn, decision: &Decision, file: &str) -> Option<Self> {
        let got: Vec<String> = decision.parts.iter().map(|part| render(decision, part)).collect();
        let unmet = turn.expect.iter().enumerate().filter_map(|(at, (line, expect))| {
            let got = got.get(at).map_or("no such part", String::as_str);
            (!holds(expect, got)).then(|| format!("{file}:{line}: expected {expect}, got {got}"))
        });
        let lines: Vec<usize> = turn.expect.iter().map(|(line, _)| *line).collect();
        let last = lines.last().copied().unwrap_or_default();
        let more = got.iter().skip(lines.len());
        let more = more.map(|part| format!("{file}:{last}: expected no more, got {part}"));
        let report: Vec<String> = unmet.chain(more).collect();
        (!report.is_empty()).then(|| Self { file: file.to_owned(), lines, got, report })
    }
}

/// A suite in which what was missed is expected.
fn accept(text: &str, misses: &[&Miss]) -> String {
    let mut accepted = String::new();
    for (number, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line)) {
        let Some(miss) = misses.iter().find(|miss| miss.lines.contains(&number)) else {
            accepted.extend([line, "\n"]);
            continue;
        };
        if miss.lines.first() == Some(&number) {
            accepted.extend(miss.got.iter().map(|part| format!("- {part}\n")));
        }
    }
    accepted
}

/// Writes what came out into the suites.
fn rewrite(root: &Path, misses: &[Miss]) {
    let files: BTreeSet<&str> = misses.iter().map(|miss| miss.file.as_str()).collect();
    for file in files {
        let own: Vec<&Miss> = misses.iter().filter(|miss| miss.file == file).collect();
        let text = fs_err::read_to_string(root.join(file)).unwrap();
        fs_err::write(root.join(file), accept(&text, &own)).unwrap();
    }
}

/// Plays one conversation.
async fn play(dispatch: Arc<Dispatch>, case: Case) -> Vec<Miss> {
    let file = case.place.split(':').next().unwrap_or_default();
    let mut misses = Vec::new();
    let mut sent = 0;
    for turn in &case.turns {
        let mut calls = JoinSet::new();
        for words in &turn.messages {
            sent += 1;
            let (dispatch, message) = (Arc::clone(&dispatch), message(&case.place, sent, words));
            let caller = CallerId::new("cases").unwrap();
            calls.spawn(async move {
                dispatch.handle(&caller, message, HandleOptions::default()).await.unwrap().outcome
            });
            tokio::task::yield_now().await;
        }
        let outcomes = calls.join_all().await;
        misses.extend(Miss::of(turn, &outcomes[0].decision, file));
    }
    misses
}

fn message(conversation: &str, number: usize, words: &str) -> Message {
    Message {
        request_id: RequestId::new(&format!("{conversation}/{number}")).unwrap(),
        conversation_id: ConversationId::new(conversation).unwrap(),
        sequence: Some(u64::try_from(number).unwrap()),
        sent_at: None,
        channel: Channel::new("web").unwrap(),
        language_hint: None,
        customer_id: None,
        customer_name: None,
        content: Content::Text(words.to_owned()),
        attributes: std::collections::BTreeMap::new(),
    }
}

/// The demo shop, which answers; `None` where its model cannot be had.
fn shop(root: &Path) -> Option<(Triage, Config)> {
    let mut config = Config::load(Some(&root.join("firstline.toml"))).unwrap();
    let options = Options::new(root.join("models"));
    let model = match source::ensure(&config.model.name, &options, &mut |_| ()) {
        Ok(model) => model,
        Err(error) => {
            let name = &config.model.name;
            writeln!(io::stderr(), "not run, {name} cannot be pulled: {error}").unwrap();
            return None;
        }
    };
    // Not int8, which has other steps on other processors.
    let encoder = encoder::load_with(&model, DEFAULT_MAX_TOKENS, Backend::F32).unwrap();
    // All cases are played at once, on machines of any speed.
    let patient =
        batcher::Config { longest_wait: Duration::from_hours(1), ..config.model.batcher.clone() };
    let batcher = Arc::new(Batcher::start(encoder, &patient).unwrap());
    let options = LoadOptions::on("2026-11-24".parse().unwrap());
    let loaded = knowledge::load(&root.join("knowledge"), &options).unwrap();
    config.policy.provisional = Provisional::Answer;
    let source = Source {
        articles: loaded.served_on(options.today),
        phrases: loaded.phrases.clone(),
        policy: config.policy.clone(),
        outside: Vec::new(),
    };
    let vectors = VectorCache::in_memory(batcher.model());
    let bundle = Bundle::build(source, &batcher, &vectors, &mut |_| ()).unwrap();
    Some((Triage::new(bundle.into_current(), batcher), config))
}

fn suites(folder: &Path) -> Vec<Case> {
    let files = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.file_stem().is_some_and(|name| name != "README")).collect();
    files.sort();
    let read = |path: PathBuf| {
        let name = format!("tests/cases/{}", path.file_name().unwrap().to_string_lossy());
        parse(&name, &fs_err::read_to_string(path).unwrap())
    };
    files.into_iter().flat_map(read).collect()
}

#[test]
fn decisions_come_out_as_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some((triage, mut config)) = shop(root) else { return };
    config.dispatch.times.hold = HOLD;
    let misses: Vec<Miss> = Runtime::new().unwrap().block_on(async {
        let clock = Box::new(Timestamp::now);
        let dispatch =
            Arc::new(Dispatch::new(triage, Some(config.routing), config.dispatch, clock));
        let mut cases = JoinSet::new();
        for case in suites(&root.join("tests/cases")) {
            cases.spawn(play(Arc::clone(&dispatch), case));
        }
        cases.join_all().await.into_iter().flatten().collect()
    });
    if std::env::var_os("UPDATE_CASES").is_some() {
        return rewrite(root, &misses);
    }
    let mut wrong: Vec<String> = misses.into_iter().flat_map(|miss| miss.report).collect();
    wrong.sort();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn a_suite_is_read_as_it_is_written() {
    let text = "# Suite\n\n> not in a case\n\n## One\n\nWhy.\n\n> a\n> b\n\n- answer x\n- route\n\n> c\n\n> d\n\n- nothing\n";
    let turn = |messages: &[&str], expect: &[(usize, &str)]| Turn {
        messages: messages.iter().map(|&words| words.to_owned()).collect(),
        expect: expect.iter().map(|&(line, words)| (line, words.to_owned())).collect(),
    };
    let turns = vec![
        turn(&["a\nb"], &[(12, "answer x"), (13, "route")]),
        turn(&["c", "d"], &[(19, "nothing")]),
    ];
    assert_eq!(parse("s.md", text), [Case { place: "s.md:5".to_owned(), turns }]);
}

#[test]
fn what_came_out_can_be_accepted() {
    let text = "> a\n\n- answer x\n- route\n\n> b\n\n- nothing\n";
    let got = vec!["thanks (small-talk)".to_owned()];
    let miss = Miss { file: "s.md".to_owned(), lines: vec![3, 4], got, report: Vec::new() };
    let accepted = "> a\n\n- thanks (small-talk)\n\n> b\n\n- nothing\n";
    assert_eq!(accept(text, &[&miss]), accepted);
}

#[test]
fn an_expectation_holds_by_its_words_in_order() {
    let check = |expect: &str, holds_for: bool| {
        let got = "route care urgent (article-routes)";
        assert_eq!(holds(expect, got), holds_for, "{expect}");
    };
    check("route", true);
    check("route care", true);
    check("route urgent article-routes", true);
    check("answer|route care", true);
    check("answer", false);
    check("care route", false);
    check("route general", false);
    check("route care urgent normal", false);
}
