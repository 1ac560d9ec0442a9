//! A page with `Test: …`, or with a table whose last column is `test`, names tests that exist, by their files
//! and modules.

use crate::files;

/// The names after each `Test:`, up to the end of the paragraph or item.
fn named(page: &str) -> Vec<String> {
    let mut names = Vec::new();
    for rest in page.split("Test:").skip(1) {
        let rest = rest.trim_start();
        if !rest.starts_with('`') {
            continue;
        }
        for (at, part) in rest.split('`').enumerate() {
            if at % 2 == 1 {
                names.push(part.to_owned());
            } else if at > 0 && part.trim() != "," {
                break;
            }
        }
    }
    names.extend(in_tables(page));
    names
}

/// The names in the last column of tables that is called `test`.
fn in_tables(page: &str) -> Vec<String> {
    let (mut names, mut is_of_tests) = (Vec::new(), false);
    for line in page.lines() {
        let Some(row) = line.strip_prefix('|') else {
            is_of_tests = false;
            continue;
        };
        let last = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default().trim();
        is_of_tests |= last == "test";
        if is_of_tests {
            let quoted = last.split('`').skip(1).step_by(2);
            names.extend(quoted.filter(|name| name.contains("::")).map(str::to_owned));
        }
    }
    names
}

/// Whether a file contains the test: the parts before its name are folders, the file and modules.
fn holds(path: &str, source: &str, name: &str) -> bool {
    let mut parts: Vec<&str> = name.split("::").collect();
    let test = parts.pop().unwrap_or_default();
    let place: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
    !parts.is_empty()
        && parts.iter().all(|part| place.contains(part) || source.contains(&format!("mod {part} {{")))
        && source.contains(&format!("fn {test}("))
        && ["#[test]", "::test]", "::test("].iter().any(|attribute| source.contains(attribute))
}

#[test]
fn each_test_that_a_page_names_exists() {
    let sources = files("rs");
    let (mut count, mut missing) = (0, Vec::new());
    for (path, page) in files("md") {
        for name in named(&page) {
            count += 1;
            if !sources.iter().any(|(file, source)| holds(file, source, &name)) {
                missing.push(format!("{path}: {name}"));
            }
        }
    }
    assert!(count >= 15, "{count} tests are named");
    assert!(missing.is_empty(), "no such test in a file and module of that name:\n{}", missing.join("\n"));
}

#[test]
fn a_name_without_its_module_or_with_a_wrong_one_is_reported() {
    let page = "- a\n  Test: `a::b`,\n  `c`\n- says Test: nothing, and `d`";
    assert_eq!(named(page), ["a::b", "c"]);
    let table = "| what | test |\n|---|---|\n| `not::this` | `a::b`, `c::d` and `others` |\n\n| what | how |\n| x | `e::f` |";
    assert_eq!(named(table), ["a::b", "c::d"]);
    let source = "mod inner {\n    #[test]\n    fn works() {}\n}";
    assert!(holds("tests/tests/lock/file.rs", source, "inner::works"));
    assert!(holds("tests/tests/lock/file.rs", source, "lock::file::works"));
    for wrong in ["works", "other::works", "file::fails"] {
        assert!(!holds("tests/tests/lock/file.rs", source, wrong), "{wrong}");
    }
}
