//! The house rules that a compiler does not know: who may import whom, which library may be used where, and how long a
//! file may be. `ARCHITECTURE.md` draws what this table enforces.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Module → what it may import from this crate. A module may always import itself.
const IMPORTS: &[(&str, &[&str])] = &[
    ("message", &[]),
    ("error", &[]),
    ("record", &["message", "error"]),
    ("proto", &[]),
    ("seal", &["message", "error"]),
    ("text", &["message", "error"]),
    ("telemetry", &["message", "error"]),
    ("encoder", &["message", "error", "text"]),
    ("intent", &["message", "error", "encoder"]),
    ("knowledge", &["message", "error", "text", "encoder"]),
    ("decision", &["message", "error"]),
    ("release", &["message", "error", "text", "encoder", "intent", "knowledge", "decision"]),
    (
        "triage",
        &["message", "error", "text", "encoder", "intent", "knowledge", "decision", "release"],
    ),
    (
        "certify",
        &[
            "message",
            "error",
            "record",
            "seal",
            "encoder",
            "knowledge",
            "decision",
            "release",
            "triage",
        ],
    ),
    ("routing", &["message", "error"]),
    ("journal", &["message", "error", "seal", "decision", "routing"]),
    (
        "dispatch",
        &[
            "message",
            "error",
            "seal",
            "text",
            "knowledge",
            "decision",
            "release",
            "triage",
            "routing",
            "journal",
        ],
    ),
    (
        "server",
        &[
            "message",
            "error",
            "proto",
            "text",
            "encoder",
            "knowledge",
            "decision",
            "release",
            "triage",
            "routing",
            "dispatch",
            "telemetry",
        ],
    ),
    (
        "eval",
        &[
            "message",
            "error",
            "record",
            "proto",
            "text",
            "encoder",
            "intent",
            "knowledge",
            "decision",
            "release",
            "triage",
            "routing",
            "dispatch",
            "server",
            "telemetry",
        ],
    ),
    (
        "config",
        &[
            "message",
            "error",
            "text",
            "encoder",
            "intent",
            "knowledge",
            "decision",
            "release",
            "triage",
            "certify",
            "routing",
            "journal",
            "dispatch",
            "server",
            "telemetry",
        ],
    ),
];

/// Library → the places (module or module path prefix) that may name it.
const FENCES: &[(&str, &[&str])] = &[
    ("tonic", &["server", "proto", "eval/load"]),
    ("tonic_health", &["server", "eval/load"]),
    ("tonic_reflection", &["server"]),
    ("tonic_types", &["server", "eval/load"]),
    ("axum", &["server"]),
    ("tower", &["server"]),
    ("tower_http", &["server"]),
    ("prost", &["proto", "server", "eval/load"]),
    ("prost_reflect", &["proto", "server", "eval/load"]),
    ("candle_core", &["encoder", "intent"]),
    ("candle_nn", &["encoder", "intent"]),
    ("rten_gemm", &["encoder/kernels", "encoder/error"]),
    ("rten_simd", &["encoder/kernels"]),
    ("rten_tensor", &["encoder/kernels"]),
    ("rten_vecmath", &["encoder/kernels"]),
    ("safetensors", &["encoder"]),
    ("ring", &["seal"]),
    ("redb", &["journal/store", "journal/error"]),
    ("tokenizers", &["encoder"]),
    ("hf_hub", &["encoder/source"]),
    ("pulldown_cmark", &["knowledge"]),
    ("serde_saphyr", &["knowledge"]),
    ("clap", &["cli"]),
    ("anyhow", &["cli"]),
    ("indicatif", &["cli"]),
    ("askama", &["eval", "server"]),
    ("hdrhistogram", &["eval", "cli"]),
    ("prometheus_client", &["telemetry", "server"]),
];

/// Pure rooms: no asynchronous runtime, no clock, no files.
const PURE: &[&str] = &["message", "error", "text", "decision", "routing", "intent"];

/// Lines a file may have, without its `mod tests`.
const LONGEST_FILE: usize = 500;

#[test]
fn modules_import_only_what_the_table_allows() {
    let mut offences = String::new();
    for source in sources() {
        let Some(allowed) =
            IMPORTS.iter().find(|(name, _)| *name == source.module).map(|(_, allowed)| *allowed)
        else {
            continue;
        };
        for (line, imported) in crate_paths(&source.text) {
            if imported != source.module && !allowed.contains(&imported.as_str()) {
                writeln!(offences, "{}:{line}: {} imports {imported}", source.path, source.module)
                    .unwrap();
            }
        }
    }
    assert!(offences.is_empty(), "forbidden imports (see IMPORTS in tests/tidy.rs):\n{offences}");
}

