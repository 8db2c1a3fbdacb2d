use std::path::PathBuf;

use super::*;
use crate::message::ArticleId;

/// A folder of files that is gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn with(name: &str, files: &[(&str, &str)]) -> Self {
        let dir = std::env::temp_dir().join(format!("firstline-set-{name}-{}", std::process::id()));
        fs_err::create_dir_all(&dir).unwrap();
        for (file, content) in files {
            fs_err::write(dir.join(file), content).unwrap();
        }
        Self(dir)
    }
    fn open(&self, changes: &Changes) -> Result<Dataset, DatasetError> {
        Dataset::open(&Origin::Folder(self.0.clone()), changes)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs_err::remove_dir_all(&self.0).ok();
    }
}

fn labels(name: &str) -> Folder {
    Folder::with(
        name,
        &[
            (
                "train.jsonl",
                r#"{"text":"where is my parcel","label":"track"}
{"text":"has it been shipped yet","label":"track"}
{"text":"can I have an invoice","label":"发票"}
{"text":"sing me a song","label":null}"#,
            ),
            (
                "test.jsonl",
                r#"{"text":"parcel?","label":"track"}
{"text":"tell me a joke","label":null}
{"text":"close my account","label":"never-taught"}"#,
            ),
            ("noise.txt", "how tall is the moon\n"),
        ],
    )
}

fn faq(name: &str) -> Folder {
    let queries: Vec<String> =
        (0..10).map(|n| format!(r#"{{"text":"问题{n}","relevant":["a","b"]}}"#)).collect();
    Folder::with(
        name,
        &[
            (
                "kb.jsonl",
                r#"{"id":"a","title":"怎么退款","question":"怎么退款","answer":"三天"}
{"id":"b","title":"退款要多久","question":"退款要多久","answer":"三天"}"#,
            ),
            ("queries.jsonl", &queries.join("\n")),
        ],
    )
}

fn relevant(set: &Dataset) -> Vec<Vec<&str>> {
    set.messages
        .iter()
        .map(|message| message.relevant.articles().iter().map(ArticleId::as_str).collect())
        .collect()
}

#[test]
fn a_label_becomes_an_article_of_its_training_texts() {
    let set = labels("labels").open(&Changes::default()).unwrap();
    let questions: Vec<(&str, usize)> =
        set.articles.iter().map(|a| (a.id.as_str(), a.questions.len())).collect();
    assert_eq!(questions, [("track", 2), ("label-2", 1)]);
    assert_eq!((set.kind, set.language, set.in_scope()), (Kind::Labels, Language::EN, 2));
    assert_eq!(relevant(&set), [vec!["track"], vec![], vec!["never-taught"]]);
    assert_eq!(set.unknown_articles().len(), 1);
}

#[test]
fn training_without_a_label_is_no_article() {
    let check = |drop_null_training: bool, outside: usize| {
        let changes = Changes { drop_null_training, ..Changes::default() };
        let set = labels("null-training").open(&changes).unwrap();
        assert_eq!(set.outside.len(), outside);
        let plain = labels("plain").open(&Changes::default()).unwrap();
        assert_eq!(set.articles, plain.articles);
    };
    check(false, 1);
    check(true, 0);
}

#[test]
fn noise_is_asked_and_never_taught() {
    let folder = labels("noise");
    let noise = Some(folder.0.join("noise.txt"));
    let set = folder.open(&Changes { noise, ..Changes::default() }).unwrap();
    assert_eq!(relevant(&set).last(), Some(&vec![]));
    assert_eq!(set.messages.len(), 4);
    assert_eq!(set.articles.iter().map(|a| a.questions.len()).sum::<usize>(), 3);
}

#[test]
fn another_training_file_takes_the_place_of_train() {
    let folder = labels("train");
    fs_err::write(folder.0.join("few.jsonl"), r#"{"text":"where","label":"track"}"#).unwrap();
    let train = Some(folder.0.join("few.jsonl"));
    let set = folder.open(&Changes { train, ..Changes::default() }).unwrap();
    assert_eq!(set.articles.len(), 1);
}

#[test]
fn a_share_of_the_queries_is_taught_and_the_rest_asked() {
    let folder = faq("share");
    let check = |index_share: f64, asked: usize| {
        let set = folder.open(&Changes { index_share, seed: 3, ..Changes::default() }).unwrap();
        assert_eq!(set.messages.len(), asked, "{index_share}");
        // The first of the right articles is the one that is taught.
        let taught: Vec<usize> = set.articles.iter().map(|a| a.questions.len() - 1).collect();
        assert_eq!(taught, [10 - asked, 0], "{index_share}");
    };
    check(0.0, 10);
    check(0.5, 5);
    check(1.0, 0);
}

#[test]
fn a_folder_of_neither_form_is_refused() {
    let error = Folder::with("none", &[("a.txt", "")]).open(&Changes::default()).unwrap_err();
    assert!(matches!(error, DatasetError::NoForm { .. }), "{error}");
}

#[test]
fn a_row_that_cannot_be_an_article_is_named() {
    let folder = faq("bad");
    fs_err::write(folder.0.join("kb.jsonl"), r#"{"id":"退","question":"q","answer":"a"}"#).unwrap();
    let error = folder.open(&Changes::default()).unwrap_err();
    assert!(error.to_string().contains("\"退\" cannot be an article"), "{error}");
}
