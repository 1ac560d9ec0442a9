//! The axis of numbers: where a value is, and which values are written beside it.

use std::fmt;

use crate::dashboard::text::count;

/// An axis from 0 up, for a plot of some height.
pub(super) struct Scale {
    step: i64,
    steps: i64,
    top: f64,
    bottom: f64,
}

impl Scale {
    /// From `bottom` up to `top`, in the plot's units, high enough for this value.
    pub(super) fn new(highest: i64, top: f64, bottom: f64) -> Self {
        let step = round_step(highest.max(1), 5);
        let steps = (highest.max(1) + step - 1) / step;
        Self { step, steps, top, bottom }
    }

    /// The height of a value on it.
    pub(super) fn at(&self, value: i64) -> f64 {
        let full = (self.step * self.steps) as f64;
        self.bottom - (self.bottom - self.top) * value as f64 / full
    }

    /// Lines across the plot, each with its number to the left.
    pub(super) fn grid(&self, f: &mut fmt::Formatter<'_>, left: f64, right: f64) -> fmt::Result {
        for value in (0..=self.steps).map(|step| step * self.step) {
            let y = self.at(value);
            writeln!(f, "<line class=\"grid\" x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>")?;
            let (x, y) = (left - 8.0, y + 4.0);
            writeln!(f, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"end\">{}</text>", count(value))?;
        }
        Ok(())
    }
}

/// 1, 2 or 5 times a power of ten, so that the value is reached in no more steps than these.
fn round_step(highest: i64, most: i64) -> i64 {
    let mut power = 1_i64;
    loop {
        for factor in [1, 2, 5] {
            if highest <= factor * power * most {
                return factor * power;
            }
        }
        power *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_few_round_numbers_and_reaches_the_highest_value() {
        let steps = [1, 5, 6, 10, 11, 2_944, 250_001].map(|highest| round_step(highest, 5));
        assert_eq!(steps, [1, 1, 2, 2, 5, 1_000, 100_000]);
        let scale = Scale::new(2_944, 10.0, 110.0);
        assert_eq!((scale.at(0), scale.at(3_000)), (110.0, 10.0));
        assert!(Scale::new(0, 10.0, 110.0).at(0) == 110.0, "nothing is no division by nothing");
    }
}
