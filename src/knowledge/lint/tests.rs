//! Every code has a directory under `tests/fixtures/knowledge`: `bad` must show it and `good` must not. What people read
//! stands beside `bad` in both languages; `UPDATE_FIXTURES=1` writes it anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::retrieval::{self, Judge, RETRIEVER};
use crate::knowledge::diagnostic::{Bilingual, Code, Diagnostic, human};
use crate::knowledge::library::tests::embed_all;
use crate::knowledge::{Library, LoadOptions, load};
use crate::message::{Language, QueueId};

fn directory(code: Code) -> PathBuf {
    Path::new("tests/fixtures/knowledge").join(format!("{}-{}", code.as_str(), code.name()))
}

/// Everything that is found in a directory, with a toy encoder for the rules that need one.
fn findings(dir: &Path) -> Vec<Diagnostic> {
    let today = "2026-11-24".parse().unwrap();
    let queues = ["general", "orders", "refunds"].map(|queue| QueueId::new(queue).unwrap());
    let options = LoadOptions { queues: Some(queues.to_vec()), ..LoadOptions::on(today) };
    let loaded = load(dir, &options).unwrap();
    let mut embed = |texts: &[_]| Ok(embed_all(texts));
    let served = loaded.served_on(today);
    let library = Library::build(served, loaded.phrases, &mut embed).unwrap();
    let mut found = loaded.diagnostics;
    found.extend(retrieval::self_retrieval(&library, &RETRIEVER).unwrap());
    found.extend(retrieval::tests(&library, &mut embed, &RETRIEVER).unwrap());
    found.sort();
    found
}

#[test]
fn every_code_is_shown_by_its_bad_fixture_and_not_by_its_good_one() {
    for code in Code::ALL {
        let is_it = |found: &Diagnostic| found.code == *code;
        let (bad, good) = (directory(*code).join("bad"), directory(*code).join("good"));
        assert!(findings(&bad).iter().any(is_it), "{code:?} is not found in {bad:?}");
        let found: Vec<Diagnostic> = findings(&good).into_iter().filter(is_it).collect();
        assert!(found.is_empty(), "{}", human::render(&found, Language::EN));
    }
}

#[test]
fn every_unreadable_file_shows_its_code_and_nothing_else() {
    for code in Code::ALL.iter().filter(|code| code.is_about_reading()) {
        let bad = directory(*code).join("bad");
        let found = findings(&bad);
        let shown: BTreeSet<&str> =
            found.iter().filter(|d| d.code == *code).map(|d| d.file.as_str()).collect();
        let files = fs_err::read_dir(&bad).unwrap().count();
        assert_eq!(shown.len(), files, "{code:?}: {shown:?}");
        let others = |d: &&Diagnostic| d.code.is_about_reading() && d.code != *code;
        assert_eq!(found.iter().filter(others).count(), 0, "{code:?}: {found:?}");
    }
}

#[test]
fn what_people_read_is_as_written_down() {
    for code in Code::ALL {
        let bad = directory(*code).join("bad");
        let found: Vec<Diagnostic> =
            findings(&bad).into_iter().filter(|d| d.code == *code).collect();
        for language in [Language::ZH, Language::EN] {
            let expected = directory(*code).join(format!("expect.{language}.txt"));
            let text = human::render(&found, language);
            if std::env::var_os("UPDATE_FIXTURES").is_some() {
                fs_err::write(&expected, &text).unwrap();
            }
            let written = fs_err::read_to_string(&expected).unwrap_or_default();
            assert_eq!(text, written, "{}: UPDATE_FIXTURES=1 writes it anew", expected.display());
        }
    }
}

#[test]
fn a_question_that_loses_as_written_is_an_error() {
    let dir = directory(Code::SelfRetrieval).join("good");
    let loaded = load(&dir, &LoadOptions::on("2026-11-24".parse().unwrap())).unwrap();
    let library =
        Library::build(loaded.articles, loaded.phrases, &mut |texts| Ok(embed_all(texts))).unwrap();
    // A ranking that always prefers the second article: every question of the first one is lost.
    let rank = |_: &retrieval::Seen<'_>| vec![(1, 0.9), (0, 0.4)];
    let judge = Judge { rank: &rank, ..RETRIEVER };
    let found = retrieval::self_retrieval(&library, &judge).unwrap();
    assert_eq!(found.len(), library.entries_of(0).len());
    assert!(found.iter().all(Diagnostic::is_error), "{found:?}");
    assert!(
        found[0].message.en.ends_with("finds `track-order` first (ahead by 0.500)"),
        "{found:?}"
    );
}

#[test]
fn the_gate_is_shown_and_decides_nothing() {
    let dir = directory(Code::TestFailed).join("bad");
    let loaded = load(&dir, &LoadOptions::on("2026-11-24".parse().unwrap())).unwrap();
    let mut embed = |texts: &[_]| Ok(embed_all(texts));
    let library = Library::build(loaded.articles, loaded.phrases, &mut embed).unwrap();
    let gate = |_: &retrieval::Seen<'_>| Some(Bilingual::new("门槛放行", "the gate passes"));
    let judge = Judge { gate: &gate, ..RETRIEVER };
    let with_gate = retrieval::tests(&library, &mut embed, &judge).unwrap();
    assert!(with_gate.iter().all(|d| d.message.en.contains("the gate passes")), "{with_gate:?}");
    assert_eq!(with_gate.len(), retrieval::tests(&library, &mut embed, &RETRIEVER).unwrap().len());
}
