//! The command line as scripts use it: exit codes, one JSON document on standard output, errors that say what to do.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use firstline::encoder::source::{self, Options};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_firstline");

/// Runs the binary where the repository is, in English.
fn firstline(arguments: &[&str]) -> Output {
    Command::new(BINARY)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("LC_ALL", "C.UTF-8")
        .env_remove("FIRSTLINE_CONFIG")
        .output()
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn document(output: &Output) -> Value {
    assert_eq!(code(output), 0, "{}", errors(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The default model, pulled once by the project's own code.
fn with_model() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    source::ensure("multilingual-e5-small", &Options::new(models), &mut |_| ()).unwrap();
}

/// A folder of its own, gone at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("firstline-cli-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let file = self.0.join(name);
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn a_wrong_call_exits_with_two_and_says_what_to_do() {
    let scratch = Scratch::new("wrong");
    let unknown = scratch.write("unknown.toml", "[modle]\nname = \"x\"\n");
    let elsewhere = scratch.write("elsewhere.toml", "[knowledge]\ndir = \"no/such/folder\"\n");
    let exposed = scratch.write("exposed.toml", "[server]\nlisten = \"0.0.0.0:50051\"\n");
    let check = |arguments: &[&str], says: &str, remedy: &str| {
        let output = firstline(arguments);
        let text = errors(&output);
        assert_eq!(code(&output), 2, "{arguments:?}: {text}");
        assert!(text.contains(says) && text.contains(remedy), "{arguments:?}: {text}");
        assert!(output.stdout.is_empty());
    };
    check(&["--config", &unknown, "serve"], "unknown.toml:1:2", "Did you mean \"model\"?");
    check(&["--config", "no/such.toml", "serve"], "no/such.toml", "--config");
    check(&["--config", &exposed, "serve"], "no key is configured", "[[server.keys]]");
    check(&["--config", &elsewhere, "kb", "check", "--no-model"], "no/such/folder", "");
    check(&["models", "pull", "no-such-model"], "no-such-model", "models/");
    check(&["ask"], "TEXT", "--help");
}

#[test]
fn material_that_teaches_nothing_is_refused_before_any_work() {
    let scratch = Scratch::new("train");
    let row = |text: &str, label: &str| format!("{{\"text\":\"{text}\",\"label\":{label}}}\n");
    let good = scratch.write("good.jsonl", &(row("退款", "\"a\"") + &row("发票", "\"b\"")));
    let unlabelled = scratch.write("unlabelled.jsonl", &row("退款", "null"));
    let one = scratch.write("one.jsonl", &(row("退款", "\"a\"") + &row("退钱", "\"a\"")));
    let torn = scratch.write("torn.jsonl", &(row("退款", "\"a\"") + &row("退款", "\"b\"")));
    let pairs = scratch.write("pairs.jsonl", "{\"a\":\"x\",\"b\":\"y\",\"label\":2}\n");
    let check = |arguments: &[&str], says: &str, remedy: &str| {
        let output = firstline(&[&["train"], arguments].concat());
        let text = errors(&output);
        assert_eq!(code(&output), 2, "{arguments:?}: {text}");
        assert!(text.contains(says) && text.contains(remedy), "{arguments:?}: {text}");
        assert!(!text.contains("退"), "customer text in {text}");
    };
    check(&[], "nothing to learn from", "--pairs F");
    check(&["--data", &unlabelled], "nothing to learn from", "--data F");
    check(&["--data", &one], "have one label", "two labels");
    check(&["--data", &torn], "two labels", "--drop-contradictions");
    check(&["--data", &torn, "--drop-contradictions"], "nothing to learn from", "--data F");
    check(&["--pairs", &pairs], "pairs.jsonl:1", "0 or 1");
    check(&["--data", "no/such.jsonl"], "no/such.jsonl", "Check the path");
    check(&["--data", &good, "--finetune"], "--out", "--help");
    check(&["--data", &good, "--finetune", "--out", "a/b"], "cannot be the name", "letters");
    check(&["--data", &good, "--hold-out", "0.9"], "--hold-out", "0 to 0.5");
}

#[test]
fn the_classifier_is_fitted_and_judged_on_what_it_has_not_seen() {
    with_model();
    let scratch = Scratch::new("head");
    let row = |at: u32| {
        let (text, label) = if at.is_multiple_of(2) {
            ("我要退款", "refund")
        } else {
            ("怎么开发票", "invoice")
        };
        format!("{{\"text\":\"{text} {at}\",\"label\":\"{label}\"}}\n")
    };
    let taught = scratch.write("taught.jsonl", &(0..20).map(row).collect::<String>());
    let held = scratch.write("held.jsonl", &(20..30).map(row).collect::<String>());
    let fitted = document(&firstline(&["train", "--data", &taught, "--valid", &held, "--json"]));
    assert_eq!((&fitted["texts"], &fitted["intents"]), (&20.into(), &2.into()));
    assert_eq!((&fitted["held_out_texts"], &fitted["held_out"]), (&10.into(), &1.0.into()));
    // Without texts to judge by, some of the few that there are.
    let fitted = document(&firstline(&["train", "--data", &taught, "--json"]));
    assert_eq!((&fitted["texts"], &fitted["held_out_texts"]), (&18.into(), &2.into()));
}

#[test]
fn the_demo_help_centre_passes_its_own_check() {
    with_model();
    // In f32: int8 has other steps on other processors, and an article may be a hair's breadth before the next.
    let scratch = Scratch::new("check");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("firstline.toml");
    let shipped = std::fs::read_to_string(shipped).unwrap();
    let exact = shipped.replacen("backend = \"auto\"", "backend = \"f32\"", 1);
    assert_ne!(exact, shipped);
    let config = scratch.write("f32.toml", &exact);
    let output = firstline(&["--config", &config, "kb", "check"]);
    assert_eq!(code(&output), 0, "{}{}", String::from_utf8_lossy(&output.stdout), errors(&output));
}

#[test]
fn a_broken_article_fails_the_check_with_its_place() {
    let scratch = Scratch::new("broken");
    scratch.write("a.md", "---\nid：a\ntitle: 甲\n---\n正文\n");
    let output = firstline(&["kb", "check", "--no-model", &scratch.0.display().to_string()]);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(code(&output), 1, "{text}");
    assert!(text.contains("a.md:2:3: error["), "{text}");
}

#[test]
fn one_message_goes_through_the_whole_pipeline() {
    with_model();
    let decision = document(&firstline(&["ask", "--json", "我要找人工客服"]));
    assert_eq!(decision["action"], "ACTION_ROUTE");
    assert_eq!(decision["parts"][0]["reason"], "REASON_PERSON_ASKED_FOR");
    assert_eq!(decision["language"], "zh");
}

/// What the demo promises a newcomer; its precision is measured, not tuned, on that traffic.
#[test]
fn the_demo_answers_and_routes_real_messages() {
    with_model();
    let summary = document(&firstline(&["demo", "--exit", "--json"]));
    let figure = |key: &str| summary[key].as_f64().unwrap_or_else(|| panic!("{key} in {summary}"));
    assert_eq!(summary["messages"], 480);
    assert!(figure("answered") + figure("clarified") + figure("routed") <= 480.0);
    assert!(figure("precision") >= 0.90, "{summary}");
    assert!(figure("coverage") >= 0.40, "{summary}");
    for key in ["urgent_first", "p50_ms", "p99_ms", "rss_mb"] {
        assert!(figure(key) > 0.0);
    }
    assert_eq!(summary["errors"].as_object().map(serde_json::Map::len), Some(0), "{summary}");
}

#[test]
fn two_runs_are_compared_message_by_message() {
    let scratch = Scratch::new("compare");
    let run = |name: &str, hash: &str, answered: [f64; 2]| {
        let row = |share: f64| {
            serde_json::json!({
                "text": "where is it", "in_scope": true, "intent": true, "rank": 1, "best": "track",
                "score": 0.9, "right": true, "answered": [share]
            })
        };
        let messages =
            serde_json::json!({ "sha256": hash, "targets": [0.9], "rows": answered.map(row) });
        let document = serde_json::json!({ "dataset": "toy", "model": "m", "messages": messages });
        scratch.write(name, &document.to_string())
    };
    let (a, b) = (run("a.json", "00", [1.0, 0.0]), run("b.json", "00", [1.0, 1.0]));
    let compared = document(&firstline(&["bench", "compare", &a, &b, "--json"]));
    assert_eq!(compared["targets"][0]["coverage"]["difference"], 0.5);
    assert_eq!(compared["better"][0]["message"], 2);
    let other = run("other.json", "11", [1.0, 1.0]);
    let refused = firstline(&["bench", "compare", &a, &other]);
    assert_eq!(code(&refused), 2);
    assert!(errors(&refused).contains("different messages"), "{}", errors(&refused));
}
