//! Numbers in rows and columns: the more, the stronger the colour.

use std::fmt;

use crate::dashboard::text::{Escaped, count};

const WIDTH: f64 = 1200.0;
const LEFT: f64 = 110.0;
const SUMS: f64 = 90.0;
const HEAD: f64 = 26.0;
const ROW: f64 = 26.0;
const GAP: f64 = 3.0;

/// One row for each name, and its sum at the end.
pub(in crate::dashboard) struct Heat {
    pub(in crate::dashboard) columns: Vec<String>,
    pub(in crate::dashboard) rows: Vec<(String, Vec<i64>)>,
    /// How many of the last rows are of another kind, and have no colour.
    pub(in crate::dashboard) apart: usize,
}

impl fmt::Display for Heat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let height = HEAD + ROW * self.rows.len() as f64;
        let room = (WIDTH - LEFT - SUMS) / self.columns.len().max(1) as f64;
        let coloured = self.rows.len() - self.apart.min(self.rows.len());
        let highest = self.rows[..coloured].iter().flat_map(|(_, values)| values).copied().max().unwrap_or(0);
        writeln!(f, "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">")?;
        let centre = |at: usize| LEFT + room * (at as f64 + 0.5);
        for (at, name) in self.columns.iter().enumerate() {
            let x = centre(at);
            writeln!(f, "<text x=\"{x:.1}\" y=\"16\" text-anchor=\"middle\">{}</text>", Escaped(name))?;
        }
        writeln!(f, "<text x=\"{WIDTH}\" y=\"16\" text-anchor=\"end\">Sum</text>")?;
        for (row, (name, values)) in self.rows.iter().enumerate() {
            let top = HEAD + ROW * row as f64;
            let base = top + ROW / 2.0 + 3.0;
            writeln!(f, "<text class=\"value\" x=\"0\" y=\"{base}\">{}</text>", Escaped(name))?;
            for (at, value) in values.iter().enumerate() {
                let (x, width, height) = (LEFT + room * at as f64, room - GAP, ROW - GAP);
                // At most half of the colour, on which dark and light text can both be read.
                let strength = if row < coloured { 0.5 * *value as f64 / highest.max(1) as f64 } else { 0.0 };
                writeln!(
                    f,
                    "<rect class=\"cell\" x=\"{x:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"{height}\" rx=\"3\" \
                     fill-opacity=\"{strength:.3}\"/>"
                )?;
                let x = x + width / 2.0;
                writeln!(
                    f,
                    "<text class=\"value\" x=\"{x:.1}\" y=\"{base}\" text-anchor=\"middle\">{}</text>",
                    count(*value)
                )?;
            }
            let sum = count(values.iter().sum());
            writeln!(f, "<text class=\"value\" x=\"{WIDTH}\" y=\"{base}\" text-anchor=\"end\">{sum}</text>")?;
        }
        writeln!(f, "</svg>")
    }
}
