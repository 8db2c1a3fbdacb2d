//! `firstline kb …`: the editor's workshop. It prints what `knowledge` finds; the rules that need a model are run by the
//! function that `check` is given, so that the check judges with what serves.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use fs_err as fs;
use jiff::civil::Date;

use super::{Outcome, Terminal, explained};

use crate::knowledge::diagnostic::{Code, Diagnostic, Tally, human, json as documents, sarif};

use crate::knowledge::load::Stamp;
use crate::knowledge::{LoadOptions, Loaded, load};
use crate::message::{ArticleId, Language};

/// `firstline kb`
#[derive(Debug, Args)]
pub(super) struct KbArgs {
    #[command(subcommand)]
    command: KbCommand,
}

#[derive(Debug, Subcommand)]
enum KbCommand {
    /// 检查文章并运行它们自带的测试 · Check the articles and run their own tests
    Check(CheckArgs),
    /// 新建一篇文章 · Write a new article
    New(NewArgs),
    /// 解释一个检查代码 · Explain a finding's code
    Explain(ExplainArgs),
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// 知识目录 · The knowledge directory [default: the configured one]
    dir: Option<PathBuf>,
    /// 输出格式 · How to print
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// 输出语言，默认随系统 · Language of the output; the system's unless given
    #[arg(long, value_enum)]
    lang: Option<Tongue>,
    /// 不加载模型：跳过需要模型的检查 · Load no model: skip the rules that need one
    #[arg(long)]
    no_model: bool,
    /// 文件一保存就再检查，直到按 Ctrl-C · Check again whenever a file is saved, until Ctrl-C
    #[arg(long)]
    watch: bool,
}

#[derive(Debug, Args)]
struct NewArgs {
    /// 文章的 id，可以带目录，例如 zh/returns/refund-time · The article's id, with folders if you like
    id: String,
    /// 标题 · Title
    #[arg(long)]
    title: Option<String>,
    /// 文章的语言 · The article's language
    #[arg(long, value_enum)]
    lang: Option<Tongue>,
    /// 由人处理的主题 · A topic that people must handle
    #[arg(long)]
    route: bool,
    /// 知识目录 · The knowledge directory [default: the configured one]
    #[arg(long)]
    dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct ExplainArgs {
    /// 代码，例如 K5；不写则列出全部 · A code such as K5; all of them if none is given
    code: Option<String>,
    /// 输出语言 · Language of the output
    #[arg(long, value_enum)]
    lang: Option<Tongue>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// 给人看 · for people and problem matchers
    Human,
    /// 一个 JSON 文档 · one JSON document
    Json,
    /// SARIF 2.1.0
    Sarif,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Tongue {
    /// 中文
    Zh,
    /// English
    En,
}

impl Tongue {
    fn language(self) -> Language {
        match self {
            Self::Zh => Language::ZH,
            Self::En => Language::EN,
        }
    }
}

/// What the command needs from the configuration.
pub(super) struct Workshop<'a> {
    /// The configured directory.
    pub(super) dir: PathBuf,
    /// Queues, day and contacts for the rules.
    pub(super) options: LoadOptions,
    /// Runs the rules that need a model over what was loaded, for a day.
    pub(super) with_model: &'a mut dyn FnMut(&Loaded, Date) -> anyhow::Result<Vec<Diagnostic>>,
}

/// Runs the command.
pub(super) fn run(
    args: KbArgs,
    mut workshop: Workshop<'_>,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    match args.command {
        KbCommand::Check(args) if args.watch => watch(&args, &mut workshop, terminal),
        KbCommand::Check(args) => check(&args, &mut workshop, terminal),
        KbCommand::New(args) => new(&args, &workshop.dir, terminal),
        KbCommand::Explain(args) => explain(&args, terminal),
    }
}

/// How often a watched directory is looked at.
const GLANCE: Duration = Duration::from_millis(500);

/// Checks after every change and never returns by itself: a directory that cannot be read for a moment is said to be so.
fn watch(
    args: &CheckArgs,
    workshop: &mut Workshop<'_>,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    let dir = args.dir.clone().unwrap_or_else(|| workshop.dir.clone());
    // Nobody ever sends: the channel is a clock that an interrupt ends.
    let (_never, clock) = mpsc::channel::<()>();
    loop {
        let seen = Stamp::of(&dir).ok();
        if let Err(error) = check(args, workshop, terminal) {
            terminal.error(&error);
        }
        let watching =
            terminal.pick("等待修改，按 Ctrl-C 结束", "watching; Ctrl-C ends").to_owned();
        terminal.note(&watching);
        while Stamp::of(&dir).ok() == seen {
            clock.recv_timeout(GLANCE).ok();
        }
    }
}

