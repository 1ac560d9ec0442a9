//! Areas above each other, day by day.

use std::fmt;

use time::Date;

use super::scale::Scale;
use super::{Series, legend};
use crate::dashboard::text::{Escaped, day, month};

const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = WIDTH - 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = HEIGHT - 26.0;

/// The room that the name of a month takes.
const LABEL: f64 = 80.0;

/// One layer for each series, with a value for each day.
pub(in crate::dashboard) struct Layers {
    pub(in crate::dashboard) days: Vec<Date>,
    pub(in crate::dashboard) series: Vec<Series>,
}

impl Layers {
    fn x(&self, at: usize) -> f64 {
        LEFT + (RIGHT - LEFT) * at as f64 / (self.days.len() - 1).max(1) as f64
    }

    /// The months below the plot, as far apart as their names need.
    fn months(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begins = |at: &usize| self.days[at - 1].month() != self.days[*at].month();
        let begins: Vec<usize> = (1..self.days.len()).filter(begins).collect();
        // The month of the first day gives way to the next one.
        let first = begins.first().is_none_or(|next| self.x(*next) >= LEFT + LABEL).then_some(0);
        let mut free_from = LEFT;
        for at in first.into_iter().chain(begins) {
            let x = self.x(at);
            if x >= free_from && x < RIGHT - LABEL * 0.75 {
                free_from = x + LABEL;
                let y = BOTTOM + 5.0;
                writeln!(f, "<line class=\"grid\" x1=\"{x:.1}\" y1=\"{BOTTOM}\" x2=\"{x:.1}\" y2=\"{y}\"/>")?;
                let (y, month) = (HEIGHT - 8.0, month(self.days[at]));
                writeln!(f, "<text x=\"{x:.1}\" y=\"{y}\">{month}</text>")?;
            }
        }
        Ok(())
    }

    fn layer(
        &self,
        f: &mut fmt::Formatter<'_>,
        series: &Series,
        below: &[i64],
        above: &[i64],
        scale: &Scale,
    ) -> fmt::Result {
        write!(f, "<polygon class=\"s{}\" points=\"", series.class)?;
        for (at, value) in above.iter().enumerate() {
            write!(f, "{:.1},{:.1} ", self.x(at), scale.at(*value))?;
        }
        for (at, value) in below.iter().enumerate().rev() {
            write!(f, "{:.1},{:.1} ", self.x(at), scale.at(*value))?;
        }
        writeln!(f, "\"><title>{}</title></polygon>", Escaped(&series.name))
    }
}

impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(first), Some(last)) = (self.days.first(), self.days.last()) else { return Ok(()) };
        legend(f, &self.series, None)?;
        let mut levels = vec![vec![0; self.days.len()]];
        for series in &self.series {
            let below = &levels[levels.len() - 1];
            levels.push(below.iter().enumerate().map(|(at, below)| below + series.value(at)).collect());
        }
        let highest = levels.iter().flatten().copied().max().unwrap_or_default();
        let scale = Scale::new(highest, TOP, BOTTOM);
        writeln!(f, "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">")?;
        writeln!(f, "<title>{} to {}</title>", day(*first), day(*last))?;
        scale.grid(f, LEFT, RIGHT)?;
        for (series, level) in self.series.iter().zip(levels.windows(2)) {
            self.layer(f, series, &level[0], &level[1], &scale)?;
        }
        self.months(f)?;
        writeln!(f, "</svg>")
    }
}
