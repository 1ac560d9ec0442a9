//! Plots, as SVG.

mod columns;
mod heat;
mod layers;
mod scale;

pub(super) use self::columns::Columns;
pub(super) use self::heat::Heat;
pub(super) use self::layers::Layers;

use std::fmt;

use super::text::Escaped;

/// Numbers of one kind, in one colour.
pub(super) struct Series {
    pub(super) name: String,
    /// Which colour of the style sheet, from 0 to 7.
    pub(super) class: usize,
    pub(super) values: Vec<i64>,
}

impl Series {
    fn value(&self, at: usize) -> i64 {
        self.values.get(at).copied().unwrap_or_default()
    }
}

/// What the colours mean.
fn legend(f: &mut fmt::Formatter<'_>, series: &[Series], line: Option<&str>) -> fmt::Result {
    write!(f, "<ul class=\"legend\">")?;
    for series in series {
        write!(f, "<li><i class=\"key s{}\"></i>{}</li>", series.class, Escaped(&series.name))?;
    }
    if let Some(line) = line {
        write!(f, "<li><i class=\"key mark-key\"></i>{}</li>", Escaped(line))?;
    }
    writeln!(f, "</ul>")
}
