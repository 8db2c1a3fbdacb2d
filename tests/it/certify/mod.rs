//! The guarantee from the log to the running service: plan, label, certify, serve, edit, renew. With the shop's small BERT,
//! whose words are its own.

mod live;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use firstline::certify::{
    Ask, Certified, CertifyError, Config, Desk, Heard, Intake, Keeper, Moment, Pipeline, Planned,
    Renewed, standing,
};
use firstline::decision::GuaranteeState;
use firstline::decision::guarantee::{Slice, Terms};
use firstline::error::Classify as _;
use firstline::message::{Channel, Language, Timestamp};
use firstline::proto::v1;
use firstline::release::Bundle;
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::shop::{self, Shop};
use crate::support::{ANSWERED, admin, decide, gateway, service_of};

const TERMS: Terms = Terms { target: 0.9, confidence: 0.95 };

/// What customers of the shop write, and which article answers it.
const ASKED: [(&str, &str); 8] = [
    ("How long does a refund take", "refund-time"),
    ("how many days does the refund take", "refund-time"),
    ("What does shipping cost", "shipping-cost"),
    ("how much is delivery", "shipping-cost"),
    ("I forgot my password", "reset-password"),
    ("password does not work", "reset-password"),
    ("What are your opening hours", "opening-hours"),
    ("How do I redeem a gift card", "gift-card"),
];

/// A storage directory that ends with the test.
struct Storage(PathBuf);

