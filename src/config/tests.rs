use std::time::Duration;

use super::*;
use crate::error::Classify as _;
use crate::message::QueueId;
use crate::routing::{Fallback, Order};

const SHIPPED: &str = include_str!("../../firstline.toml");

fn read(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, "firstline.toml")
}

/// The shipped file documents the defaults; only the demo shop's queues and agents are its own.
#[test]
fn the_shipped_file_says_what_holds_without_it() {
    let (mut shipped, standard) = (read(SHIPPED).unwrap(), read("").unwrap());
    assert_eq!((shipped.routing.queues.len(), shipped.routing.agents.len()), (7, 8));
    shipped.routing = standard.routing.clone();
    assert_eq!(shipped, standard);
}

/// Every key of the shape stands in the shipped file, commented out or not.
#[test]
fn the_shipped_file_names_every_key() {
    let shape = include_str!("raw.rs");
    let keys = shape.lines().filter_map(|line| {
        line.trim().strip_prefix("pub(super) ")?.split_once(": ").map(|(key, _)| key)
    });
    let missing: Vec<_> = keys
        .filter(|key| {
            !SHIPPED.contains(&format!("{key} ="))
                && !SHIPPED.contains(&format!("[{key}"))
                && !SHIPPED.contains(&format!(".{key}"))
        })
        .collect();
    assert!(missing.is_empty(), "add to firstline.toml: {missing:?}");
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_a_remedy() {
    let check = |text: &str, place: &str, message: &str, remedy: &str| {
        let error = read(text).unwrap_err();
        assert!(
            error.to_string().starts_with(&format!("firstline.toml:{place}: ")),
            "{text}\n{error}"
        );
        assert!(error.to_string().contains(message), "{text}\n{error}");
        assert!(error.remedy().contains(remedy), "{text}\n{}", error.remedy());
    };
    check("[modle]\nname = \"x\"", "1:2", "unknown field `modle`", "Did you mean \"model\"?");
    check("[model]\nnmae = \"x\"", "2:1", "unknown field `nmae`", "Did you mean \"name\"?");
    check("[model]\nname = 7", "2:8", "invalid type", "Correct the line");
    check("[model]\nmax_tokens = 3", "2:14", "3 is too small", "Raise it");
    check("[model]\nqueue = 0", "2:9", "", "Correct the line");
    check("[server]\nlisten = \"nowhere\"", "2:10", "invalid socket address", "Correct the line");
    check(
        "[server]\nlisten = \"0.0.0.0:50051\"",
        "2:10",
        "no key is configured",
        "[[server.keys]]",
    );
    check("[server]\nadmin = \"0.0.0.0:1\"", "2:9", "must not leave this machine", "127.0.0.1");
    check(
        "[[server.keys]]\nname = \"a\"\nsha256 = \"00\"\nroles = [\"gateway\"]",
        "1:1",
        "no SHA-256",
        "64 hexadecimal",
    );
    check(
        "[[server.keys]]\nname = \"a\"\nsha256 = \"00\"\nroles = [\"boss\"]",
        "4:10",
        "no role \"boss\"",
        "supervisor",
    );
    check("[knowledge]\ntimezone = \"Mars/Base\"", "2:12", "no time zone", "IANA");
    check("[policy]\ntarget = 95.0", "2:10", "no share", "0.95");
    check(
        "[policy]\nprovisional = \"maybe\"",
        "2:15",
        "unknown variant `maybe`",
        "Correct the line",
    );
    check("[automation]\nmode = \"of\"", "2:8", "unknown variant `of`", "Did you mean \"off\"?");
    check("[conversations]\nburst = \"-1s\"", "2:9", "never negative", "30s");
    check("[channels.sms]\nmax_bytes = 3", "2:13", "too small", "Raise it");
    check(
        "[queues.a]\n[[agents]]\nid = \"x\"\nqueues = [\"b\"]\nlanguages = [\"zh\"]",
        "4:11",
        "no configured queue",
        "[queues]",
    );
    check(
        "[[agents]]\nid = \"x\"\nqueues = []\nlanguages = [\"zh\"]\nskills = { a = 9 }",
        "5:16",
        "no skill level",
        "1 to 5",
    );
    check(
        "[[agents]]\nid = \"x\"\nqueues = []\nlanguages = [\"中文\"]",
        "4:13",
        "BCP 47",
        "Correct the line",
    );
    check("[queues.a]\ncalendar = \"b\"", "2:12", "no calendar", "[calendars]");
    check("[queues.a]\nrings = [{ after = \"5s\" }]", "2:10", "nobody takes", "after = \"0s\"");
    let rings = "[queues.a]\nrings = [{ after = \"0s\" }, { after = \"0s\" }]";
    check(rings, "2:28", "never reached", "later `after`");
    let ring = "[queues.a]\nrings = [{ after = \"0s\", overflow = [\"b\"] }]";
    check(ring, "2:38", "no configured queue", "[queues]");
    check("[calendars.a]\ndays = [\"mo\"]\nhours = []", "2:9", "no day", "mon, tue");
    check("[calendars.a]\ndays = []\nhours = [\"9\"]", "3:10", "no hours", "09:00-18:00");
    check("[desk]\norder = \"bset\"", "2:9", "unknown variant `bset`", "Did you mean \"best\"?");
    let twice = "[[agents]]\nid = \"x\"\nqueues = []\nlanguages = []\n".repeat(2);
    check(&twice, "5:1", "there twice", "a name of its own");
}

#[test]
fn what_is_set_replaces_the_default_and_nothing_else() {
    let config =
        read("[queues.refunds]\nmax_wait = \"5m\"\n[policy]\nprovisional = \"answer\"").unwrap();
    let refunds = QueueId::new("refunds").unwrap();
    assert_eq!(config.routing.rules(&refunds).max_wait, Duration::from_mins(5));
    assert_eq!(config.routing.rules(&refunds).max_waiting, 500);
    assert_eq!(config.policy.provisional, decision::policy::Provisional::Answer);
    assert_eq!(config.model, read("").unwrap().model);
}

#[test]
fn queues_have_calendars_and_rings() {
    let config = read(
        "[calendars.office]\ndays = [\"mon\"]\nhours = [\"22:00-06:00\"]\nholidays = [\"2026-10-05\"]\n\
         [queues.a]\ncalendar = \"office\"\nclosed = \"callback\"\nunits = 2\n\
         rings = [{ after = \"0s\", skills = { a = 3 } }, { after = \"40s\", overflow = [\"b\"], any_language = true }]\n\
         [queues.b]\n[desk]\noffer = \"45s\"\norder = \"best\"",
    );
    let desk = config.unwrap().routing;
    let rules = desk.rules(&QueueId::new("a").unwrap());
    assert_eq!((rules.closed, rules.units, rules.rings.len()), (Fallback::Callback, 2, 2));
    assert!(rules.rings.last().is_some_and(|ring| ring.any_language));
    let calendar = rules.calendar.as_ref().unwrap();
    assert!(calendar.open_at("2026-09-29T05:00+08:00".parse().unwrap()), "the knowledge's zone");
    assert!(!calendar.open_at("2026-10-05T23:00+08:00".parse().unwrap()), "a holiday");
    assert_eq!((desk.times.offer, desk.order), (Duration::from_secs(45), Order::Best));
}

#[test]
fn beyond_loopback_needs_a_key() {
    let digest = "a".repeat(64);
    let keyed = format!(
        "[server]\nlisten = \"0.0.0.0:1\"\n[[server.keys]]\nname = \"web\"\nsha256 = \"{digest}\"\nroles = [\"gateway\"]"
    );
    let config = read(&keyed).unwrap();
    assert_eq!(config.server.keys.len(), 1);
    assert!(!format!("{config:?}").contains(&digest), "the hash is nobody's business");
}

#[test]
fn a_missing_file_is_an_error_only_if_it_was_named() {
    let error = Config::load(Some(Path::new("no/such.toml"))).unwrap_err();
    assert!(matches!(error, ConfigError::Unreadable { .. }), "{error}");
    assert!(error.remedy().contains("--config"));
}
