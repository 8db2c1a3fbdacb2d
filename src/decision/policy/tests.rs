use proptest::prelude::*;

use super::*;
use crate::decision::GuaranteeState;
use crate::decision::calibration::Calibration;
use crate::decision::evidence::{
    Bar, Division, Favourite, FollowUp, Input, Piece, Readings, Sighting, Situation, stored,
};
use crate::decision::lexicon::Wish;
use crate::message::{Handling, Language, Mode, Priority, Shared};

/// A gate whose probability is the reading `share`, more or less: 0.5 at share 0.5.
fn gate(state: GuaranteeState) -> Gate {
    let steep = Readings::NAMES.map(|name| if name == "share" { 20.0 } else { 0.0 });
    Gate::new(Calibration::new(steep, -10.0), 0.8, state)
}

fn config() -> Config {
    let queue = QueueId::new("general").unwrap();
    Config { provisional: Provisional::Answer, ..Config::new(queue) }
}

fn sighting(article: &str, share: f64) -> Sighting {
    Sighting {
        article: ArticleId::new(article).unwrap(),
        revision: Shared::default(),
        group: article.into(),
        label: article.to_owned(),
        handling: Handling::Answer,
        risk: Risk::None,
        queue: None,
        priority: Priority::Normal,
        bars: Vec::new(),
        options: Vec::new(),
        matched: Shared::default(),
        dense: 0.0,
        lexical: 0.0,
        intent: 0.0,
        favourite: Favourite::Both,
        readings: Readings { share: stored(share), ..Readings::default() },
    }
}

fn any_sighting() -> impl Strategy<Value = Sighting> {
    let handling = prop::sample::select(vec![Handling::Answer, Handling::Clarify, Handling::Route]);
    let risk = prop::sample::select(vec![Risk::None, Risk::None, Risk::Money]);
    let priority = prop::sample::select(vec![Priority::Low, Priority::Normal, Priority::Urgent]);
    let bars = prop::sample::subsequence(vec![Bar::Channel, Bar::Language, Bar::Empty], 0..2);
    (0..6u8, 0.0..1.0f64, handling, risk, priority, bars).prop_map(
        |(name, share, handling, risk, priority, bars)| Sighting {
            handling,
            risk,
            priority,
            bars,
            ..sighting(&format!("article-{name}"), share)
        },
    )
}

fn any_piece() -> impl Strategy<Value = Piece> {
    let wish = prop::option::weighted(0.1, prop::sample::select(vec![Wish::Asked, Wish::Declined]));
    let talk = prop::option::weighted(0.1, Just(SmallTalk::Thanks));
    let urgent = prop::collection::vec(Just("fire".to_owned()), 0..2);
    (wish, talk, urgent, prop::collection::vec(any_sighting(), 0..5)).prop_map(
        |(wish, small_talk, urgent_words, sightings)| Piece {
            wish,
            small_talk,
            urgent_words,
            sightings,
            ..Piece::default()
        },
    )
}

fn any_evidence() -> impl Strategy<Value = Evidence> {
    let mode = prop::sample::select(vec![Mode::On, Mode::On, Mode::On, Mode::Shadow, Mode::Off]);
    let input = prop::sample::select(vec![
        Input::Words,
        Input::Words,
        Input::Gesture,
        Input::Noise,
        Input::Attachment,
        Input::Opening,
        Input::Chosen,
    ]);
    let pieces = prop::collection::vec(any_piece(), 0..5);
    let division = prop::sample::select(vec![Division::Sure, Division::Likely, Division::Possible]);
    let follow_up =
        (any::<bool>(), any_piece()).prop_map(|(marked, together)| FollowUp { marked, together });
    let follow_up = prop::option::weighted(0.3, follow_up);
    (mode, input, any::<[bool; 2]>(), any_piece(), pieces, (division, follow_up)).prop_map(
        |(mode, input, [served, clarified_last], whole, pieces, (division, follow_up))| {
            let language = Language::EN;
            let situation =
                Situation { mode, language, served, input, clarified_last, degraded: false };
            Evidence { situation, whole, pieces, division, follow_up }
        },
    )
}

fn any_state() -> impl Strategy<Value = GuaranteeState> {
    prop::sample::select(vec![
        GuaranteeState::Provisional,
        GuaranteeState::Provisional,
        GuaranteeState::Certified,
        GuaranteeState::None,
        GuaranteeState::Stale,
        GuaranteeState::Withdrawn,
        GuaranteeState::Expired,
        GuaranteeState::Drifted,
    ])
}

/// The states in which nothing may be sent.
fn silent(state: GuaranteeState) -> bool {
    !matches!(
        state,
        GuaranteeState::Provisional | GuaranteeState::Measured | GuaranteeState::Certified
    )
}