impl Storage {
    fn new() -> Self {
        let name = format!("firstline-certify-{}", uuid::Uuid::new_v4());
        let folder = std::env::temp_dir().join(name);
        fs_err::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn desk(&self) -> Desk {
        Desk::open(&self.0).unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join("calibration").join(name)
    }

    fn log(&self, lines: &[serde_json::Value]) -> PathBuf {
        let text: Vec<String> = lines.iter().map(ToString::to_string).collect();
        let path = self.0.join("log.jsonl");
        fs_err::write(&path, text.join("\n")).unwrap();
        path
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        fs_err::remove_dir_all(&self.0).unwrap_or_default();
    }
}

/// A month of messages: three in four are asked, one in four fits nothing. `label` says what a labeller would.
fn month(count: usize, labelled: bool, sample: &str) -> Vec<serde_json::Value> {
    let line = |at: usize| {
        let known = ASKED[at % ASKED.len()];
        let (text, relevant) = match at % 4 {
            3 => ("quantum zebra violin".to_owned(), json!([])),
            _ => (known.0.to_owned(), json!([known.1])),
        };
        let day = 1 + at % 28;
        let mut record = json!({
            "text": text, "lang": "en", "conversation": format!("c{at}"), "turn": 1, "channel": "web",
            "at": format!("2026-06-{day:02}T09:00:00Z"), "sample": sample,
        });
        if labelled {
            record["relevant"] = relevant;
        }
        record
    };
    (0..count).map(line).collect()
}

fn pipeline(shop: &Shop) -> Pipeline {
    Pipeline::new(Arc::clone(&shop.batcher), Channel::new("web").unwrap())
}

fn ask(log: PathBuf) -> Ask {
    Ask { log: Some(log), terms: TERMS, slices: Vec::new() }
}

fn now() -> Timestamp {
    Timestamp::now()
}

fn planned(desk: &Desk, shop: &Shop, log: PathBuf) -> Result<Planned, CertifyError> {
    let bundle = shop.current.load_full();
    desk.plan(&ask(log), (&bundle, &pipeline(shop)), &mut |_, _| {})
}

fn certified(desk: &Desk, shop: &Shop, tables: &[PathBuf]) -> Result<Certified, CertifyError> {
    let bundle = shop.current.load_full();
    desk.certify(tables, (&bundle, &pipeline(shop)), now(), &mut |_, _| {})
}

fn state(desk: &Desk, bundle: &Bundle) -> GuaranteeState {
    let moment = Moment { now: now(), served: 0, grace: false };
    standing(&desk.ledger().unwrap(), bundle, moment).gate.state
}

/// The shop with one more article, about something that nobody asks.
fn edited(answer: &str) -> Shop {
    let file =
        format!("---\nid: refund-note\ntitle: taken over by a thief\nlang: en\n---\n{answer}\n");
    shop::open(&[("note.md", &file)])
}

/// Fills a table in; `verdict` gets the message.
fn fill(table: &Path, verdict: impl Fn(&str) -> &'static str) {
    let text = fs_err::read_to_string(table).unwrap();
    assert!(text.starts_with('\u{feff}'), "spreadsheets need the mark to read Chinese");
    let mut lines = text.lines();
    let mut filled = vec![lines.next().unwrap().to_owned()];
    for line in lines {
        let message = line.split("\",\"").nth(2).unwrap().to_owned();
        let row = line.strip_suffix("\"\"").unwrap();
        filled.push(format!("{row}\"{}\"", verdict(&message)));
    }
    fs_err::write(table, filled.join("\r\n")).unwrap();
}

#[test]
fn a_labelled_random_log_goes_straight_through() {
    let (storage, shop) = (Storage::new(), shop::open(&[]));
    let desk = storage.desk();
    assert!(desk.new_key().is_some(), "the first use says that it made a key");
    let log = storage.log(&month(800, true, "random"));
    let Planned::Ready { open, rungs, .. } = planned(&desk, &shop, log.clone()).unwrap() else {
        panic!("no path")
    };
    assert_eq!(open, 0);
    assert!((1..=24).contains(&rungs));
    let found = certified(&desk, &shop, &[]).unwrap();
    let certificate = found.certificate.unwrap();
    assert!(certificate.whole.answered >= 100, "{certificate:?}");
    assert!(
        found.sentence.en.contains("with 95 % confidence, at least 90 %"),
        "{:?}",
        found.sentence
    );
    assert!(found.sentence.en.contains("from 2026-06-01 to 2026-06-28"), "{:?}", found.sentence);
    let bundle = shop.current.load_full();
    assert_eq!(state(&desk, &bundle), GuaranteeState::Certified);
    // The same messages again are no new labels.
    let again = planned(&desk, &shop, log).unwrap_err();
    assert_eq!(again.reason(), "NO_FRESH_MESSAGES");
    // Another bundle does not stand under it.
    let other = edited("Refunds of parcels go by post.");
    assert_eq!(state(&desk, &other.current.load_full()), GuaranteeState::Stale);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = storage.0.join("key").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn only_random_samples_certify() {
    let (storage, shop) = (Storage::new(), shop::open(&[]));
    let desk = storage.desk();
    let bundle = shop.current.load_full();
    for sample in ["feedback", "complaint", "score"] {
        let log = storage.log(&month(400, true, sample));
        let Planned::Measured(sentence) = planned(&desk, &shop, log).unwrap() else {
            panic!("{sample} certified")
        };
        assert!(!sentence.en.contains('%'), "{sentence:?}");
        assert_eq!(state(&desk, &bundle), GuaranteeState::Measured);
        assert_eq!(certified(&desk, &shop, &[]).unwrap_err().reason(), "NO_PLAN");
    }
}

#[test]
fn labellers_come_between() {
    let (storage, shop) = (Storage::new(), shop::open(&[]));
    let desk = storage.desk();
    let log = storage.log(&month(800, false, "random"));
    let Planned::Ready { open, tables, .. } = planned(&desk, &shop, log.clone()).unwrap() else {
        panic!("no path")
    };
    assert!(open >= 100 && tables.len() == 2, "{open} {tables:?}");
    // The plan is on disk before any label is.
    assert!(storage.file("plan.toml").exists());
    let shown = fs_err::read_to_string(&tables[0]).unwrap();
    assert!(!shown.contains("zebra"), "what is not answered needs no label");
    fill(&tables[0], |_| "1");
    fill(&tables[1], |message| if message.contains("hours") { "0" } else { "对" });
    let found = certified(&desk, &shop, &tables).unwrap();
    let agreement = found.agreement.unwrap();
    assert_eq!(agreement.both, open);
    assert_eq!(agreement.both - agreement.alike, found.disputed);
    assert!(found.disputed > 0 && found.open == found.disputed, "{found:?}");
    assert!(!tables[0].exists() && !tables[1].exists(), "tables that were read are taken away");
}

#[test]
fn a_missing_verdict_counts_as_wrong() {
    let (storage, shop) = (Storage::new(), shop::open(&[]));
    let desk = storage.desk();
    let log = storage.log(&month(800, false, "random"));
    let Planned::Ready { tables, .. } = planned(&desk, &shop, log).unwrap() else {
        panic!("no path")
    };
    fill(&tables[0], |message| if message.contains("password") { "" } else { "1" });
    let found = certified(&desk, &shop, &tables[..1]).unwrap();
    assert!(found.certificate.is_none() && found.open > 0);
    assert!(found.sentence.en.starts_with("Not certified."), "{:?}", found.sentence);
    // This shop answers on a provisional gate; beside that word stands no percentage.
    let bundle = shop.current.load_full();
    assert_eq!(state(&desk, &bundle), GuaranteeState::Provisional);
    let moment = Moment { now: now(), served: 0, grace: false };
    let gate = standing(&desk.ledger().unwrap(), &bundle, moment).gate;
    assert!(!gate.sentence().en.contains('%'));
}

#[test]
fn a_path_is_not_begun_without_hope() {
    let (storage, shop) = (Storage::new(), shop::open(&[]));
    let desk = storage.desk();
    let log = storage.log(&month(40, true, "random"));
    let Planned::TooFew(sentence) = planned(&desk, &shop, log).unwrap() else { panic!("a path") };
    assert!(sentence.en.contains("cannot be shown from so few"), "{sentence:?}");
    assert!(!storage.file("plan.toml").exists());
}

#[test]
fn bad_logs_are_named_and_leave_nothing_behind() {
    let (storage, shop) = (Storage::new(), shop::open(&[]));
    let desk = storage.desk();
    let check = |lines: Vec<serde_json::Value>, reason: &str| {
        let error = planned(&desk, &shop, storage.log(&lines)).unwrap_err();
        assert_eq!(error.reason(), reason, "{error}");
        assert!(error.remedy().ends_with('.'));
        assert!(!error.to_string().contains("refund take"), "customer text in an error: {error}");
        assert!(!storage.file("calibration.toml").exists() && !storage.file("plan.toml").exists());
    };
    check(Vec::new(), "NO_RECORDS");
    let one = |text: &str, relevant: serde_json::Value| json!({ "text": text, "relevant": relevant, "sample": "random" });
    check(
        vec![one("How long does a refund take", json!(["no-such"])), one("x", json!([]))],
        "LABELS_UNKNOWN_ARTICLE",
    );
    check(vec![one("a", json!([])), one("b", json!([]))], "LABELS_ONE_CLASS");
    check(vec![one("a", json!(["refund-time"]))], "LABELS_ONE_CLASS");
    let same = "How long does a refund take";
    check(vec![one(same, json!(["refund-time"])), one(same, json!([]))], "LABELS_CONTRADICT");
    check(vec![json!({ "text": "a" })], "NO_LABELS");
    let path = storage.0.join("gbk.jsonl");
    fs_err::write(&path, b"{\"text\":\"\xcd\xcb\xbf\xee\"}").unwrap();
    assert_eq!(planned(&desk, &shop, path).unwrap_err().reason(), "FILE_UNREADABLE");
    let terms = Terms { target: 1.5, confidence: 0.95 };
    let (bundle, pipeline) = (shop.current.load_full(), pipeline(&shop));
    let ask = Ask { log: None, terms, slices: Vec::new() };
    let error = desk.plan(&ask, (&bundle, &pipeline), &mut |_, _| {}).unwrap_err();
    assert_eq!(error.reason(), "BAD_TARGET");
}

#[test]
fn a_plan_is_about_one_bundle() {
    let (storage, shop) = (Storage::new(), shop::open(&[]));
    let desk = storage.desk();
    planned(&desk, &shop, storage.log(&month(800, true, "random"))).unwrap();
    let other = edited("Parcels only.");
    assert_eq!(certified(&desk, &other, &[]).unwrap_err().reason(), "OTHER_BUNDLE");
    assert!(certified(&desk, &shop, &[]).unwrap().certificate.is_some());
}

#[test]
fn nobody_reads_a_certify_message_but_the_labellers() {
    // (d) The planted leak: an editor who would add certify messages as questions cannot find one.
    let (storage, shop) = (Storage::new(), shop::open(&[]));
    let desk = storage.desk();
    let secret = |at: usize| format!("How long does a refund take secret{at}");
    let log: Vec<serde_json::Value> = (0..800)
        .map(|at| {
            let text = if at % 4 == 3 { format!("zebra violin secret{at}") } else { secret(at) };
            let relevant = if at % 4 == 3 { json!([]) } else { json!(["refund-time"]) };
            json!({ "text": text, "relevant": relevant, "conversation": format!("c{at}"), "sample": "random" })
        })
        .collect();
    let path = storage.log(&log);
    planned(&desk, &shop, path.clone()).unwrap();
    certified(&desk, &shop, &[]).unwrap();
    fs_err::remove_file(path).unwrap();
    let mut files = 0;
    for entry in fs_err::read_dir(storage.0.join("calibration")).unwrap() {
        let bytes = fs_err::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(6).any(|part| part == b"secret"));
        files += 1;
    }
    assert!(files >= 4);
}

#[test]
fn sealed_files_are_whole_and_ours_or_named() {
    let shop = shop::open(&[]);
    let check = |damage: fn(&mut Vec<u8>), reason: &str| {
        let storage = Storage::new();
        let desk = storage.desk();
        planned(&desk, &shop, storage.log(&month(800, true, "random"))).unwrap();
        let file = storage.file("certify-1.sealed");
        let mut bytes = fs_err::read(&file).unwrap();
        damage(&mut bytes);
        fs_err::write(&file, bytes).unwrap();
        let error = certified(&desk, &shop, &[]).unwrap_err();
        assert_eq!(error.reason(), reason, "{error}");
        assert!(error.to_string().contains("certify-1.sealed") || reason == "OTHER_SET", "{error}");
    };
    check(|bytes| bytes.truncate(bytes.len() - 3), "SEAL_TORN");
    check(|bytes| bytes[40] ^= 1, "SEAL_FOREIGN");
    check(|bytes| bytes[0] = b'X', "SEAL_FOREIGN");
    check(|bytes| bytes.truncate(8), "OTHER_SET");
    let storage = Storage::new();
    fs_err::write(storage.0.join("key"), "short").unwrap();
    assert_eq!(Desk::open(&storage.0).unwrap_err().reason(), "SEAL_KEY_INVALID");
    let storage = Storage::new();
    fs_err::create_dir_all(storage.0.join("calibration")).unwrap();
    fs_err::write(storage.file("calibration.toml"), "epochs = \"many\"").unwrap();
    assert_eq!(storage.desk().ledger().unwrap_err().reason(), "CALIBRATION_MALFORMED");
}

/// A certified desk over its storage.
fn granted(shop: &Shop) -> (Storage, Desk) {
    let storage = Storage::new();
    let desk = storage.desk();
    planned(&desk, shop, storage.log(&month(1200, true, "random"))).unwrap();
    let found = certified(&desk, shop, &[]).unwrap();
    assert!(found.certificate.is_some(), "{found:?}");
    (storage, desk)
}

fn renew(desk: &Desk, shop: &Shop, tables: &[PathBuf]) -> Result<Renewed, CertifyError> {
    let bundle = shop.current.load_full();
    desk.renew(Some(tables), (&bundle, &pipeline(shop)), now())
}

#[test]
fn renewals_pay_or_are_free_or_wait() {
    let shop = shop::open(&[]);
    let (_storage, desk) = granted(&shop);
    assert_eq!(renew(&desk, &shop, &[]).unwrap(), Renewed::Stands);
    // A new article changes texts: it costs, though every decision is as before.
    let other = edited("Refunds of parcels go by post.");
    assert_eq!(renew(&desk, &other, &[]).unwrap(), Renewed::Passed);
    assert_eq!(state(&desk, &other.current.load_full()), GuaranteeState::Certified);
    let ledger = desk.ledger().unwrap();
    let renewals = &ledger.granted.as_ref().unwrap().epoch.renewals;
    assert_eq!((renewals.len(), renewals[0].j), (1, 1));
    // The ledger refuses a recount, and a second test within the hour.
    assert_eq!(renew(&desk, &other, &[]).unwrap(), Renewed::Stands);
    let third = edited("Refunds of parcels go by ship.");
    assert_eq!(renew(&desk, &third, &[]).unwrap_err().reason(), "RENEWAL_TOO_SOON");
    assert_eq!(state(&desk, &third.current.load_full()), GuaranteeState::Stale);
}

#[test]
fn new_texts_wait_for_their_verdicts_and_bad_ones_withdraw() {
    let shop = shop::open(&[]);
    let (storage, desk) = granted(&shop);
    let other = shop::open(&[("refund-time.md", &refund("Refunds take a year."))]);
    let Renewed::Waits { open, tables } = renew(&desk, &other, &[]).unwrap() else {
        panic!("a text that nobody read was tested")
    };
    assert!(open > 10 && tables.len() == 2);
    let bundle = other.current.load_full();
    assert_eq!(state(&desk, &bundle), GuaranteeState::Stale);
    assert!(desk.ledger().unwrap().granted.unwrap().epoch.renewals.is_empty(), "waiting is free");
    fill(&tables[0], |_| "0");
    assert_eq!(renew(&desk, &other, &tables[..1]).unwrap(), Renewed::Withdrawn);
    assert_eq!(state(&desk, &bundle), GuaranteeState::Withdrawn);
    // The epoch is over for every bundle, the first one too.
    assert_eq!(state(&desk, &shop.current.load_full()), GuaranteeState::Withdrawn);
    drop(storage);
}

/// The refund article of the shop with another answer.
fn refund(answer: &str) -> String {
    let questions = [
        "when do I get my refund",
        "how many days does the refund take",
        "refund still not on my card",
        "days until the refund arrives",
    ];
    let list: String = questions.map(|question| format!("  - {question}\n")).concat();
    format!(
        "---\nid: refund-time\ntitle: How long does a refund take\nlang: en\nqueue: refunds\nquestions:\n{list}---\n{answer}\n"
    )
}

#[test]
fn a_slice_has_its_own_certificate() {
    let (storage, shop) = (Storage::new(), shop::open(&[]));
    let desk = storage.desk();
    let log = storage.log(&month(2000, true, "random"));
    let slices = vec![Slice::Language(Language::EN), Slice::Language(Language::ZH)];
    let ask = Ask { log: Some(log), terms: TERMS, slices };
    let (bundle, pipeline) = (shop.current.load_full(), pipeline(&shop));
    desk.plan(&ask, (&bundle, &pipeline), &mut |_, _| {}).unwrap();
    let certificate = certified(&desk, &shop, &[]).unwrap().certificate.unwrap();
    let shown: Vec<Slice> = certificate.slices.iter().map(|shown| shown.slice).collect();
    assert_eq!(shown, [Slice::Language(Language::EN)], "nothing was asked in Chinese");
    // It is renewed beside the whole.
    let other = edited("Refunds of parcels go by post.");
    assert_eq!(renew(&desk, &other, &[]).unwrap(), Renewed::Passed);
    let slices = desk.ledger().unwrap().granted.unwrap().certificate.slices;
    assert_eq!(slices.iter().map(|shown| shown.slice).collect::<Vec<_>>(), shown);
}

#[test]
fn certificates_end() {
    let shop = shop::open(&[]);
    let (_storage, desk) = granted(&shop);
    let (ledger, bundle) = (desk.ledger().unwrap(), shop.current.load_full());
    let check = |days: i64, served: u64, expect: GuaranteeState| {
        let now = now() + firstline_days(days);
        let moment = Moment { now, served, grace: true };
        assert_eq!(standing(&ledger, &bundle, moment).gate.state, expect, "{days} {served}");
    };
    check(1, 0, GuaranteeState::Certified);
    check(91, 0, GuaranteeState::Expired);
    check(1, 10_000_000, GuaranteeState::Expired);
}

fn firstline_days(days: i64) -> jiff::SignedDuration {
    jiff::SignedDuration::from_hours(24 * days)
}
