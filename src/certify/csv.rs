//! Tables for people with a spreadsheet: CSV in UTF-8 with a byte-order mark, without which spreadsheets read Chinese as
//! something else. A cell that a spreadsheet would run as a formula gets an apostrophe before it.

/// Writes rows.
pub(super) fn write<'c>(rows: impl IntoIterator<Item = Vec<&'c str>>) -> Vec<u8> {
    let mut text = String::from('\u{feff}');
    for row in rows {
        let cells: Vec<String> = row.into_iter().map(cell).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text.into_bytes()
}

fn cell(value: &str) -> String {
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if formula { "'" } else { "" };
    format!("\"{guard}{}\"", value.replace('"', "\"\""))
}

/// The rows of a table, each with the line it begins in. Commas, semicolons and tabs part cells, whichever the first row
/// has; an unclosed quote ends with the file.
pub(super) fn read(text: &str) -> Vec<(usize, Vec<String>)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let head = text.lines().next().unwrap_or_default();
    let separator = [',', ';', '\t'].into_iter().find(|c| head.contains(*c)).unwrap_or(',');
    let mut reader = Reader { rows: Vec::new(), row: Vec::new(), cell: String::new(), begun: 1 };
    let (mut quoted, mut line) = (false, 1);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        line += usize::from(letter == '\n');
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                reader.cell.push('"');
            }
            '"' => quoted = !quoted,
            '\n' if !quoted => reader.end_row(line),
            '\r' if !quoted => {}
            _ if letter == separator && !quoted => reader.end_cell(),
            _ => reader.cell.push(letter),
        }
    }
    reader.end_row(line);
    reader.rows
}

struct Reader {
    rows: Vec<(usize, Vec<String>)>,
    row: Vec<String>,
    cell: String,
    begun: usize,
}

impl Reader {
    fn end_cell(&mut self) {
        self.row.push(std::mem::take(&mut self.cell).trim().to_owned());
    }

    fn end_row(&mut self, next: usize) {
        self.end_cell();
        let row = std::mem::take(&mut self.row);
        if row.iter().any(|cell| !cell.is_empty()) {
            self.rows.push((self.begun, row));
        }
        self.begun = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let rows = [vec!["id", "message", "verdict"], vec!["a", "说:\"好\",\n吗", "1"]];
        let text = String::from_utf8(write(rows.clone())).unwrap();
        assert!(text.starts_with('\u{feff}'));
        let back: Vec<Vec<String>> = read(&text).into_iter().map(|(_, row)| row).collect();
        assert_eq!(back, rows);
    }

    #[test]
    fn spreadsheets_may_change_the_dress() {
        let check = |text: &str, expect: &[(usize, &[&str])]| {
            let rows = read(text);
            let rows: Vec<(usize, Vec<&str>)> =
                rows.iter().map(|(n, r)| (*n, r.iter().map(String::as_str).collect())).collect();
            let expect: Vec<(usize, Vec<&str>)> =
                expect.iter().map(|(n, r)| (*n, r.to_vec())).collect();
            assert_eq!(rows, expect, "{text:?}");
        };
        check("a,b\nc,d", &[(1, &["a", "b"]), (2, &["c", "d"])]);
        check(
            "a;b\r\n\r\nc;\"d\r\ne\"\r\nf;g",
            &[(1, &["a", "b"]), (3, &["c", "d\r\ne"]), (5, &["f", "g"])],
        );
        check("a\tb\n", &[(1, &["a", "b"])]);
        check("", &[]);
    }

    #[test]
    fn no_cell_is_run_as_a_formula() {
        let text = String::from_utf8(write([vec!["=HYPERLINK(\"x\")", "+1", "@a"]])).unwrap();
        assert_eq!(text, "\u{feff}\"'=HYPERLINK(\"\"x\"\")\",\"'+1\",\"'@a\"\r\n");
    }
}
