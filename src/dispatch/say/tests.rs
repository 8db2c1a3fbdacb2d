use super::*;
use crate::decision::{Action, Evidence, Urgency};
use crate::dispatch::tests::floor::{answer, choices, part, to};
use crate::message::Priority;

const PLAIN: ChannelConfig = ChannelConfig { markup: false, limit: 2000 };
const MARKUP: ChannelConfig = ChannelConfig { markup: true, limit: 2000 };

struct Case {
    parts: Vec<(Outcome, Reason)>,
    course: Course,
    route: Option<RouteOutcome>,
    position: Option<u32>,
    attachment: bool,
    mode: Mode,
    language: Language,
    channel: ChannelConfig,
}

fn case(parts: Vec<(Outcome, Reason)>, course: Course) -> Case {
    let route = (course == Course::HandOver).then_some(RouteOutcome::Queued);
    let (language, channel) = (Language::EN, PLAIN);
    Case {
        parts,
        course,
        route,
        position: None,
        attachment: false,
        mode: Mode::On,
        language,
        channel,
    }
}

fn run(case: Case) -> Vec<Outgoing> {
    let parts = case.parts.into_iter().map(|(outcome, reason)| part("", outcome, reason)).collect();
    let (action, urgency) = (Action::None, Urgency::default());
    let decision = Decision {
        action,
        parts,
        urgency,
        language: case.language,
        mode: case.mode,
        evidence: Evidence::default(),
    };
    say(&Scene {
        decision: &decision,
        decision_id: &DecisionId::new("d").unwrap(),
        language: case.language,
        course: case.course,
        route: case.route,
        position: case.position,
        attachment: case.attachment,
        phrases: &Phrases::default(),
        channel: case.channel,
    })
}

/// Phrases as they are built in.
fn phrase(phrase: Phrase) -> String {
    Phrases::default().filled(phrase, Language::EN, &[])
}

fn long_answer(markdown: &str) -> (Outcome, Reason) {
    let mut outcome = answer("a");
    if let Outcome::Answer(answer) = &mut outcome {
        answer.markdown = markdown.to_owned();
        answer.text = to_plain(markdown);
    }
    (outcome, Reason::GatePassed)
}

fn texts(said: &[Outgoing]) -> Vec<&str> {
    said.iter().map(|out| out.text.as_str()).collect()
}

#[test]
fn each_course_has_its_words() {
    use Outcome::{Clarify, Nothing, SmallTalk as Talk};
    let given = || (answer("a"), Reason::GatePassed);
    let talk = |kind| (Talk(kind), Reason::SmallTalk);
    let routed = |reason| (to("general", Priority::Normal), reason);
    let check = |case: Case, expect: &[&str]| {
        let said = run(case);
        assert_eq!(texts(&said), expect);
    };
    let about = "About a.";
    check(case(vec![given()], Course::Speak), &[about]);
    check(case(vec![given(), given()], Course::Speak), &[about]);
    check(
        case(vec![given(), (answer("b"), Reason::GatePassed)], Course::Speak),
        &[about, "About b."],
    );
    check(case(vec![talk(SmallTalk::Greeting)], Course::Speak), &[&phrase(Phrase::Greeting)]);
    check(case(vec![talk(SmallTalk::Goodbye)], Course::Speak), &[&phrase(Phrase::Goodbye)]);
    check(case(vec![talk(SmallTalk::Thanks), given()], Course::Speak), &[about]);
    check(case(vec![(Nothing, Reason::NoText)], Course::Speak), &[]);
    let list = phrase(Phrase::ClarifyPrompt) + "\n1. returns\n2. refunds";
    check(case(vec![(Clarify(choices()), Reason::CloseAnswers)], Course::AskBack), &[&list]);
    check(
        case(vec![given(), (Clarify(choices()), Reason::CloseAnswers)], Course::AskBack),
        &[about, &list],
    );
    let unclear = |reason| (Clarify(Vec::new()), reason);
    check(
        case(vec![unclear(Reason::OutOfScope)], Course::AskBack),
        &[&phrase(Phrase::NotUnderstood)],
    );
    check(case(vec![unclear(Reason::CoolDown)], Course::AskBack), &[&phrase(Phrase::CoolDown)]);
    let attached =
        Case { attachment: true, ..case(vec![unclear(Reason::NoText)], Course::AskBack) };
    check(attached, &[&phrase(Phrase::AttachmentReceived)]);
    check(
        case(vec![given(), routed(Reason::OutOfScope)], Course::HandOver),
        &[about, &phrase(Phrase::HandOver)],
    );
    let foreign = [Reason::NoAnswerInLanguage, Reason::LanguageNotServed];
    for reason in foreign {
        check(case(vec![routed(reason)], Course::HandOver), &[&phrase(Phrase::NoAnswerInLanguage)]);
    }
    let picture = Case { attachment: true, ..case(vec![routed(Reason::NoText)], Course::HandOver) };
    check(picture, &[&phrase(Phrase::AttachmentReceived), &phrase(Phrase::HandOver)]);
    let full = Case {
        route: Some(RouteOutcome::QueueFull),
        ..case(vec![routed(Reason::OutOfScope)], Course::HandOver)
    };
    check(full, &[&phrase(Phrase::QueueFull)]);
    check(case(vec![routed(Reason::HeldInQueue)], Course::Forward), &[]);
}

