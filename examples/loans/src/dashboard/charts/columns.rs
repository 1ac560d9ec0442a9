//! Columns beside each other, of parts above each other, and a line for something else that is counted.

use std::fmt;

use super::scale::Scale;
use super::{Series, legend};
use crate::dashboard::text::{Escaped, count};

const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 290.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = WIDTH - 8.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = HEIGHT - 26.0;

/// One column for each label.
pub(in crate::dashboard) struct Columns {
    pub(in crate::dashboard) labels: Vec<String>,
    pub(in crate::dashboard) series: Vec<Series>,
    pub(in crate::dashboard) line: Option<(String, Vec<i64>)>,
}

impl Columns {
    fn total(&self, at: usize) -> i64 {
        self.series.iter().map(|series| series.value(at)).sum()
    }

    fn highest(&self) -> i64 {
        let totals = (0..self.labels.len()).map(|at| self.total(at));
        let line = self.line.iter().flat_map(|(_, values)| values.iter().copied());
        totals.chain(line).max().unwrap_or_default()
    }

    fn column(
        &self,
        f: &mut fmt::Formatter<'_>,
        at: usize,
        centre: f64,
        width: f64,
        scale: &Scale,
    ) -> fmt::Result {
        let (x, label) = (centre - width / 2.0, &self.labels[at]);
        let mut below = 0;
        for series in &self.series {
            let (value, y) = (series.value(at), scale.at(below + series.value(at)));
            let height = scale.at(below) - y;
            below += value;
            writeln!(
                f,
                "<rect class=\"s{}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\">\
                 <title>{}: {} {}</title></rect>",
                series.class,
                Escaped(label),
                count(value),
                Escaped(&series.name)
            )?;
        }
        let y = scale.at(below) - 6.0;
        if self.line.is_none() {
            writeln!(
                f,
                "<text class=\"value\" x=\"{centre:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{}</text>",
                count(below)
            )?;
        }
        // Where there are many, not each has room for its label.
        let every = self.labels.len().div_ceil(9);
        if (self.labels.len() - 1 - at).is_multiple_of(every) {
            let y = HEIGHT - 8.0;
            writeln!(
                f,
                "<text x=\"{centre:.1}\" y=\"{y}\" text-anchor=\"middle\">{}</text>",
                Escaped(label)
            )?;
        }
        Ok(())
    }

    fn line(&self, f: &mut fmt::Formatter<'_>, centre: impl Fn(usize) -> f64, scale: &Scale) -> fmt::Result {
        let Some((name, values)) = &self.line else { return Ok(()) };
        write!(f, "<polyline class=\"mark\" points=\"")?;
        for (at, value) in values.iter().enumerate() {
            write!(f, "{:.1},{:.1} ", centre(at), scale.at(*value))?;
        }
        writeln!(f, "\"/>")?;
        for ((at, value), label) in values.iter().enumerate().zip(&self.labels) {
            let (x, y) = (centre(at), scale.at(*value));
            writeln!(
                f,
                "<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"><title>{}: {} {}</title></circle>",
                Escaped(label),
                count(*value),
                Escaped(name)
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        legend(f, &self.series, self.line.as_ref().map(|(name, _)| name.as_str()))?;
        let scale = Scale::new(self.highest(), TOP, BOTTOM);
        let room = (RIGHT - LEFT) / self.labels.len().max(1) as f64;
        let centre = |at: usize| LEFT + room * (at as f64 + 0.5);
        let width = (room * 0.62).min(64.0);
        writeln!(f, "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">")?;
        scale.grid(f, LEFT, RIGHT)?;
        for at in 0..self.labels.len() {
            self.column(f, at, centre(at), width, &scale)?;
        }
        self.line(f, centre, &scale)?;
        writeln!(f, "</svg>")
    }
}
