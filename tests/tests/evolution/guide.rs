//! The page: its code is that of the tests, and its quotes are messages of the lock and the compiler.

use std::fs;
use std::path::Path;

use es_core::Aggregate;
use es_core::lock::Mode;

use crate::folder::Folder;

const PAGE: &str = include_str!("../../../docs/evolution.md");

/// The scenarios with their text, by the name of the test.
fn scenarios() -> Vec<(String, &'static str)> {
    let section = |text: &'static str| {
        let (title, text) = text.split_once('\n').expect("a title");
        let title = title.split_once(". ").expect("a number in front of the title").1;
        let letter = |c: char| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        (title.chars().map(letter).collect(), text)
    };
    PAGE.split("\n### ").skip(1).map(section).collect()
}

fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    text.split(&format!("```{language}\n")).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text of the files next to the tests, without layout.
fn files(folder: &Path, extension: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder is read") {
        let path = entry.expect("an entry is read").path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|other| other == extension) {
            found.push(plain(&fs::read_to_string(&path).expect("a file is read")));
        }
    }
    found
}

fn folder(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Asserts that the page quotes this text in the section of this scenario.
#[track_caller]
pub(crate) fn quotes(scenario: &str, said: &str) {
    let (_, text) =
        scenarios().into_iter().find(|(name, _)| name == scenario).expect("the page has the scenario");
    let said = plain(said);
    let quoted: Vec<&str> =
        blocks(text, "text").into_iter().filter(|block| !block.starts_with("error")).collect();
    assert!(!quoted.is_empty(), "the page does not say what follows from {scenario}:\n{said}");
    for part in quoted.iter().flat_map(|block| block.split("\n\n")) {
        assert!(said.contains(&plain(part)), "the page has\n{part}\nand this is said\n{said}");
    }
}

/// Asserts that the lock rejects an undeclared change with the message on the page, and accepts it if it is
/// declared: what was published can still be read, and stays as it is.
#[track_caller]
pub(crate) fn evolves<Published: Aggregate, Forgotten: Aggregate, Today: Aggregate>(scenario: &str) {
    let folder = Folder::with::<Published>(&format!("evolution_{scenario}"));
    let published = folder.read("events.lock");
    quotes(scenario, &folder.findings::<Forgotten>(Mode::Check).join("\n\n"));
    folder.run::<Today>(Mode::Update).expect("a version after it");
    folder.run::<Today>(Mode::Check).expect("what was published is what is there");
    let now = folder.read("events.lock");
    // The current aggregates come first and may change. The three versions are modules of one program, so
    // their structs have other paths.
    // program, so their structs have other paths.
    let (_, entries) = published.split_once("\nevent ").expect("an event is published");
    let mut shapes = entries.lines().filter(|line| !line.trim_start().starts_with("rust: "));
    assert!(shapes.all(|line| now.contains(line)), "{now}");
}

#[test]
fn each_scenario_has_a_test_of_its_name_or_says_which() {
    let sources: Vec<String> = files(&folder("tests"), "rs");
    let has = |test: &str| {
        sources.iter().any(|source| {
            source.contains(&format!("fn {test}(")) || source.contains(&format!("{{ {test}: published"))
        })
    };
    let mut numbers = Vec::new();
    for (name, text) in scenarios() {
        let others: Vec<&str> = text
            .split("\nTest: ")
            .skip(1)
            .flat_map(|rest| rest.split("\n\n").next().unwrap_or_default().split('`').skip(1).step_by(2))
            .collect();
        for other in &others {
            let test = other.rsplit("::").next().unwrap_or_default();
            assert!(has(test), "{name} names the test {other}, which is not there");
        }
        let is_served = !text.contains("\nNot served");
        assert!(has(&name) || !others.is_empty() || !is_served, "no test is named {name}");
    }
    for title in PAGE.split("\n### ").skip(1) {
        numbers.extend(title.split('.').next().and_then(|number| number.parse::<usize>().ok()));
    }
    assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>());
    assert!(numbers.len() >= 27, "{} scenarios", numbers.len());
}

