//! The knowledge directory → articles, phrases and what is wrong with them. Every `*.md` but `README.md` is an article;
//! names that start with a dot are not looked at. One bad file never keeps the others from being read.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fs_err as fs;
use jiff::civil::Date;

use super::KnowledgeError;
use super::article::Article;
use super::diagnostic::{Bilingual, Code, Diagnostic};
use super::lint::{self, Setting};
use super::parse::{Parsed, parse_bytes};
use super::phrases::{self, Phrases};
use super::source::{Source, Span};
use crate::message::{Language, QueueId};

/// The largest file that is read, in bytes: far more than any article, far less than memory.
const LARGEST: u64 = 256 * 1024;
/// Directories inside each other.
const DEEPEST: usize = 16;
/// The file of the system's own texts.
const PHRASES: &str = "phrases.toml";

/// What the rules need to know beyond the directory.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// The configured queues; `None` if there is no configuration to check against.
    pub queues: Option<Vec<QueueId>>,
    /// The day for which validity and reviews are judged.
    pub today: Date,
    /// The shop's own addresses and numbers, allowed in answers.
    pub own_contacts: Vec<String>,
}

impl LoadOptions {
    /// No configuration, judged for a day.
    pub fn on(today: Date) -> Self {
        Self { queues: None, today, own_contacts: Vec::new() }
    }
}

/// What a directory holds.
#[derive(Debug)]
pub struct Loaded {
    /// Every article that can be read, drafts and expired ones included, sorted by id.
    pub articles: Vec<Article>,
    /// The system's own texts.
    pub phrases: Phrases,
    /// What was found, by file and place; the rules that need a model are in `lint::retrieval`.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    /// The articles that are served on a day.
    pub fn served_on(&self, day: Date) -> Vec<Article> {
        self.articles.iter().filter(|article| article.served_on(day)).cloned().collect()
    }
}

/// Reads a directory and checks it with every rule that needs no model.
pub fn load(dir: &Path, options: &LoadOptions) -> Result<Loaded, KnowledgeError> {
    let mut walk = Walk::start(dir)?;
    walk.directory(Path::new(""), 0)?;
    let mut diagnostics = walk.found;
    let mut articles = Vec::new();
    for path in walk.files {
        let Parsed { article, diagnostics: found } = read_file(dir, &path);
        articles.extend(article);
        diagnostics.extend(found);
    }
    let setting = Setting {
        queues: options.queues.as_deref(),
        today: options.today,
        own_contacts: &options.own_contacts,
    };
    let (articles, found) = lint::directory(articles, &setting);
    diagnostics.extend(found);
    let (phrases, found) = read_phrases(dir, &served_languages(&articles));
    diagnostics.extend(found);
    diagnostics.sort();
    Ok(Loaded { articles, phrases, diagnostics })
}

/// Which files a directory holds and when each was last written: equal stamps mean that loading again finds the same.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stamp(Vec<(PathBuf, u64, Option<SystemTime>)>);

impl Stamp {
    /// The stamp of a directory now. Files that cannot be looked at are left out.
    pub fn of(dir: &Path) -> Result<Self, KnowledgeError> {
        let mut walk = Walk::start(dir)?;
        walk.directory(Path::new(""), 0)?;
        walk.files.push(PathBuf::from(PHRASES));
        let look = |path: PathBuf| {
            let metadata = fs::metadata(dir.join(&path)).ok()?;
            Some((path, metadata.len(), metadata.modified().ok()))
        };
        Ok(Self(walk.files.into_iter().filter_map(look).collect()))
    }
}

/// The name of a file as diagnostics show it: with the directory as the caller gave it, and `/`.
fn shown(dir: &Path, path: &Path) -> String {
    dir.join(path).to_string_lossy().replace('\\', "/")
}

fn read_file(dir: &Path, path: &Path) -> Parsed {
    let file = shown(dir, path);
    match read_capped(&dir.join(path)) {
        Ok(bytes) => parse_bytes(&file, path, &bytes),
        Err(error) => Parsed { article: None, diagnostics: vec![unreadable(&file, &error)] },
    }
}

fn read_capped(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.len() > LARGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 256 KiB"));
    }
    fs::read(path)
}

fn read_phrases(dir: &Path, served: &[Language]) -> (Phrases, Vec<Diagnostic>) {
    let file = shown(dir, Path::new(PHRASES));
    let text = match read_capped(&dir.join(PHRASES)) {
        Ok(bytes) => String::from_utf8(bytes).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return (Phrases::default(), Vec::new());
        }
        Err(error) => Err(error),
    };
    match text {
        Ok(text) => phrases::read(&Source::new(&file, &text), served),
        Err(error) => (Phrases::default(), vec![unreadable(&file, &error)]),
    }
}

