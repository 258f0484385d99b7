//! Tables as people read them in a terminal.

use std::fmt::Write as _;

pub(super) fn percent(rate: Option<f64>) -> String {
    rate.map_or(String::new(), |rate| format!("{:.1} %", 100.0 * rate))
}

/// Chinese is written without spaces, and takes two columns of a terminal.
pub(super) fn is_wide(c: char) -> bool {
    u32::from(c) >= 0x2E80
}

/// Columns as wide as their widest cell, all but the first and `condition` to the right; a note stands below its row.
pub(super) fn columns<R: AsRef<[String]>>(head: &[&str], rows: &[R], notes: &[String]) -> String {
    let widest = |(at, title): (usize, &&str)| {
        let cells = rows.iter().filter_map(|row| row.as_ref().get(at)).map(|cell| width_of(cell));
        cells.fold(width_of(title), usize::max)
    };
    let widths: Vec<usize> = head.iter().enumerate().map(widest).collect();
    let print = |cells: &[&str]| {
        let mut line = String::new();
        for (at, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            let room = " ".repeat(width.saturating_sub(width_of(cell)));
            let left = at == 0 || cell.is_empty() || head.get(at).is_some_and(|title| *title == "condition");
            line.push_str(&if left { format!("{cell}{room}  ") } else { format!("{room}{cell}  ") });
        }
        line.trim_end().to_owned()
    };
    let mut out = print(head) + "\n";
    for (at, row) in rows.iter().enumerate() {
        out.push_str(&print(&row.as_ref().iter().map(String::as_str).collect::<Vec<_>>()));
        out.push('\n');
        if let Some(note) = notes.get(at).filter(|note| !note.is_empty()) {
            let _infallible = writeln!(out, "    {note}");
        }
    }
    out
}

fn width_of(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_in_both_scripts() {
        let rows = [["路灯".to_owned(), "5/5".to_owned()], ["a".to_owned(), "10/10".to_owned()]];
        assert_eq!(columns(&["clip", "wrong"], &rows, &[]), "clip  wrong\n路灯    5/5\na     10/10\n");
    }
}