fn answers(verdict: &Verdict) -> bool {
    verdict.rulings.iter().any(|ruling| matches!(ruling.outcome, Ruled::Answer(_)))
}

#[test]
fn answers_are_close_by_log_odds_and_not_by_probability() {
    // 20 log-odds a share: 0.01 are 0.2, which is close; 0.02 are 0.4, whatever little that is of a probability near 1.
    let check = |first: f64, second: f64, expect: Reason| {
        let sightings = vec![sighting("a", first), sighting("b", second)];
        let whole = Piece { sightings, ..Piece::default() };
        let situation = Situation { served: true, ..Situation::default() };
        let evidence = Evidence { situation, whole, ..Evidence::default() };
        let verdict = decide(&evidence, &gate(GuaranteeState::Provisional), &config());
        assert_eq!(verdict.rulings[0].reason, expect, "{first} {second}");
    };
    check(0.95, 0.93, Reason::GatePassed);
    check(0.95, 0.94, Reason::CloseAnswers);
    check(0.70, 0.69, Reason::CloseAnswers);
    check(0.70, 0.68, Reason::GatePassed);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_evidence_has_one_verdict(evidence in any_evidence(), state in any_state()) {
        let verdict = decide(&evidence, &gate(state), &config());
        prop_assert!(!verdict.rulings.is_empty());
        prop_assert_eq!(&verdict, &decide(&evidence, &gate(state), &config()));
        let stored = serde_json::to_string(&evidence).unwrap();
        let replayed: Evidence = serde_json::from_str(&stored).unwrap();
        prop_assert_eq!(verdict, decide(&replayed, &gate(state), &config()));
    }

    #[test]
    fn nothing_is_sent_where_it_may_not_be(evidence in any_evidence(), state in any_state()) {
        let verdict = decide(&evidence, &gate(state), &config());
        if evidence.situation.mode != Mode::On {
            prop_assert_eq!(verdict.action, Action::Route);
        }
        if silent(state) && evidence.situation.mode == Mode::On {
            prop_assert!(!answers(&verdict) && verdict.action != Action::Clarify);
        }
        let cautious = Config { provisional: Provisional::Route, ..config() };
        let cautious = decide(&evidence, &gate(state), &cautious);
        if state != GuaranteeState::Certified {
            prop_assert!(!matches!(cautious.action, Action::Answer | Action::Clarify));
        }
    }

    #[test]
    fn an_answer_is_the_best_candidate_and_passes_the_gate(evidence in any_evidence()) {
        let gate = gate(GuaranteeState::Provisional);
        for ruling in decide(&evidence, &gate, &config()).rulings {
            let Ruled::Answer(article) = ruling.outcome else { continue };
            let first = &ruling.about.of(&evidence).sightings[0];
            prop_assert_eq!(&article, &first.article);
            prop_assert!(first.bars.is_empty() && first.risk == Risk::None);
            prop_assert_eq!(first.handling, Handling::Answer);
            let chosen = evidence.situation.input == Input::Chosen;
            prop_assert!(chosen || ruling.probability.get() >= gate.threshold);
        }
    }

    #[test]
    fn a_wish_for_a_person_always_wins(evidence in any_evidence(), at in 0..5usize) {
        let mut evidence = evidence;
        evidence.situation.mode = Mode::On;
        match evidence.pieces.get_mut(at) {
            Some(piece) => piece.wish = Some(Wish::Asked),
            None => evidence.whole.wish = Some(Wish::Asked),
        }
        let verdict = decide(&evidence, &gate(GuaranteeState::Provisional), &config());
        prop_assert_eq!(verdict.action, Action::Route);
        prop_assert_eq!(verdict.rulings[0].reason, Reason::PersonAskedFor);
    }

    #[test]
    fn nobody_is_asked_back_twice_in_a_row(evidence in any_evidence()) {
        let mut evidence = evidence;
        evidence.situation.clarified_last = true;
        let verdict = decide(&evidence, &gate(GuaranteeState::Provisional), &config());
        prop_assert!(verdict.action != Action::Clarify);
    }

    #[test]
    fn at_most_one_question_is_asked_back_and_its_options_differ(evidence in any_evidence()) {
        let verdict = decide(&evidence, &gate(GuaranteeState::Provisional), &config());
        let asked: Vec<&Vec<Choice>> = verdict
            .rulings
            .iter()
            .filter_map(|ruling| if let Ruled::Clarify(options) = &ruling.outcome { Some(options) } else { None })
            .collect();
        prop_assert!(asked.len() <= 1);
        for options in asked {
            let ids: Vec<String> = (1..=options.len()).map(|i| i.to_string()).collect();
            prop_assert!(options.iter().map(|option| &option.id).eq(&ids));
            let mut articles: Vec<&ArticleId> = options.iter().map(|option| &option.article).collect();
            articles.sort();
            articles.dedup();
            prop_assert_eq!(articles.len(), options.len());
        }
    }

    #[test]
    fn a_half_answered_message_goes_to_a_person(evidence in any_evidence()) {
        let verdict = decide(&evidence, &gate(GuaranteeState::Provisional), &config());
        let routed = verdict.rulings.iter().any(|ruling| matches!(ruling.outcome, Ruled::Route(_)));
        prop_assert!(!routed || verdict.action == Action::Route);
    }
}