fn check(
    args: &CheckArgs,
    workshop: &mut Workshop<'_>,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    let dir = args.dir.as_deref().unwrap_or(&workshop.dir);
    let loaded = load(dir, &workshop.options).map_err(explained)?;
    let mut found = loaded.diagnostics.clone();
    if !args.no_model && !loaded.articles.is_empty() {
        found.extend((workshop.with_model)(&loaded, workshop.options.today)?);
        found.sort();
    }
    let language = args.lang.map_or(terminal.language(), Tongue::language);
    print(args.format, &loaded, &found, (language, terminal))?;
    Ok(if found.iter().any(Diagnostic::is_error) { Outcome::CheckFailed } else { Outcome::Done })
}

fn print(
    format: Format,
    loaded: &Loaded,
    found: &[Diagnostic],
    to: (Language, &mut Terminal),
) -> anyhow::Result<()> {
    let ((language, terminal), articles) = (to, loaded.articles.len());
    match format {
        Format::Human => {
            for diagnostic in found {
                terminal.line(&human::render_one(diagnostic, language));
            }
            terminal.line(&human::summary(articles, Tally::of(found), language));
            Ok(())
        }
        Format::Json => terminal.json(&documents::document(articles, found)),
        Format::Sarif => terminal.json(&sarif::document(found, language)),
    }
}

fn new(args: &NewArgs, configured: &Path, terminal: &mut Terminal) -> anyhow::Result<Outcome> {
    let id = args.id.trim_matches('/').trim_end_matches(".md");
    let name = id.rsplit('/').next().unwrap_or(id);
    ArticleId::new(name).with_context(|| {
        terminal
            .pick(
                "id 只能用半角字母、数字和 -._，例如 refund-time",
                "use a name such as refund-time",
            )
            .to_owned()
    })?;
    if id.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
        bail!(
            "{}",
            terminal.pick(
                "id 里不能有空的或以点开头的目录",
                "folders in an id must not be empty or start with a dot"
            )
        );
    }
    let language = args.lang.map_or(terminal.language(), Tongue::language);
    let path = args.dir.as_deref().unwrap_or(configured).join(format!("{id}.md"));
    write_new(&path, &template(name, args, language))?;
    terminal.line(&path.to_string_lossy());
    let next = terminal.pick(
        "填好问法和答案，删掉 `draft: true`，再运行 `firstline kb check`。",
        "Fill in questions and answer, remove `draft: true`, then run `firstline kb check`.",
    );
    let next = next.to_owned();
    terminal.note(&next);
    Ok(Outcome::Done)
}

/// Writes a file that must not exist yet.
fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    Ok(())
}

/// A complete article to fill in, with every choice explained in its language. A draft, so that it is never served as
/// it is.
fn template(id: &str, args: &NewArgs, language: Language) -> String {
    let handling = if args.route { "route" } else { "answer" };
    let chinese = language == Language::ZH;
    let title = args.title.clone().unwrap_or_else(|| {
        if chinese { "退款多久到账？" } else { "How long does a refund take?" }.to_owned()
    });
    let title = title.replace('\\', "\\\\").replace('"', "\\\"");
    let text = if chinese { TEMPLATE_ZH } else { TEMPLATE_EN };
    text.replace("{id}", id).replace("{title}", &title).replace("{handling}", handling)
}

const TEMPLATE_ZH: &str = "---
id: {id}
title: \"{title}\"
lang: zh
questions:                # 客户会怎么问：五条以上，用他们自己的说法
  - TODO
tests:                    # 检查时问的话，不能与上面的相同，至少两条
  - ask: TODO
handling: {handling}          # answer 自动回答 | clarify 反问 | route 转人工
# queue: general          # 需要人工时进哪个队列
# priority: normal        # low | normal | high | urgent
# risk: none              # 答错的代价：none | money | legal | safety
# channels: [web, wechat] # 不写就是全部渠道
# review_by: 2027-06-30   # 到这一天该有人再读一遍
draft: true               # 写完后删掉这一行
---
TODO：第一个 `##` 之上的文字就是发给客户的答案。

## 细节
更多说明写在这里：能被找到，但不会主动发送。
";

const TEMPLATE_EN: &str = "---
id: {id}
title: \"{title}\"
lang: en
questions:                # how customers ask it: five or more, in their own words
  - TODO
tests:                    # what the check asks; none may equal a question, two or more
  - ask: TODO
handling: {handling}          # answer | clarify (ask back) | route (to a person)
# queue: general          # where it goes when a person is needed
# priority: normal        # low | normal | high | urgent
# risk: none              # what a wrong answer could cost: none | money | legal | safety
# channels: [web, wechat] # all channels unless given
# review_by: 2027-06-30   # the day by which somebody should read it again
draft: true               # remove this line when it is written
---
TODO: the text above the first `##` is the answer that customers receive.

## Details
More goes here: it can be found, but is never sent unasked.
";