fn served_languages(articles: &[Article]) -> Vec<Language> {
    let languages: std::collections::BTreeSet<Language> = articles.iter().map(|a| a.lang).collect();
    languages.into_iter().filter(|language| *language != Language::UND).collect()
}

fn unreadable(file: &str, error: &io::Error) -> Diagnostic {
    let (message, remedy) = if error.kind() == io::ErrorKind::FileTooLarge {
        (
            Bilingual::new("文件超过 256 KiB", "the file is larger than 256 KiB"),
            Bilingual::new(
                "一篇文章只回答一个问题；把它拆开。",
                "An article answers one question: split it.",
            ),
        )
    } else {
        (
            Bilingual::new(
                format!("文件打不开：{error}"),
                format!("the file cannot be read: {error}"),
            ),
            Bilingual::new(
                "检查文件的权限和编码（UTF-8）。",
                "Check its permissions and its encoding (UTF-8).",
            ),
        )
    };
    Diagnostic::new(Code::File, &Source::new(file, ""), Span::default(), message, remedy)
}

/// The walk over a directory tree that never leaves it.
struct Walk {
    dir: PathBuf,
    /// The directory itself with every link resolved.
    root: PathBuf,
    /// Directories being visited, resolved: a link to one of them would go round in circles.
    open: Vec<PathBuf>,
    files: Vec<PathBuf>,
    found: Vec<Diagnostic>,
}

impl Walk {
    fn start(dir: &Path) -> Result<Self, KnowledgeError> {
        let root = fs::canonicalize(dir).map_err(|source| KnowledgeError::Unreadable { source })?;
        Ok(Self {
            dir: dir.to_path_buf(),
            root,
            open: Vec::new(),
            files: Vec::new(),
            found: Vec::new(),
        })
    }

    /// Visits one directory, given relative to the root. Only the root itself has to be readable.
    fn directory(&mut self, relative: &Path, depth: usize) -> Result<(), KnowledgeError> {
        let names = match names(&self.dir.join(relative)) {
            Ok(names) => names,
            Err(source) if depth == 0 => return Err(KnowledgeError::Unreadable { source }),
            Err(error) => {
                self.found.push(unreadable(&shown(&self.dir, relative), &error));
                return Ok(());
            }
        };
        for name in names {
            self.entry(&relative.join(name), depth)?;
        }
        Ok(())
    }

    fn entry(&mut self, relative: &Path, depth: usize) -> Result<(), KnowledgeError> {
        let path = self.dir.join(relative);
        let resolved = match fs::canonicalize(&path) {
            Ok(resolved) => resolved,
            Err(error) if is_article(relative) => {
                self.found.push(unreadable(&shown(&self.dir, relative), &error));
                return Ok(());
            }
            Err(_) => return Ok(()), // a dead link that would be no article either
        };
        let is_dir = resolved.is_dir();
        if !is_dir && !is_article(relative) {
            return Ok(());
        }
        if !resolved.starts_with(&self.root) {
            self.found.push(escapes(&shown(&self.dir, relative)));
        } else if !is_dir {
            self.files.push(relative.to_path_buf());
        } else if depth < DEEPEST && !self.open.contains(&resolved) && resolved != self.root {
            self.open.push(resolved);
            self.directory(relative, depth + 1)?;
            self.open.pop();
        }
        Ok(())
    }
}

/// The names in a directory that are looked at, sorted.
fn names(dir: &Path) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        if !name.to_string_lossy().starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn is_article(path: &Path) -> bool {
    let lower = |part: Option<&OsStr>| part.map(|part| part.to_string_lossy().to_lowercase());
    lower(path.extension()).as_deref() == Some("md")
        && lower(path.file_stem()).as_deref() != Some("readme")
}

