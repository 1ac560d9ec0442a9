//! The page: its head and foot, and the figures between them.

use std::fmt::Write;

use super::sections;
use super::text::Escaped;
use crate::read_models::{Figures, FiguresError, Standing};

/// The whole page around what it shows.
pub(super) fn whole(shown: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Loan applications</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\n<style>\n{style}</style>\n</head>\n<body>\n\
         <header><h1>Loan applications</h1><p>Read models of the event store</p><p id=\"note\" role=\"status\"></p></header>\n\
         <main>\n{shown}</main>\n<script>\n{script}</script>\n</body>\n</html>\n",
        style = include_str!("style.css"),
        script = include_str!("refresh.js"),
    )
}

/// The figures, as tiles, plots and tables.
pub(super) fn figures(figures: &Figures, standings: &[Standing]) -> String {
    let mut page = sections::tiles(figures);
    let cards = [
        (
            "outcomes",
            "Outcomes by month",
            "When applications came in, and when they were decided",
            sections::outcomes(figures),
        ),
        (
            "hours",
            "From submission to decision",
            "How many applications were decided within which time",
            sections::hours(figures),
        ),
        (
            "work",
            "Work in progress",
            "Work items that wait or are being done, at the end of each day",
            sections::work(figures),
        ),
        ("load", "Load per resource", "Work items completed in each month", sections::load(figures)),
        ("standing", "Read models", "How far they have come in the store", sections::standings(standings)),
    ];
    for (id, title, subtitle, body) in cards {
        let _ = writeln!(
            page,
            "<section id=\"{id}\"><h2>{title}</h2><p class=\"sub\">{subtitle}</p>\n{body}</section>"
        );
    }
    page
}

/// What is shown where there are no figures.
pub(super) fn trouble(error: &FiguresError) -> String {
    let text = error.to_string();
    format!("<section class=\"trouble\"><h2>No figures</h2><p>{}</p></section>\n", Escaped(&text))
}