#[test]
fn the_place_in_the_queue_is_said_with_the_hand_over_or_alone() {
    let routed = || vec![(to("general", Priority::Normal), Reason::OutOfScope)];
    let place = Phrases::default().filled(Phrase::Position, Language::EN, &[("position", "7")]);
    let handed = run(Case { position: Some(7), ..case(routed(), Course::HandOver) });
    assert_eq!(texts(&handed), [phrase(Phrase::HandOver) + "\n" + &place]);
    let forwarded = run(Case { position: Some(7), ..case(routed(), Course::Forward) });
    assert_eq!(texts(&forwarded), [place]);
}

#[test]
fn phrases_are_in_the_customers_language_else_in_english() {
    let check = |language: &str, expect: Language| {
        let thanks = vec![(Outcome::SmallTalk(SmallTalk::Thanks), Reason::SmallTalk)];
        let language = Language::parse(language).unwrap();
        let said = run(Case { language, ..case(thanks, Course::Speak) });
        assert_eq!(texts(&said), [Phrases::default().filled(Phrase::Thanks, expect, &[])]);
    };
    check("zh", Language::ZH);
    check("en", Language::EN);
    check("ja", Language::EN);
    check("und", Language::EN);
}

#[test]
fn nothing_is_said_while_people_speak() {
    for mode in [Mode::Off, Mode::Shadow] {
        let parts = vec![
            (answer("a"), Reason::GatePassed),
            (to("general", Priority::Normal), Reason::OutOfScope),
        ];
        assert!(run(Case { mode, ..case(parts, Course::HandOver) }).is_empty());
    }
}

#[test]
fn messages_have_stable_ids_authors_and_options() {
    let parts = vec![
        (answer("a"), Reason::GatePassed),
        (Outcome::Clarify(choices()), Reason::CloseAnswers),
    ];
    let said = run(case(parts, Course::AskBack));
    let seen: Vec<_> =
        said.iter().map(|out| (out.message_id.as_str(), out.author, out.options.len())).collect();
    assert_eq!(seen, [("d-1", Author::Bot, 0), ("d-2", Author::Bot, 2)]);
    let handed =
        run(case(vec![(to("general", Priority::Normal), Reason::OutOfScope)], Course::HandOver));
    assert_eq!(handed[0].author, Author::System);
}

#[test]
fn markup_is_sent_where_the_channel_shows_it() {
    let check = |channel: ChannelConfig, markdown: &str, expect: &[(&str, &str)]| {
        let said = run(Case { channel, ..case(vec![long_answer(markdown)], Course::Speak) });
        let seen: Vec<_> =
            said.iter().map(|out| (out.text.as_str(), out.markdown.as_str())).collect();
        assert_eq!(seen, expect, "{markdown:?}");
    };
    let short = |markup| ChannelConfig { markup, limit: 20 };
    check(MARKUP, "**Three** days.", &[("Three days.", "**Three** days.")]);
    check(PLAIN, "**Three** days.", &[("Three days.", "")]);
    let two = "**Three** days.\n\n**Four** weeks.";
    check(
        short(true),
        two,
        &[("Three days.", "**Three** days."), ("Four weeks.", "**Four** weeks.")],
    );
    check(short(false), two, &[("Three days.", ""), ("Four weeks.", "")]);
    // A cut inside a paragraph could cut markup in two: plain text then.
    check(short(true), "**Three days. Four weeks.**", &[("Three days.", ""), ("Four weeks.", "")]);
}

#[test]
fn options_go_with_the_last_piece_of_their_list() {
    let channel = ChannelConfig { markup: false, limit: 30 };
    let said = run(Case {
        channel,
        ..case(vec![(Outcome::Clarify(choices()), Reason::CloseAnswers)], Course::AskBack)
    });
    assert!(said.len() > 1 && said.iter().all(|out| out.text.len() <= 30));
    let options: Vec<usize> = said.iter().map(|out| out.options.len()).collect();
    assert_eq!((options.iter().sum::<usize>(), options.last()), (2, Some(&2)));
}