#[test]
fn every_module_stands_in_the_table() {
    let known = |module: &str| module == "cli" || IMPORTS.iter().any(|(name, _)| *name == module);
    let unknown: Vec<String> = sources()
        .into_iter()
        .map(|source| source.module)
        .filter(|module| !["main", "lib"].contains(&module.as_str()) && !known(module))
        .collect();
    assert!(unknown.is_empty(), "add to IMPORTS in tests/tidy.rs: {unknown:?}");
}

#[test]
fn libraries_stay_behind_their_fences() {
    let mut offences = String::new();
    for source in sources() {
        for (library, places) in FENCES {
            let inside =
                places.iter().any(|place| source.path.starts_with(&format!("src/{place}")));
            if inside {
                continue;
            }
            for (number, line) in code_lines(&source.text) {
                if names_library(line, library) {
                    writeln!(offences, "{}:{number}: {library} belongs to {places:?}", source.path)
                        .unwrap();
                }
            }
        }
    }
    assert!(offences.is_empty(), "libraries outside their fences:\n{offences}");
}

#[test]
fn pure_rooms_have_no_effects() {
    let mut offences = String::new();
    for source in sources().into_iter().filter(|source| PURE.contains(&source.module.as_str())) {
        for (number, line) in code_lines(&source.text) {
            for effect in
                ["tokio::", "std::fs", "fs_err", "std::net", "Timestamp::now", "Instant::now"]
            {
                if line.contains(effect) {
                    writeln!(offences, "{}:{number}: {effect}", source.path).unwrap();
                }
            }
        }
    }
    assert!(offences.is_empty(), "effects in pure rooms:\n{offences}");
}

#[test]
fn files_stay_short() {
    let long: Vec<String> = sources()
        .iter()
        .map(|source| (source.path.clone(), lines_without_tests(&source.text)))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect();
    assert!(
        long.is_empty(),
        "split these files (at most {LONGEST_FILE} lines without tests): {long:#?}"
    );
}

#[test]
fn there_is_no_junk_drawer() {
    let drawers = ["common", "utils", "util", "helpers", "misc", "types"];
    let found: Vec<String> = sources()
        .into_iter()
        .map(|source| source.path)
        .filter(|path| path.split(['/', '.']).any(|piece| drawers.contains(&piece)))
        .collect();
    assert!(found.is_empty(), "name these for what they hold: {found:?}");
}

struct Source {
    path: String,
    module: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let path = file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            let module = path
                .trim_start_matches("src/")
                .split(['/', '.'])
                .next()
                .unwrap_or_default()
                .to_owned();
            Source { module, text: fs::read_to_string(&file).unwrap(), path }
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Lines of code with their numbers; comments are skipped.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// First segments after `crate::`, grouped imports (`use crate::{a, b::c}`) included.
fn crate_paths(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in code_lines(text) {
        for (at, _) in line.match_indices("crate::") {
            let before = line.get(..at).and_then(|text| text.chars().next_back());
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
                continue;
            }
            let rest = line.get(at + "crate::".len()..).unwrap_or_default();
            match rest.strip_prefix('{') {
                Some(group) => found.extend(group_heads(group).map(|head| (number, head))),
                None => found.push((number, head(rest))),
            }
        }
    }
    found.retain(|(_, name)| !name.is_empty());
    found
}

fn group_heads(group: &str) -> impl Iterator<Item = String> {
    group.split(',').map(|item| head(item.trim()))
}

fn head(path: &str) -> String {
    path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn names_library(line: &str, library: &str) -> bool {
    line.match_indices(library).any(|(at, _)| {
        let boundary = |c: char| !(c.is_alphanumeric() || c == '_');
        let before = line.get(..at).and_then(|text| text.chars().next_back()).is_none_or(boundary);
        before && line.get(at + library.len()..).is_some_and(|rest| rest.starts_with("::"))
    })
}

fn lines_without_tests(text: &str) -> usize {
    text.lines()
        .position(|line| line.trim_start().starts_with("#[cfg(test)]"))
        .unwrap_or_else(|| text.lines().count())
}
