//! The guarantee of a running service: what it says, what a new article does to it, what live messages add.

use super::*;

fn keeper(shop: &Shop, desk: Desk, grace: Duration) -> (Keeper, Intake) {
    let config = Config { grace, audit: 1.0 };
    Keeper::start(desk, Arc::clone(&shop.current), pipeline(shop), config).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_says_certified_then_stale_then_what_came_of_it() {
    let shop = shop::open(&[]);
    let (storage, desk) = granted(&shop);
    let (_keeper, _) = keeper(&shop, desk, Duration::from_mins(1));
    let service = service_of(&shop).await;
    let mut client = gateway(&service).await;
    let answered = decide(&mut client, "c1", "r1", ANSWERED).await;
    assert_eq!(answered.action(), v1::Action::Answer);
    let guarantee = guarantee(&answered);
    assert_eq!(guarantee.state(), v1::GuaranteeState::Certified);
    assert!((guarantee.target_precision - 0.9).abs() < 1e-9 && guarantee.confidence > 0.94);
    assert!(guarantee.note.contains("drawn at random"), "{}", guarantee.note);
    let ready = admin(&service, "/readyz").await.json();
    assert_eq!(ready["guarantee"], "certified");
    assert!(admin(&service, "/metrics").await.body.contains("state=\"CERTIFIED\""));
    // An editor rewrites the article: what nobody judged is not answered, the rest goes on for a moment.
    let other = shop::open(&[("refund-time.md", &refund("Refunds take a year."))]);
    shop.current.store(other.current.load_full());
    wait_for(&service, "stale").await;
    let changed = decide(&mut client, "c2", "r2", ANSWERED).await;
    assert_eq!(changed.action(), v1::Action::Route, "{changed:?}");
    assert_eq!(changed.parts[0].reason(), v1::Reason::NotCertified);
    let unchanged = decide(&mut client, "c3", "r3", "I forgot my password").await;
    assert_eq!(unchanged.action(), v1::Action::Answer, "{unchanged:?}");
    // The labellers say that it is wrong.
    let desk = storage.desk();
    assert!(!storage.file("renew-a.csv").exists(), "the service shows certify messages to nobody");
    let Renewed::Waits { tables, .. } = retry(|| renew(&desk, &other, &[])).await else {
        panic!("a text that nobody read was tested")
    };
    let table = tables[0].clone();
    fill(&table, |_| "0");
    let renewed = retry(|| renew(&desk, &other, std::slice::from_ref(&table))).await;
    assert_eq!(renewed, Renewed::Withdrawn);
    wait_for(&service, "withdrawn").await;
    let silent = decide(&mut client, "c4", "r4", "I forgot my password").await;
    assert_eq!(silent.action(), v1::Action::Route);
    service.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_has_its_standing_from_the_first_message_on() {
    let shop = shop::open(&[]);
    let (_storage, desk) = granted(&shop);
    let (keeper, _) = keeper(&shop, desk, Duration::from_mins(1));
    let check = |files: &[(&str, &str)], expect: GuaranteeState| {
        let bundle = shop::open(files).current.load_full();
        keeper.release(Arc::clone(&bundle)).unwrap();
        let now = shop.current.load_full();
        assert_eq!((now.gate().state, &now.info().base), (expect, &bundle.info().base));
    };
    check(&[], GuaranteeState::Certified);
    check(&[("refund-time.md", &refund("Refunds take a year."))], GuaranteeState::Stale);
    // The thread meets it and says no other.
    sleep(Duration::from_millis(1_200)).await;
    assert_eq!(shop.current.load().gate().state, GuaranteeState::Stale);
    check(&[], GuaranteeState::Certified);
}

/// The service's own thread may be at work on the ledger for a moment.
async fn retry<T>(mut act: impl FnMut() -> Result<T, CertifyError>) -> T {
    loop {
        match act() {
            Ok(done) => return done,
            Err(CertifyError::Busy { .. }) => sleep(Duration::from_millis(50)).await,
            Err(error) => panic!("{error}"),
        }
    }
}

fn guarantee(decision: &v1::Decision) -> v1::Guarantee {
    match &decision.parts[0].outcome {
        Some(v1::part::Outcome::Answer(answer)) => answer.guarantee.clone().unwrap(),
        other => panic!("no answer: {other:?}"),
    }
}

async fn wait_for(service: &firstline::server::Running, state: &str) {
    let until = async {
        while admin(service, "/readyz").await.json()["guarantee"] != state {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_mins(1), until).await.unwrap_or_else(|_| panic!("never {state}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_article_is_tested_in_the_background() {
    let shop = shop::open(&[]);
    let (_storage, desk) = granted(&shop);
    let (_keeper, _) = keeper(&shop, desk, Duration::from_mins(1));
    let service = service_of(&shop).await;
    wait_for(&service, "certified").await;
    let other = edited("Refunds of parcels go by post.");
    let base = other.current.load_full();
    shop.current.store(Arc::clone(&base));
    let renewed = async {
        let certified = |bundle: &Bundle| bundle.gate().state == GuaranteeState::Certified;
        let new = |bundle: &Bundle| bundle.info().base == base.info().base;
        while !(certified(&shop.current.load()) && new(&shop.current.load())) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_mins(1), renewed).await.unwrap();
    service.shutdown().await;
}

fn heard(at: usize, text: &str) -> Heard {
    Heard {
        conversation: format!("live{at}"),
        decision: format!("d{at}"),
        text: text.to_owned(),
        before: None,
        language: Language::EN,
        channel: Channel::new("web").unwrap(),
        at: "2026-07-01T00:00:00Z".parse().unwrap(),
        counts: true,
        answered: true,
        sent: true,
        score: 0.97,
        answer: "All about it.".to_owned(),
        scope: 0.05,
    }
}

#[test]
fn live_messages_fill_the_pools_and_the_auditors_table() {
    let shop = shop::open(&[]);
    let (storage, desk) = granted(&shop);
    let (kept, intake) = keeper(&shop, desk, Duration::ZERO);
    for at in 0..600 {
        assert!(intake.hear(heard(at, ASKED[at % ASKED.len()].0)));
        if at % 100 == 99 {
            std::thread::yield_now();
        }
    }
    drop(intake);
    drop(kept);
    let desk = storage.desk();
    // The keeper's thread may still be writing what it had taken in.
    let mut pooled = 0;
    for _ in 0..200 {
        let before = std::mem::replace(&mut pooled, desk.audit_table().unwrap().0);
        if pooled >= 500 && pooled == before {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(300));
    }
    let (open, tables) = desk.audit_table().unwrap();
    assert!(open >= 500, "{open}");
    // Half of them are wrong: the watch rings, and nothing is answered any more.
    fill(&tables[0], |message| if message.contains("refund") { "0" } else { "1" });
    let wager = desk.audit(&tables[..1]).unwrap();
    assert!(wager.alarmed && wager.judged == open as u64, "{wager:?}");
    assert_eq!(desk.audit_table().unwrap().0, 0, "each counts once");
    assert_eq!(desk.audit(&tables[..1]).unwrap(), wager);
    let bundle = shop.current.load_full();
    let moment = Moment { now: now(), served: 0, grace: false };
    let gate = standing(&desk.ledger().unwrap(), &bundle, moment).gate;
    assert_eq!(gate.state, GuaranteeState::Drifted);
    assert!(gate.sentence().en.contains("audited"), "{:?}", gate.sentence());
    // What was collected can be planned on, without a log.
    let ask = Ask { log: None, terms: TERMS, slices: Vec::new() };
    let planned = desk.plan(&ask, (&bundle, &pipeline(&shop)), &mut |_, _| {}).unwrap();
    assert!(matches!(planned, Planned::Ready { open, .. } if open > 50), "{planned:?}");
}
