use super::*;
use crate::knowledge::article::Section;
use crate::knowledge::source::Span;
use crate::message::Handling;

/// A vector that shows which characters a text holds: near for texts that share many.
pub(crate) fn embed_characters(text: &str) -> Embedding {
    let mut vector = vec![0.; 64];
    for c in same_text_key(text).chars().filter(|c| c.is_alphanumeric()) {
        vector[u32::from(c) as usize * 7 % 64] += 1.;
    }
    Embedding::from_raw(vector)
}

/// The same for many texts, as [`Library::build`] asks for them.
pub(crate) fn embed_all(texts: &[(String, Role)]) -> Vec<Embedding> {
    texts.iter().map(|(text, _)| embed_characters(text)).collect()
}

fn article(id: &str, title: &str, questions: &[&str]) -> Article {
    let mut article = Article::new(id, title, Language::ZH).unwrap();
    article.questions = questions.iter().map(|q| (*q).into()).collect();
    article.answer = format!("{title}的答案");
    article
}

fn build(articles: Vec<Article>) -> Library {
    Library::build(articles, Phrases::default(), &mut |texts| Ok(embed_all(texts))).unwrap()
}

fn shop() -> Vec<Article> {
    vec![
        article("invoice", "开发票", &["发票怎么开", "要一张发票"]),
        article("refund-time", "退款多久", &["钱几天退回来", "退款什么时候到账"]),
        article("track-order", "查物流", &["包裹到哪里了", "快递单号"]),
    ]
}

fn names(library: &Library, hits: &Hits) -> Vec<String> {
    hits.iter().map(|hit| library.articles()[hit.article].id.to_string()).collect()
}

#[test]
fn the_nearest_question_decides_the_order() {
    let library = build(shop());
    let check = |text: &str, expect: &str, matched: &str| {
        let hits = library.hits(&embed_characters(text), text).unwrap();
        assert_eq!(names(&library, &hits)[0], expect, "{text}");
        let first = hits.first().unwrap();
        assert_eq!(library.entries()[first.entry.unwrap()].text.as_str(), matched, "{text}");
    };
    check("退款什么时候到", "refund-time", "退款什么时候到账");
    check("发票怎么开呀", "invoice", "发票怎么开");
    check("查物流", "track-order", "查物流");
}

#[test]
fn a_hit_holds_all_evidence() {
    let library = build(shop());
    let text = "退款什么时候到账";
    let hits = library.hits(&embed_characters(text), text).unwrap();
    let first = hits.first().unwrap();
    assert!((first.question - 1.).abs() < 1e-5 && first.lexical_question > 0.7, "{first:?}");
    assert!(first.nearest_mean < first.question && first.nearest_mean > 0., "{first:?}");
    assert!(first.passage > 0. && first.passage < 1., "{first:?}");
    assert_ne!(hits.runner_up().unwrap().group, first.group);
}

#[test]
fn sections_are_found_and_named() {
    let mut articles = shop();
    articles[0].sections.push(Section {
        heading: "专用发票".to_owned(),
        anchor: "专用发票".to_owned(),
        markdown: "企业抬头税号开户行".to_owned(),
        span: Span::default(),
    });
    let library = build(articles);
    let text = "企业抬头税号开户行专用发票";
    let hits = library.hits(&embed_characters(text), text).unwrap();
    let invoice = hits.iter().find(|hit| hit.article == 0).unwrap();
    assert_eq!(invoice.section, Some(0));
    assert!(invoice.lexical_answer > 0.5, "{invoice:?}");
}

#[test]
fn a_left_out_phrasing_is_left_out_everywhere() {
    let mut articles = shop();
    articles[2].questions.push("发票怎么开".into());
    let library = build(articles);
    let entry = library.entries().iter().position(|e| e.text.as_str() == "发票怎么开").unwrap();
    let hits = library.hits_without(entry).unwrap();
    for hit in &hits {
        assert_ne!(hit.entry.map(|e| library.entries()[e].text.as_str()), Some("发票怎么开"));
        assert!(hit.lexical_question < 0.9, "{hit:?}");
    }
    assert!(library.hits_without(10_000).unwrap().is_empty());
}

#[test]
fn equal_texts_are_embedded_once() {
    let mut asked = Vec::new();
    let mut articles = shop();
    articles[1].questions.push("发票怎么开".into());
    let mut embed = |texts: &[(String, Role)]| {
        asked.extend(texts.to_vec());
        Ok(embed_all(texts))
    };
    let library = Library::build(articles, Phrases::default(), &mut embed).unwrap();
    assert_eq!(asked.iter().filter(|(text, _)| text == "发票怎么开").count(), 1);
    assert_eq!(library.entries().iter().filter(|e| e.text.as_str() == "发票怎么开").count(), 2);
    let roles: Vec<Role> =
        asked.iter().filter(|(t, _)| t == "开发票的答案").map(|(_, r)| *r).collect();
    assert_eq!(roles, [Role::Passage]);
}