/// A message of which the whole and each piece mean an article of their own, with these shares.
fn divided(division: Division, whole: f64, pieces: &[(&str, f64)]) -> Evidence {
    let seen = |article: &str, share: f64| Piece {
        sightings: vec![sighting(article, share)],
        ..Piece::default()
    };
    let whole = seen("whole", whole);
    let pieces = pieces.iter().map(|(article, share)| seen(article, *share)).collect();
    let situation = Situation { language: Language::EN, served: true, ..Situation::default() };
    Evidence { situation, whole, pieces, division, follow_up: None }
}

/// A message that means `alone` by itself and `together` with the turn before, with these shares.
fn leaning(marked: bool, alone: &[(&str, f64)], together: &[(&str, f64)]) -> Evidence {
    let seen = |articles: &[(&str, f64)]| Piece {
        sightings: articles.iter().map(|(name, share)| sighting(name, *share)).collect(),
        ..Piece::default()
    };
    let situation = Situation { language: Language::EN, served: true, ..Situation::default() };
    let follow_up = Some(FollowUp { marked, together: seen(together) });
    Evidence { situation, whole: seen(alone), follow_up, ..Evidence::default() }
}

#[test]
fn a_follow_up_is_read_with_the_turn_before_where_that_is_plainer() {
    let check = |evidence: &Evidence, expect: About, why: &str| {
        let verdict = decide(evidence, &gate(GuaranteeState::Provisional), &config());
        assert_eq!(verdict.rulings[0].about, expect, "{why}");
    };
    let sure = [("refund", 0.95)];
    check(&leaning(true, &[("invoice", 0.3)], &sure), About::Together, "marked");
    check(&leaning(false, &[("invoice", 0.3)], &sure), About::Whole, "points elsewhere");
    let hardly = [("invoice", 0.46), ("refund", 0.3)];
    check(&leaning(false, &hardly, &sure), About::Whole, "hardly points there");
    let both = [("invoice", 0.46), ("refund", 0.45)];
    check(&leaning(false, &both, &sure), About::Together, "points there too");
    check(&leaning(true, &[("invoice", 0.99)], &sure), About::Whole, "certain by itself");
    check(&leaning(true, &[("invoice", 0.3)], &[("refund", 0.2)]), About::Whole, "no plainer");
}

#[test]
fn a_pause_divides_only_what_the_readers_recognise() {
    let check = |division: Division, shares: [f64; 2], expect: usize| {
        let evidence = divided(division, 0.9, &[("first", shares[0]), ("second", shares[1])]);
        let verdict = decide(&evidence, &gate(GuaranteeState::Provisional), &config());
        assert_eq!(verdict.rulings.len(), expect, "{division:?} {shares:?}");
    };
    // The gate gives share 0.9 nearly 1, 0.45 about 0.27, 0.1 nearly 0.
    check(Division::Sure, [0.9, 0.1], 2);
    check(Division::Likely, [0.9, 0.45], 2);
    check(Division::Likely, [0.9, 0.1], 1);
    check(Division::Possible, [0.9, 0.45], 1);
    check(Division::Possible, [0.9, 0.9], 2);
}

#[test]
fn pieces_that_may_be_none_neither_overfill_a_message_nor_make_it_urgent() {
    let four = [("a", 0.1), ("b", 0.1), ("c", 0.1), ("d", 0.1)];
    let mut evidence = divided(Division::Possible, 0.9, &four);
    evidence.pieces[3].urgent_likeness = 1.0;
    evidence.pieces[3].wish_likeness = 1.0;
    let verdict = decide(&evidence, &gate(GuaranteeState::Provisional), &config());
    assert_eq!(verdict.action, Action::Answer);
    evidence.division = Division::Sure;
    let verdict = decide(&evidence, &gate(GuaranteeState::Provisional), &config());
    assert_eq!(verdict.rulings[0].reason, Reason::PersonAskedFor);
}

