//! Medians, ratios, and the table of results.

/// One line for each case.
pub(crate) struct Table {
    rows: Vec<[String; 6]>,
}

impl Table {
    pub(crate) fn new() -> Self {
        let head = ["case", "unit", "floor", "es", "ratio", "wanted"].map(String::from);
        Self { rows: vec![head] }
    }

    /// Adds a case with rates measured in turn: more is better, and the ratio is ours divided by the floor's.
    pub(crate) fn rates(&mut self, case: &str, unit: &str, pairs: &[(f64, f64)], wanted: f64) {
        let ratio = median(pairs.iter().map(|(floor, es)| es / floor));
        let floor = median(pairs.iter().map(|pair| pair.0));
        let es = median(pairs.iter().map(|pair| pair.1));
        let wanted = if wanted > 0.0 { format!(">= {wanted:.2}") } else { String::new() };
        self.add([case, unit, &number(floor), &number(es), &format!("{ratio:.2}"), &wanted]);
    }

    /// Adds a figure without a floor.
    #[allow(dead_code, reason = "not every bench has one")]
    pub(crate) fn figure(&mut self, case: &str, unit: &str, es: f64, wanted: &str) {
        self.add([case, unit, "", &number(es), "", wanted]);
    }

    fn add(&mut self, row: [&str; 6]) {
        eprintln!("{}", row.join("  "));
        self.rows.push(row.map(String::from));
    }

    pub(crate) fn print(&self) {
        let width = |column: usize| self.rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..6).map(width).collect();
        for (number, row) in self.rows.iter().enumerate() {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, width))| match column {
                    0 | 1 => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                })
                .collect();
            println!("| {} |", cells.join(" | "));
            if number == 0 {
                let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
                println!("| {} |", rule.join(" | "));
            }
        }
    }
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

fn number(value: f64) -> String {
    if value < 10.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