#[test]
fn the_page_shows_code_that_compiles() {
    let sources = files(&folder("tests"), "rs");
    let code = blocks(PAGE, "rust");
    assert!(code.len() >= 20, "{} blocks", code.len());
    for part in code.iter().flat_map(|block| block.split("\n\n")) {
        assert!(sources.iter().any(|source| source.contains(&plain(part))), "no test has\n{part}");
    }
}

/// The README's first change, as a user makes it.
mod first_change {
    use es_core::{Aggregate, Apply, event};

    #[event(name = "account.deposited", version = 2)]
    pub struct Deposited {
        pub cents: u32,
        #[event(added(in = 2, default = "nobody".to_owned()))]
        pub teller: String,
    }
    crate::order!(Deposited);

    #[test]
    fn deposits_of_version_1_have_the_default_teller() {
        let stored = serde_json::json!({ "cents": 500 });
        let old: Deposited = es_core::testing::read(1, &stored).expect("version 1 is known");
        assert_eq!((old.cents, old.teller.as_str()), (500, "nobody"));
    }
}

#[test]
fn the_readme_tells_the_first_change() {
    mod published {
        use crate::prelude::*;

        #[event(name = "account.deposited")]
        pub struct Deposited {
            pub cents: u32,
        }
        crate::order!(Deposited);
    }
    mod forgotten {
        use crate::prelude::*;

        #[event(name = "account.deposited")]
        pub struct Deposited {
            pub cents: u32,
            pub teller: String,
        }
        crate::order!(Deposited);
    }
    let folder = Folder::with::<published::Order>("evolution_readme");
    let said = folder.run::<forgotten::Order>(Mode::Check).expect_err("the event has changed").to_string();
    folder.run::<first_change::Order>(Mode::Update).expect("a version after it");
    let readme = include_str!("../../../README.md");
    let section = readme.split("\n## Change an event\n").nth(1).and_then(|rest| rest.split("\n## ").next());
    let section = section.expect("the section");
    assert!(plain(&said).contains(&plain(blocks(section, "text")[0])), "the lock says\n{said}");
    let code = blocks(section, "rust");
    let source = plain(include_str!("guide.rs"));
    for block in &code[1..] {
        assert!(source.contains(&plain(block)), "this test does not compile\n{block}");
    }
}

#[test]
fn what_the_page_points_to_is_there() {
    let slug = |title: &str| {
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-');
        title.chars().filter(kept).map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
    };
    let titles: Vec<String> =
        PAGE.split("\n### ").skip(1).filter_map(|text| text.lines().next()).map(slug).collect();
    let links: Vec<&str> = PAGE.split("](#").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(links.len() >= 10, "{links:?}");
    for link in links {
        assert!(titles.iter().any(|title| title == link), "no scenario {link}");
    }
}

#[test]
fn the_page_quotes_what_the_compiler_says() {
    let messages = files(&folder("ui"), "stderr");
    let quoted: Vec<&str> =
        blocks(PAGE, "text").into_iter().filter(|block| block.starts_with("error")).collect();
    assert!(quoted.len() >= 5, "{} messages", quoted.len());
    for part in quoted.iter().flat_map(|block| block.lines()) {
        assert!(
            messages.iter().any(|message| message.contains(&plain(part))),
            "the compiler does not say\n{part}"
        );
    }
}

#[test]
fn what_the_lock_says_is_quoted_by_a_test() {
    let sources = files(&folder("tests/evolution"), "rs").join(" ");
    for (name, text) in scenarios() {
        if blocks(text, "text").iter().any(|block| !block.starts_with("error")) {
            let quoted = sources.contains(&format!("{name}: published"))
                || sources.contains(&format!("quotes(\"{name}\""));
            assert!(quoted, "nothing compares what the page quotes for {name}");
        }
    }
}
