//! Answer groups: articles that answer the same thing. Translations form one, and so do articles with the same answer
//! text. Margins, duplicates and the check's verdicts compare groups, not articles.

use std::collections::HashMap;

use super::article::Article;
use super::wording::same_text_key;
use crate::message::{ArticleId, Handling};

/// Which article belongs to which group. Groups are numbered from 0 in the order of their first members.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Groups {
    of: Vec<usize>,
    members: Vec<Vec<usize>>,
}

impl Groups {
    /// Groups the articles of a slice by their index.
    pub fn of(articles: &[Article]) -> Self {
        let mut sets = Sets((0..articles.len()).collect());
        let by_id = by_id(articles);
        let mut by_answer: HashMap<String, usize> = HashMap::new();
        for (at, article) in articles.iter().enumerate() {
            if let Some(original) = article.translation_of.as_ref().and_then(|id| by_id.get(id)) {
                sets.join(at, *original);
            }
            // The text of an article that routes is a note for agents, no answer.
            if article.handling == Handling::Answer && !article.answer.is_empty() {
                let twin = *by_answer.entry(same_text_key(&article.answer)).or_insert(at);
                sets.join(at, twin);
            }
        }
        Self::numbered(&mut sets, articles.len())
    }

    fn numbered(sets: &mut Sets, count: usize) -> Self {
        let mut groups = Self::default();
        let mut number: HashMap<usize, usize> = HashMap::new();
        for at in 0..count {
            let next = groups.members.len();
            let group = *number.entry(sets.root(at)).or_insert(next);
            if group == next {
                groups.members.push(Vec::new());
            }
            groups.of.push(group);
            if let Some(members) = groups.members.get_mut(group) {
                members.push(at);
            }
        }
        groups
    }

    /// The group of an article; 0 for an index that is none.
    pub fn group(&self, article: usize) -> usize {
        self.of.get(article).copied().unwrap_or(0)
    }

    /// The articles of a group, ascending.
    pub fn members(&self, group: usize) -> &[usize] {
        self.members.get(group).map_or(&[], Vec::as_slice)
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is no group.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

/// Articles by id and by alias; an id wins over another article's alias.
pub(crate) fn by_id(articles: &[Article]) -> HashMap<ArticleId, usize> {
    let aliases = articles
        .iter()
        .enumerate()
        .flat_map(|(at, a)| a.aliases.iter().map(move |id| (id.clone(), at)));
    let ids = articles.iter().enumerate().map(|(at, a)| (a.id.clone(), at));
    aliases.chain(ids).collect()
}

/// Disjoint sets of indices.
struct Sets(Vec<usize>);

impl Sets {
    fn root(&mut self, mut at: usize) -> usize {
        while let Some(parent) = self.0.get(at).copied().filter(|parent| *parent != at) {
            let grandparent = self.0.get(parent).copied().unwrap_or(parent);
            if let Some(slot) = self.0.get_mut(at) {
                *slot = grandparent;
            }
            at = parent;
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if let Some(slot) = self.0.get_mut(a.max(b)) {
            *slot = a.min(b);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Language;

    fn article(id: &str, answer: &str, translation_of: Option<&str>) -> Article {
        let mut article = Article::new(id, id, Language::ZH).unwrap();
        article.answer = answer.to_owned();
        article.translation_of = translation_of.map(|id| ArticleId::new(id).unwrap());
        article
    }

    #[test]
    fn translations_and_equal_answers_form_groups() {
        let check = |articles: &[Article], expect: &[&[usize]]| {
            let groups = Groups::of(articles);
            let members: Vec<&[usize]> = (0..groups.len()).map(|g| groups.members(g)).collect();
            assert_eq!(members, expect);
        };
        check(&[], &[]);
        check(&[article("a", "x", None), article("b", "y", None)], &[&[0], &[1]]);
        check(
            &[article("a", "x", None), article("b", "y", None), article("c", "z", Some("a"))],
            &[&[0, 2], &[1]],
        );
        check(&[article("a", "same  text", None), article("b", "same text", None)], &[&[0, 1]]);
        check(&[article("a", "", None), article("b", "", None)], &[&[0], &[1]]);
        check(&[article("a", "x", Some("b")), article("b", "y", Some("a"))], &[&[0, 1]]);
        check(&[article("a", "x", Some("nobody"))], &[&[0]]);
        check(
            &[
                article("a", "x", None),
                article("b", "y", Some("a")),
                article("c", "y", None),
                article("d", "x", None),
            ],
            &[&[0, 1, 2, 3]],
        );
    }

    #[test]
    fn notes_for_agents_are_no_answers() {
        let route = |id| Article { handling: Handling::Route, ..article(id, "note", None) };
        assert_eq!(Groups::of(&[route("a"), route("b")]).len(), 2);
    }

    #[test]
    fn an_alias_is_a_name_too() {
        let mut original = article("a", "x", None);
        original.aliases.push(ArticleId::new("old").unwrap());
        assert_eq!(Groups::of(&[original, article("b", "y", Some("old"))]).len(), 1);
    }
}
