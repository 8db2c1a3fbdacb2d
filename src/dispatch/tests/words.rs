//! What triage is given to read.

use super::floor::*;
use crate::dispatch::HandleOptions;
use crate::dispatch::Slice;
use crate::message::{Channel, Content, Language, Message, Mode};
use crate::triage::Input;

#[tokio::test(start_paused = true)]
async fn every_content_has_its_input() {
    let picture = |caption: &str| Content::Attachment {
        kind: "image".into(),
        uri: "u".into(),
        caption: caption.into(),
    };
    let unknown = Content::Choice {
        clarify_id: crate::message::ClarifyId::new("x").unwrap(),
        option_id: "2".into(),
    };
    let check = async |content: Content, text: &str, input: Input| {
        let floor = Floor::new();
        floor.handle(message("c", "r1", content), HandleOptions::default()).await.unwrap();
        let turn = floor.last_turn();
        assert_eq!((turn.text.as_str(), turn.input), (text, input));
    };
    check(Content::Text("answer a".into()), "answer a", Input::Words).await;
    check(Content::Text(String::new()), "", Input::Words).await;
    check(picture("answer a"), "answer a", Input::Words).await;
    check(picture(" "), "", Input::Attachment).await;
    check(Content::Opening, "", Input::Opening).await;
    check(unknown, "2", Input::Words).await;
}

#[tokio::test(start_paused = true)]
async fn the_language_of_earlier_messages_is_a_hint() {
    let floor = Floor::new();
    floor.say("c", "r1", "answer a").await;
    let bare = Message { language_hint: None, ..words("c", "r2", "answer b") };
    floor.handle(bare, HandleOptions::default()).await.unwrap();
    assert_eq!(floor.last_turn().language_hint, Some(Language::EN));
    let hinted = Message { language_hint: Some(Language::ZH), ..words("c", "r3", "answer c") };
    floor.handle(hinted, HandleOptions::default()).await.unwrap();
    assert_eq!(floor.last_turn().language_hint, Some(Language::ZH));
}

#[tokio::test(start_paused = true)]
async fn the_mode_is_the_one_of_channel_and_language() {
    let floor = Floor::new();
    let wechat = Channel::new("wechat").unwrap();
    floor
        .dispatch
        .set_mode(Slice { channel: Some(wechat.clone()), language: None }, Mode::Shadow)
        .await
        .unwrap();
    floor.say("c", "r1", "answer a").await;
    assert_eq!(floor.last_turn().mode, Mode::On);
    let message = Message { channel: wechat.clone(), ..words("d", "r1", "answer a") };
    floor.handle(message, HandleOptions::default()).await.unwrap();
    assert_eq!(floor.last_turn().mode, Mode::Shadow);
    assert_eq!(floor.dispatch.mode(&Slice { channel: Some(wechat), language: None }), Mode::Shadow);
}
