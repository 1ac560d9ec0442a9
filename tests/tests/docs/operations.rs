//! Tests run every code block of `docs/operations.md`, and the page lists every option.

use es_core::repository::RepositoryMetrics;
use es_core::subscription::SubscriptionStatus;
use es_postgres::{PostgresStore, StoreMetrics};
use es_tests::operations::blocks;

use crate::files;

fn page() -> String {
    let found = files("md").into_iter().find(|(path, _)| path == "docs/operations.md");
    found.expect("the page is there").1
}

#[test]
fn each_code_block_of_the_page_is_run_by_a_test() {
    let blocks = blocks(&page());
    assert!(blocks.len() > 25, "{} blocks", blocks.len());
    let sources = files("rs");
    let tests = || {
        sources
            .iter()
            .filter(|(path, _)| path.starts_with("tests/tests/") && !path.ends_with("docs/operations.rs"))
    };
    for block in blocks.iter().filter(|block| block.language != "text") {
        assert!(!block.name.is_empty(), "a block has no name:\n{}", block.text);
        let quoted = format!("\"{}\"", block.name);
        // As `block("name")`, or in a list of names that a loop runs.
        let runs = |source: &str| source.contains(&quoted) && source.contains("block(");
        assert!(tests().any(|(_, source)| runs(source)), "no test runs the block {:?}", block.name);
    }
}

/// The rows of tables, by the name in their first column.
fn rows<'a>(page: &'a str, name: &str) -> Vec<Vec<&'a str>> {
    let begins = format!("| `{name}` |");
    let lines = page.lines().filter(|line| line.starts_with(&begins));
    lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

#[test]
fn each_option_of_a_store_is_on_the_page_with_its_default() {
    let (page, sources) = (page(), files("rs"));
    let (_, source) =
        sources.iter().find(|(path, _)| path == "es-postgres/src/options.rs").expect("the options");
    let methods = source.split("\n    pub fn ").skip(1);
    let options: Vec<&str> = methods
        .filter(|method| method.split(')').next().is_some_and(|head| head.contains("(mut self")))
        .filter_map(|method| method.split('(').next())
        .collect();
    assert!(options.len() >= 10 && options.contains(&"patience"), "{options:?}");
    let shown = format!("{:?}", PostgresStore::options("postgres://localhost/shop"));
    for option in options {
        let row = rows(&page, option).into_iter().next();
        let row = row.unwrap_or_else(|| panic!("docs/operations.md does not say what {option} is"));
        // A default with more than a word is described in words.
        let default = row[1].strip_prefix('`').and_then(|it| it.strip_suffix('`'));
        assert!(
            default.is_none_or(|default| shown.contains(&format!(" {option}: {default}"))),
            "the default of {option} is not {default:?}: {shown}"
        );
        assert!(!row[2].is_empty(), "when to change {option}?");
    }
}

/// The names of the numbers in a struct, from its `Debug` output.
fn fields(shown: &str) -> Vec<&str> {
    let names = shown.split(['{', ',']).skip(1).filter_map(|field| field.trim().split_once(": "));
    names.map(|(name, _)| name).collect()
}

#[test]
fn each_counter_is_on_the_page_with_the_meaning_of_its_alarm() {
    let page = page();
    let counters = [
        format!("{:?}", StoreMetrics::default()),
        format!("{:?}", RepositoryMetrics::default()),
        format!("{:?}", SubscriptionStatus::default()),
    ];
    let names: Vec<&str> = counters.iter().flat_map(|shown| fields(shown)).collect();
    assert!(names.len() > 30 && names.contains(&"longest_connection_wait"), "{names:?}");
    // Mentioned in the row of `tries`.
    for name in names.into_iter().filter(|name| !["failed_at", "error"].contains(name)) {
        let row = rows(&page, name).into_iter().any(|row| row.len() == 3 && !row[2].is_empty());
        assert!(row, "docs/operations.md does not say what {name} counts, and when to worry");
    }
}
