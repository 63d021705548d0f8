//! A page of output for a person: lines, tables, amounts. It knows widths, not languages: texts come in by key.
//!
//! Guarantee: nothing that came from outside (names, details) can move the cursor or reorder the text around it.

use std::time::Duration;
use unicode_width::UnicodeWidthStr;

pub use driver::moment::moment;

use crate::texts::Texts;

/// Rows of a list that a person did not ask for; the rest is counted. `--json` lists more.
pub const SHOWN_MAX: usize = 20;

/// A page under construction.
pub struct Page<'a> {
    /// Texts in the reader's language.
    pub texts: &'a Texts,
    text: String,
}

impl<'a> Page<'a> {
    /// An empty page.
    pub fn new(texts: &'a Texts) -> Self {
        Self { texts, text: String::new() }
    }

    /// The page as it is printed.
    pub fn finish(self) -> String {
        self.text
    }

    /// A line as it is.
    pub fn line(&mut self, line: &str) {
        self.text.push_str(&printable(line));
        self.text.push('\n');
    }

    /// A line from the texts.
    pub fn say(&mut self, key: &str, values: &[(&str, &str)]) {
        let line = self.texts.fill(key, values);
        self.line(&line);
    }

    /// An empty line, unless the page is empty or has one already.
    pub fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A table with headings of these keys; a key that starts with `>` stands over a column of numbers. Nothing when there are no rows.
    pub fn table(&mut self, headings: &[&str], rows: &[Vec<String>]) {
        if rows.is_empty() {
            return;
        }
        let right: Vec<bool> = headings.iter().map(|key| key.starts_with('>')).collect();
        let heading: Vec<String> = headings.iter().map(|key| self.texts.text(key.trim_start_matches('>'))).collect();
        let rows: Vec<Vec<String>> = std::iter::once(heading).chain(rows.iter().map(|row| row.iter().map(|cell| shown(cell)).collect())).collect();
        let widths: Vec<usize> = (0..right.len()).map(|column| rows.iter().map(|row| row[column].width()).max().unwrap_or(0)).collect();
        for row in &rows {
            let mut line = String::from("  ");
            for (column, cell) in row.iter().enumerate() {
                let space = " ".repeat(widths[column] - cell.width());
                line += &if right[column] { format!("{space}{cell}  ") } else { format!("{cell}{space}  ") };
            }
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
    }

    /// A list of which only the first rows are shown, under a line from the texts; the true number is `total`.
    pub fn list(&mut self, key: &str, total: u64, rows: impl Iterator<Item = String>) {
        if total == 0 {
            return;
        }
        self.say(key, &[("count", &total.to_string())]);
        let shown: Vec<String> = rows.take(SHOWN_MAX).collect();
        for row in &shown {
            self.line(&format!("  {row}"));
        }
        let more = total.saturating_sub(shown.len() as u64);
        if more > 0 {
            self.say("page.more", &[("count", &more.to_string())]);
        }
    }
}

/// A cell; what is empty shows as a dash.
fn shown(cell: &str) -> String {
    if cell.is_empty() { "-".into() } else { printable(cell) }
}

/// The text with what would move the cursor or reorder the line written as `\xNN`; line ends stay.
pub fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        let reorders = matches!(character, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if reorders || (character.is_control() && character != '\n') {
            let mut buffer = [0; 4];
            clean.extend(character.encode_utf8(&mut buffer).bytes().map(|byte| format!("\\x{byte:02x}")));
        } else {
            clean.push(character);
        }
    }
    clean
}

/// An amount of bytes for a person: four significant digits at most, powers of 1024.
pub fn bytes(amount: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if amount < 1024 {
        return format!("{amount} B");
    }
    let power = (amount.ilog2() / 10) as usize;
    let tenths = (u128::from(amount) * 10) >> (10 * power);
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[power - 1])
}

/// A rate in MB/s, as media and disks are sold.
pub fn rate(amount: u64, time: Duration) -> String {
    let per_second = amount as f64 / time.as_secs_f64().max(0.001) / 1e6;
    if per_second < 10.0 { format!("{per_second:.1} MB/s") } else { format!("{per_second:.0} MB/s") }
}

/// A span of time in its two largest units.
pub fn span(seconds: u64, texts: &Texts) -> String {
    const UNITS: [(&str, u64); 4] = [("unit.day", 86_400), ("unit.hour", 3_600), ("unit.minute", 60), ("unit.second", 1)];
    let first = UNITS.iter().position(|(_, unit)| seconds >= *unit).unwrap_or(UNITS.len() - 1);
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (key, unit) in UNITS.iter().skip(first).take(2) {
        let count = rest / unit;
        rest %= unit;
        if count > 0 || parts.is_empty() {
            parts.push(format!("{count} {}", texts.text(key)));
        }
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn amounts() {
        for (amount, shown) in
            [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), ((1 << 20) - 1, "1023.9 KiB"), (64 << 20, "64.0 MiB"), (u64::MAX, "15.9 EiB")]
        {
            assert_eq!(bytes(amount), shown);
        }
        assert_eq!(rate(5_000_000, Duration::from_secs(2)), "2.5 MB/s");
        assert_eq!(rate(5_000_000_000, Duration::from_secs(2)), "2500 MB/s");
    }

    #[test]
    fn spans() {
        let texts = Texts::new(Language::English);
        for (seconds, shown) in
            [(0, "0 s"), (59, "59 s"), (60, "1 min"), (61, "1 min 1 s"), (3_600, "1 h"), (3_661, "1 h 1 min"), (90_000, "1 d 1 h"), (86_461, "1 d")]
        {
            assert_eq!(span(seconds, &texts), shown);
        }
    }

    #[test]
    fn moments() {
        for (seconds, shown) in [
            (0, "1970-01-01 00:00"),
            (-1, "1969-12-31 23:59"),
            (951_782_400, "2000-02-29 00:00"),
            (1_709_164_800, "2024-02-29 00:00"),
            (1_795_254_420, "2026-11-21 09:47"),
            (4_107_542_400, "2100-03-01 00:00"),
        ] {
            assert_eq!(moment(seconds), shown, "{seconds}");
        }
    }

    #[test]
    fn columns_stand_under_one_another_in_both_scripts() {
        let texts = Texts::new(Language::Chinese);
        let mut page = Page::new(&texts);
        page.table(&["heading.item", ">heading.items"], &[vec!["地契/一.json".into(), "7".into()], vec!["b\u{1b}[2J".into(), "1234".into()]]);
        let text = page.finish();
        let widths: Vec<usize> = text.lines().map(UnicodeWidthStr::width).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{text}");
        assert!(text.contains("b\\x1b[2J"));
    }

    #[test]
    fn long_lists_are_cut_and_counted() {
        let texts = Texts::new(Language::English);
        let mut page = Page::new(&texts);
        page.list("capture.rotten", 25, (0..25).map(|number| format!("item {number}")));
        let text = page.finish();
        assert_eq!(text.lines().count(), SHOWN_MAX + 2);
        assert!(text.contains("25") && text.lines().last().unwrap().contains('5'));
    }
}