fn escapes(file: &str) -> Diagnostic {
    Diagnostic::new(
        Code::File,
        &Source::new(file, ""),
        Span::default(),
        Bilingual::new(
            "这个链接指到知识目录之外",
            "this link leads out of the knowledge directory",
        ),
        Bilingual::new(
            "把文件复制进来，不要用链接。",
            "Copy the file here instead of linking to it.",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let dir =
                std::env::temp_dir().join(format!("firstline-load-{}-{name}", std::process::id()));
            fs::remove_dir_all(&dir).ok();
            fs::create_dir_all(&dir).unwrap();
            Self(dir)
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.0.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn article(&self, path: &str, title: &str) {
            self.write(path, &format!("---\ntitle: {title}\nquestions: [{title} 一, {title} 二, {title} 三]\n---\n{title} 的答案。\n"));
        }

        fn load(&self) -> Loaded {
            load(&self.0, &LoadOptions::on("2026-11-24".parse().unwrap())).unwrap()
        }

        fn ids(&self) -> Vec<String> {
            self.load().articles.iter().map(|a| a.id.to_string()).collect()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).ok();
        }
    }

    #[test]
    fn every_markdown_file_but_the_readme_is_an_article() {
        let dir = Scratch::new("walk");
        dir.article("b.md", "乙");
        dir.article("zh/deep/a.md", "甲");
        dir.article("README.md", "说明");
        dir.article("zh/readme.md", "说明");
        dir.article(".git/x.md", "藏");
        dir.write("notes.txt", "不是文章");
        assert_eq!(dir.ids(), ["b", "zh/deep/a"]);
        let loaded = dir.load();
        assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
        assert_eq!(loaded.articles[1].path, Path::new("zh/deep/a.md"));
    }

    #[test]
    fn a_bad_file_is_reported_and_the_others_are_read() {
        let dir = Scratch::new("bad");
        dir.article("a.md", "甲");
        dir.write("b.md", "没有开头");
        dir.write("huge.md", &"x".repeat(300 * 1024));
        let loaded = dir.load();
        assert_eq!(loaded.articles.len(), 1);
        let codes: Vec<Code> = loaded.diagnostics.iter().map(|d| d.code).collect();
        assert_eq!(codes, [Code::NoFrontMatter, Code::File]);
        let shown = dir.0.join("b.md").to_string_lossy().into_owned();
        assert_eq!(loaded.diagnostics[0].file, shown);
    }

    #[test]
    fn a_directory_that_is_none_is_an_error_with_a_remedy() {
        use crate::error::{Classify as _, Kind};
        let dir = Scratch::new("none");
        dir.write("file", "");
        for path in ["missing", "file"] {
            let error = load(&dir.0.join(path), &LoadOptions::on("2026-11-24".parse().unwrap()))
                .unwrap_err();
            assert_eq!(
                (error.kind(), error.reason()),
                (Kind::FailedPrecondition, "KNOWLEDGE_UNREADABLE")
            );
            assert!(error.to_string().contains(path), "{error}");
            assert!(!error.remedy().is_empty());
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_must_stay_in_the_directory_and_never_go_in_circles() {
        use std::os::unix::fs::symlink;
        let outside = Scratch::new("outside");
        outside.article("secret.md", "机密");
        let dir = Scratch::new("links");
        dir.article("zh/a.md", "甲");
        symlink(outside.0.join("secret.md"), dir.0.join("leak.md")).unwrap();
        symlink(&outside.0, dir.0.join("leaks")).unwrap();
        symlink(&dir.0, dir.0.join("zh/round")).unwrap();
        symlink(dir.0.join("nowhere.md"), dir.0.join("dead.md")).unwrap();
        assert_eq!(dir.ids(), ["zh/a"]);
        let loaded = dir.load();
        let found: Vec<_> = loaded
            .diagnostics
            .iter()
            .map(|d| (d.code, d.file.rsplit('/').next().unwrap()))
            .collect();
        assert_eq!(
            found,
            [(Code::File, "dead.md"), (Code::File, "leak.md"), (Code::File, "leaks")]
        );
    }

    #[test]
    fn drafts_and_expired_articles_are_read_and_not_served() {
        let dir = Scratch::new("served");
        dir.article("a.md", "甲");
        dir.write("b.md", "---\ntitle: 乙\ndraft: true\n---\n答案");
        let day = "2026-11-24".parse().unwrap();
        assert_eq!(dir.load().articles.len(), 2);
        assert_eq!(dir.load().served_on(day).len(), 1);
    }

    #[test]
    fn the_stamp_changes_with_the_files_that_are_read() {
        let dir = Scratch::new("stamp");
        dir.article("a.md", "甲");
        let stamp = || Stamp::of(&dir.0).unwrap();
        let first = stamp();
        dir.write("notes.txt", "x");
        assert_eq!(stamp(), first);
        dir.write("phrases.toml", "");
        let second = stamp();
        assert_ne!(second, first);
        dir.article("a.md", "另一个标题");
        assert_ne!(stamp(), second);
        assert!(Stamp::of(&dir.0.join("missing")).is_err());
    }

    #[test]
    fn phrases_are_optional_and_checked_for_the_languages_in_use() {
        let dir = Scratch::new("phrases");
        dir.article("a.md", "甲");
        assert!(dir.load().diagnostics.is_empty());
        dir.write("phrases.toml", "[greeting]\nzh = \"早上好\"\n");
        let loaded = dir.load();
        assert_eq!(loaded.phrases.phrase(phrases::Phrase::Greeting, Language::ZH), "早上好");
        let [missing] = &loaded.diagnostics[..] else { panic!("{:?}", loaded.diagnostics) };
        assert!(missing.message.en.starts_with("phrases without a text in zh"), "{missing:?}");
    }
}
