//! A file of texts to encode or to send: `.jsonl` with `text` in each line, anything else a text a line.

use std::path::Path;

use serde::Deserialize;

use super::jsonl::{self, JsonlError};

#[derive(Deserialize)]
struct Line {
    text: String,
}

/// The texts of `path`, in order, at least one; blank lines are skipped.
pub fn read(path: &Path) -> Result<Vec<String>, JsonlError> {
    if path.extension().is_some_and(|extension| extension == "jsonl") {
        return Ok(jsonl::read::<Line>(path)?.into_iter().map(|line| line.text).collect());
    }
    let text = jsonl::read_text(path)?;
    let texts: Vec<String> = jsonl::lines(&text).map(|(_, line)| line.to_owned()).collect();
    if texts.is_empty() { Err(JsonlError::Empty { path: path.to_owned() }) } else { Ok(texts) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_give_the_same_texts() {
        let dir = std::env::temp_dir().join(format!("firstline-texts-{}", std::process::id()));
        fs_err::create_dir_all(&dir).unwrap();
        let check = |name: &str, content: &str| {
            let path = dir.join(name);
            fs_err::write(&path, content).unwrap();
            assert_eq!(read(&path).unwrap(), ["退款", "hello there"], "{name}");
        };
        check("a.txt", "\u{feff}退款\n\nhello there\n");
        check("b.jsonl", "{\"text\":\"退款\",\"label\":1}\n{\"text\":\"hello there\"}");
        fs_err::write(dir.join("c.txt"), "\n \n").unwrap();
        assert!(matches!(read(&dir.join("c.txt")), Err(JsonlError::Empty { .. })));
        fs_err::remove_dir_all(&dir).unwrap();
    }
}
