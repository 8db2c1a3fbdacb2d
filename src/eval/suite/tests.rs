use super::*;

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/suites")
}

fn toy(more: &str) -> Result<Suite, SuiteError> {
    let text = format!("name = 'x'\nabout = ''\nmodel = 'm'\n{more}");
    parse(Path::new("suites/x.toml"), &text)
}

const TODAY: Date = Date::constant(2026, 11, 24);

#[test]
fn the_shipped_suites_are_whole() {
    let suites = find(&shipped(), "all").unwrap();
    assert!(suites.len() >= 15);
    for suite in &suites {
        assert_eq!(find(&shipped(), &suite.name).unwrap(), std::slice::from_ref(suite));
        assert!(suite.files.values().all(|hash| hash.len() == 64), "{}", suite.name);
        let Some(own) = &suite.own else {
            let train = suite.variant.train.as_deref().unwrap_or("train.jsonl");
            let read = [train, "kb.jsonl"].iter().any(|name| suite.files.contains_key(*name));
            assert!(read, "{}: what it is taught has no hash", suite.name);
            continue;
        };
        assert!(suite.home.join(&own.messages).is_file(), "{}", suite.name);
        assert!(suite.home.join(&own.knowledge).is_dir(), "{}", suite.name);
    }
    let error = find(&shipped(), "nothing").unwrap_err().to_string();
    assert!(error.contains("banking77") && error.contains("clinc150"), "{error}");
}

#[test]
fn other_data_is_refused() {
    let root = std::env::temp_dir().join(format!("firstline-suite-{}", std::process::id()));
    fs_err::create_dir_all(root.join("set")).unwrap();
    fs_err::write(root.join("set/a.jsonl"), "a").unwrap();
    let suite =
        |hash: &str| toy(&format!("folder = 'set'\n[files]\n'a.jsonl' = '{hash}'")).unwrap();
    let same = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
    let found = suite(same).checked_origin(&root, TODAY).unwrap();
    assert_eq!(found, Origin::Folder(root.join("set")));
    let error = suite("00").checked_origin(&root, TODAY).unwrap_err();
    assert!(matches!(error, SuiteError::OtherFile { .. }), "{error}");
    fs_err::remove_dir_all(&root).unwrap();
}

#[test]
fn own_articles_stand_beside_the_suite() {
    let own = "[own]\nknowledge = '../kb'\nmessages = 'm.jsonl'";
    let found = toy(own).unwrap().checked_origin(Path::new("data"), TODAY).unwrap();
    let expect = Origin::Directory {
        knowledge: "suites/../kb".into(),
        messages: "suites/m.jsonl".into(),
        today: TODAY,
    };
    assert_eq!(found, expect);
    assert!(toy("").is_err());
    assert!(toy(&format!("folder = 'set'\n{own}")).is_err());
}

#[test]
fn a_caller_overrides_the_variant() {
    let suite = toy("folder = 'set'\n[variant]\ntrain = 't.jsonl'\nindex_share = 0.5\nseed = 3");
    let suite = suite.unwrap();
    let check = |asked: Changes, train: &str, index_share: f64, seed: u64| {
        let found = suite.changes(Path::new("data"), asked);
        assert_eq!(found.train.as_deref(), Some(Path::new(train)));
        assert_eq!((found.index_share.to_bits(), found.seed), (index_share.to_bits(), seed));
    };
    check(Changes::default(), "data/set/t.jsonl", 0.5, 3);
    let asked = Changes { train: Some("own.jsonl".into()), ..Changes::default() };
    check(Changes { index_share: 0.2, seed: 1, ..asked }, "own.jsonl", 0.2, 1);
}

#[test]
fn an_unknown_key_is_named() {
    let error = toy("folder = 'set'\nflor = 1").unwrap_err().to_string();
    assert!(error.contains("flor"), "{error}");
}