#[test]
fn the_library_does_not_depend_on_the_order_given() {
    let forward = build(shop());
    let backward = build(shop().into_iter().rev().collect());
    assert_eq!(forward.revision(), backward.revision());
    let text = "快递";
    let hits = |library: &Library| library.hits(&embed_characters(text), text).unwrap();
    assert_eq!(hits(&forward), hits(&backward));
}

#[test]
fn the_revision_follows_articles_and_phrases() {
    let base = build(shop());
    let mut changed = shop();
    changed[0].answer.push('。');
    assert_ne!(build(changed).revision(), base.revision());
    let source = crate::knowledge::source::Source::new("phrases.toml", "[greeting]\nzh = \"早\"\n");
    let (phrases, _) = crate::knowledge::phrases::read(&source, &[]);
    let spoken = Library::build(shop(), phrases, &mut |texts| Ok(embed_all(texts))).unwrap();
    assert_ne!(spoken.revision(), base.revision());
    assert_eq!(base.revision().len(), 64);
}

#[test]
fn translations_share_a_group_and_are_picked_by_language() {
    let mut articles = shop();
    let mut twin = article("invoice-en", "Invoice", &["how do I get an invoice"]);
    twin.lang = Language::EN;
    twin.translation_of = Some(ArticleId::new("invoice").unwrap());
    articles.push(twin);
    let library = build(articles);
    let zh = library.index_of(&ArticleId::new("invoice").unwrap()).unwrap();
    let en = library.index_of(&ArticleId::new("invoice-en").unwrap()).unwrap();
    assert_eq!(library.groups().group(zh), library.groups().group(en));
    assert_eq!(library.group_name(library.groups().group(en)).as_str(), "invoice");
    assert_eq!(library.in_language(zh, Language::EN), Some(en));
    assert_eq!(library.in_language(en, Language::EN), Some(en));
    assert_eq!(library.in_language(zh, Language::parse("fr").unwrap()), None);
}

#[test]
fn what_cannot_be_built_is_an_error() {
    let twice = vec![article("a", "一", &[]), article("a", "二", &[])];
    let error =
        Library::build(twice, Phrases::default(), &mut |texts| Ok(embed_all(texts))).unwrap_err();
    assert!(matches!(error, KnowledgeError::DuplicateId { .. }));
    let mut short = |texts: &[(String, Role)]| Ok(vec![embed_characters("x"); texts.len() - 1]);
    let error = Library::build(shop(), Phrases::default(), &mut short).unwrap_err();
    assert!(matches!(error, KnowledgeError::Count { .. }));
    let error = build(shop()).hits(&Embedding::from_raw(vec![1.; 3]), "x").unwrap_err();
    assert!(matches!(error, KnowledgeError::Dimensions { expected: 64, got: 3 }));
}

#[test]
fn an_empty_library_finds_nothing() {
    let library = build(Vec::new());
    assert!(library.hits(&embed_characters("退款"), "退款").unwrap().is_empty());
    assert_eq!(library.dimensions(), 0);
}

#[test]
fn many_articles_are_searched_and_a_large_one_does_not_hide_the_others() {
    let mut articles: Vec<Article> =
        (0..FEW + 10).map(|n| article(&format!("a{n:03}"), &format!("甲{n}"), &[])).collect();
    let many: Vec<String> = (0..600).map(|n| format!("退款退款{}", n % 7)).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    articles.push(article("refund", "退款", &many));
    articles.push(article("other", "退货款", &[]));
    let library = build(articles);
    let hits = library.hits(&embed_characters("退款"), "退款").unwrap();
    assert_eq!(names(&library, &hits)[..2], ["refund", "other"]);
    assert!(hits.len() >= LEAST_GROUPS);
}

#[test]
fn articles_for_people_have_no_passages() {
    let mut articles = shop();
    articles[0].handling = Handling::Route;
    let library = build(articles);
    let hits = library.hits(&embed_characters("开发票的答案"), "开发票的答案").unwrap();
    let invoice = hits.iter().find(|hit| hit.article == 0).unwrap();
    assert!(
        (invoice.passage + 1.).abs() < f32::EPSILON && invoice.lexical_answer.abs() < f32::EPSILON
    );
}