#[test]
fn likeness_to_an_emergency_counts_unless_an_everyday_article_is_meant() {
    let check = |share: f64, priority: Priority, word: Option<&str>, expect: bool| {
        let mut evidence = divided(Division::Sure, share, &[]);
        evidence.whole.urgent_likeness = 0.9;
        evidence.whole.urgent_words = word.into_iter().map(str::to_owned).collect();
        evidence.whole.sightings[0].priority = priority;
        let verdict = decide(&evidence, &gate(GuaranteeState::Provisional), &config());
        let urgent = verdict.urgency.priority == Priority::Urgent;
        assert_eq!(urgent, expect, "{share} {priority:?} {word:?}");
    };
    check(0.9, Priority::Normal, None, false);
    check(0.1, Priority::Normal, None, true);
    check(0.9, Priority::High, None, true);
    check(0.9, Priority::Normal, Some("fire"), true);
}

/// One message whose best candidate is `share` good, of this risk.
fn one(mode: Mode, share: f64, risk: Risk) -> Evidence {
    let best = Sighting { risk, ..sighting("article-1", share) };
    let situation =
        Situation { mode, served: true, language: Language::EN, ..Situation::default() };
    let whole = Piece { sightings: vec![best], ..Piece::default() };
    Evidence { situation, whole, ..Evidence::default() }
}

#[test]
fn mode_and_guarantee_say_what_is_sent() {
    use GuaranteeState as G;
    let check = |state: G, provisional: Provisional, sent: bool| {
        let config = Config { provisional, ..config() };
        for mode in [Mode::Off, Mode::Shadow, Mode::On] {
            let verdict = decide(&one(mode, 0.9, Risk::None), &gate(state), &config);
            let expect = if sent && mode == Mode::On { Action::Answer } else { Action::Route };
            assert_eq!(verdict.action, expect, "{state:?} {mode:?} {provisional:?}");
            // Shadow still says what would have been done, whatever vouches for it.
            assert_eq!(answers(&verdict), mode == Mode::Shadow || expect == Action::Answer);
        }
    };
    for state in [G::Provisional, G::Measured] {
        check(state, Provisional::Answer, true);
        check(state, Provisional::Route, false);
    }
    check(G::Certified, Provisional::Route, true);
    for state in [G::None, G::Stale, G::Withdrawn, G::Expired, G::Drifted] {
        check(state, Provisional::Answer, false);
    }
}

#[test]
fn a_stale_gate_sends_what_is_unchanged() {
    let with = |articles: &[&str]| Gate {
        claim: Claim {
            unchanged: articles.iter().map(|id| ArticleId::new(id).unwrap()).collect(),
            ..Claim::default()
        }
        .into(),
        ..gate(GuaranteeState::Stale)
    };
    let check = |articles: &[&str], expect: Action| {
        let verdict = decide(&one(Mode::On, 0.9, Risk::None), &with(articles), &config());
        assert_eq!(verdict.action, expect, "{articles:?}");
    };
    check(&["article-1", "article-2"], Action::Answer);
    check(&["article-2"], Action::Route);
    check(&[], Action::Route);
}

#[test]
fn a_risk_needs_a_certificate_of_its_own() {
    let with = |risks: &[(Risk, f64)]| Gate {
        claim: Claim { risks: risks.to_vec(), ..Claim::default() }.into(),
        ..gate(GuaranteeState::Certified)
    };
    let check = |risks: &[(Risk, f64)], share: f64, expect: Reason| {
        let verdict = decide(&one(Mode::On, share, Risk::Money), &with(risks), &config());
        assert_eq!(verdict.rulings[0].reason, expect, "{risks:?} {share}");
    };
    check(&[], 0.9, Reason::RiskPolicy);
    check(&[(Risk::Legal, 0.5)], 0.9, Reason::RiskPolicy);
    check(&[(Risk::Money, 0.9)], 0.9, Reason::GatePassed);
    check(&[(Risk::Money, 0.9999)], 0.6, Reason::BelowThreshold);
}

#[test]
fn answers_under_different_certificates_are_not_mixed() {
    let gate = Gate {
        claim: Claim { risks: vec![(Risk::Money, 0.8)], ..Claim::default() }.into(),
        ..gate(GuaranteeState::Certified)
    };
    let mut evidence = one(Mode::On, 0.9, Risk::None);
    let other = Sighting { risk: Risk::Money, ..sighting("article-2", 0.9) };
    let piece = |s: Sighting| Piece { sightings: vec![s], ..Piece::default() };
    evidence.pieces = vec![piece(sighting("article-1", 0.9)), piece(other)];
    let verdict = decide(&evidence, &gate, &config());
    let rules: Vec<&str> = verdict.rulings.iter().map(|ruling| ruling.rule).collect();
    assert_eq!(rules, ["gate", "risk-beside-others"]);
    assert!(super::answers(&evidence, &gate, &config()).is_err());
}