fn explain(args: &ExplainArgs, terminal: &mut Terminal) -> anyhow::Result<Outcome> {
    let language = args.lang.map_or(terminal.language(), Tongue::language);
    let codes: Vec<Code> = match args.code.as_deref() {
        None => Code::ALL.to_vec(),
        Some(name) => vec![Code::parse(name).with_context(|| {
            format!(
                "{name}: {}",
                terminal.pick(
                    "没有这个代码；`firstline kb explain` 列出全部",
                    "no such code; `firstline kb explain` lists them all"
                )
            )
        })?],
    };
    for code in codes {
        terminal.line(&explanation(code, language));
    }
    Ok(Outcome::Done)
}

fn explanation(code: Code, language: Language) -> String {
    format!(
        "{} {} ({})\n  {}\n",
        code.as_str(),
        code.name(),
        code.severity(),
        code.explanation().get(language)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::Article;
    use crate::knowledge::diagnostic::Bilingual;

    fn scratch(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("firstline-kb-{}-{name}", std::process::id()));
        fs::remove_dir_all(&dir).ok();
        dir
    }

    fn command(dir: &Path, args: &[&str]) -> anyhow::Result<Outcome> {
        #[derive(Debug, clap::Parser)]
        struct Line {
            #[command(flatten)]
            kb: KbArgs,
        }
        let line = <Line as clap::Parser>::try_parse_from([&["kb"], args].concat())?;
        let workshop = Workshop {
            dir: dir.to_path_buf(),
            options: LoadOptions::on("2026-11-24".parse()?),
            with_model: &mut |loaded: &Loaded, _| {
                let spoilt = |article: &&Article| article.title == "misses its test";
                let Some(article) = loaded.articles.iter().find(spoilt) else {
                    return Ok(Vec::new());
                };
                let text = Bilingual::new("没找到", "missed");
                let place = article.mark("title");
                Ok(vec![Diagnostic::new(
                    Code::TestFailed,
                    &article.source,
                    place,
                    text.clone(),
                    text,
                )])
            },
        };
        run(line.kb, workshop, &mut Terminal::new())
    }

    #[test]
    fn a_new_article_is_a_draft_that_passes_the_check() {
        for (lang, args) in
            [("zh", vec![]), ("en", vec!["--route", "--title", "A \"quoted\" title"])]
        {
            let dir = scratch(&format!("new-{lang}"));
            let new = [vec!["new", "returns/refund-time", "--lang", lang], args].concat();
            assert_eq!(command(&dir, &new).unwrap(), Outcome::Done);
            let loaded = load(&dir, &LoadOptions::on("2026-11-24".parse().unwrap())).unwrap();
            assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
            let article = &loaded.articles[0];
            assert_eq!((article.id.as_str(), article.lang.as_str()), ("refund-time", lang));
            assert!(article.draft && article.sections.len() == 1);
            assert_eq!(command(&dir, &["check"]).unwrap(), Outcome::Done);
        }
    }

    #[test]
    fn a_new_article_never_replaces_one_and_stays_in_the_directory() {
        let dir = scratch("again");
        command(&dir, &["new", "refund-time"]).unwrap();
        assert!(command(&dir, &["new", "refund-time"]).is_err());
        assert!(command(&dir, &["new", "../refund-time"]).is_err());
        assert!(command(&dir, &["new", "退款"]).is_err());
    }

    #[test]
    fn errors_of_either_kind_fail_the_check() {
        let dir = scratch("errors");
        let write = |title: &str| {
            let text = format!(
                "---\nid: a\ntitle: {title}\nquestions: [a b, c d, e f]\n---\nThe answer.\n"
            );
            fs::create_dir_all(&dir).unwrap();
            fs::write(dir.join("a.md"), text).unwrap();
        };
        let check = |args: &[&str], expect: Outcome| {
            let args = [&["check"], args].concat();
            assert_eq!(command(&dir, &args).unwrap(), expect, "{args:?}");
        };
        write("fine");
        check(&[], Outcome::Done);
        write("misses its test");
        check(&["--no-model"], Outcome::Done);
        check(&["--format", "json"], Outcome::CheckFailed);
        check(&["--format", "sarif", "--lang", "zh"], Outcome::CheckFailed);
        write("\"");
        check(&["--no-model"], Outcome::CheckFailed);
    }

    #[test]
    fn a_missing_directory_is_an_error_with_a_remedy() {
        let error = command(&scratch("nowhere"), &["check"]).unwrap_err();
        assert!(format!("{error:#}").contains("firstline kb new"), "{error:#}");
    }

    #[test]
    fn codes_are_explained() {
        let nowhere = scratch("explain");
        assert_eq!(command(&nowhere, &["explain", "k5"]).unwrap(), Outcome::Done);
        assert_eq!(command(&nowhere, &["explain"]).unwrap(), Outcome::Done);
        assert!(command(&nowhere, &["explain", "K999"]).is_err());
        assert!(
            explanation(Code::SelfRetrieval, Language::ZH)
                .starts_with("K5 self-retrieval (error)\n")
        );
    }
}
