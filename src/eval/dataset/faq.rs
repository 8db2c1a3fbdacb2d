//! The form with answers: `kb.jsonl`, `queries.jsonl`. A row of the knowledge base becomes an article; a query names the
//! rows that answer it.

use std::path::Path;

use serde::Deserialize;

use super::{Dataset, DatasetError, Kind, labelled, language_of, name_of};
use crate::eval::jsonl;
use crate::eval::record::{Record, Relevance};
use crate::knowledge::Article;
use crate::message::{IdError, Language};

#[derive(Deserialize)]
struct Row {
    id: String,
    #[serde(default)]
    title: String,
    question: String,
    answer: String,
}

#[derive(Deserialize)]
struct Query {
    text: String,
    #[serde(deserialize_with = "crate::eval::record::relevance")]
    relevant: Relevance,
}

pub(super) fn read(dir: &Path) -> Result<Dataset, DatasetError> {
    let file = dir.join("kb.jsonl");
    let rows: Vec<Row> = jsonl::read(&file)?;
    let queries: Vec<Query> = jsonl::read(&dir.join("queries.jsonl"))?;
    let language = language_of(rows.iter().map(|row| row.question.as_str()));
    let articles = rows
        .iter()
        .map(|row| {
            article(row, language).map_err(|source| DatasetError::BadId {
                file: file.clone(),
                id: row.id.clone(),
                source,
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Dataset {
        name: name_of(dir),
        kind: Kind::Faq,
        articles,
        phrases: None,
        outside: Vec::new(),
        messages: queries
            .into_iter()
            .map(|query| Record { relevant: query.relevant, ..labelled(query.text, Vec::new()) })
            .collect(),
        language,
    })
}

fn article(row: &Row, language: Language) -> Result<Article, IdError> {
    let mut article = Article::new(&row.id, &row.title, language)?;
    article.questions.push(row.question.as_str().into());
    row.answer.trim().clone_into(&mut article.answer);
    Ok(article)
}
