//! Comments, pages and the code of the published crates are at most 110 columns wide. `cargo fmt` formats
//! code, but neither comments nor texts.

use crate::files;

const COLUMNS: usize = 110;

/// Lines that cannot be broken: tables, images, links and their definitions, and on pages the lines of a code
/// block, such as messages, which are quoted unchanged.
fn cannot_be_broken(text: &str) -> bool {
    let is_one_word = !text.trim_start_matches("- ").trim().contains(' ');
    let is_definition = text.starts_with('[') && text.contains("]: ");
    text.starts_with('|') || text.starts_with("![") || is_definition || is_one_word
}

#[track_caller]
fn are_none(long: &[String]) {
    assert!(long.is_empty(), "wider than {COLUMNS} columns:\n{}", long.join("\n"));
}

#[test]
fn no_comment_is_wider_than_the_code() {
    let mut long = Vec::new();
    for (path, text) in files("rs") {
        for (number, line) in text.lines().enumerate() {
            let Some(comment) = line.trim_start().strip_prefix("//") else { continue };
            let comment = comment.trim_start_matches(['/', '!']).trim();
            if line.chars().count() > COLUMNS && !cannot_be_broken(comment) {
                long.push(format!("{path}:{}", number + 1));
            }
        }
    }
    are_none(&long);
}

/// `cargo fmt` leaves a line as it is if it cannot break a text or a macro in it.
#[test]
fn no_line_of_a_published_crate_is_wider_than_the_others() {
    let mut long = Vec::new();
    for (path, text) in
        files("rs").iter().filter(|(path, _)| path.starts_with("es-") && path.contains("/src/"))
    {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        let wide = lines.filter(|(_, line)| line.chars().count() > COLUMNS);
        long.extend(wide.map(|(number, _)| format!("{path}:{}", number + 1)));
    }
    are_none(&long);
}

/// Migrations are left out: a released migration is never edited.
#[test]
fn no_comment_of_a_statement_is_wider_than_other_comments() {
    let mut long = Vec::new();
    for (path, text) in files("sql") {
        if path.starts_with("es-postgres/migrations/") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("--") && line.chars().count() > COLUMNS {
                long.push(format!("{path}:{}", number + 1));
            }
        }
    }
    are_none(&long);
}

#[test]
fn no_line_of_a_page_is_wider_than_a_comment() {
    let mut long = Vec::new();
    for (path, text) in files("md") {
        // A program generates it.
        if text.contains("not to be edited") {
            continue;
        }
        let mut in_block = false;
        for (number, line) in text.lines().enumerate() {
            in_block ^= line.trim_start().starts_with("```");
            if line.chars().count() > COLUMNS && !in_block && !cannot_be_broken(line.trim()) {
                long.push(format!("{path}:{}", number + 1));
            }
        }
    }
    are_none(&long);
}
