//! Programs besides PostgreSQL that some tests need.

use std::env;

use crate::machine;

/// A program, or several that belong together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    programs: &'static [&'static [&'static str]],
    /// The environment variable that names the program, if it is not in a usual folder.
    variable: Option<&'static str>,
    /// Debian's packages.
    pub(crate) packages: &'static [&'static str],
    /// The integration tests that need it.
    pub(crate) targets: &'static [&'static str],
    /// Single tests in others.
    pub(crate) tests: &'static [&'static str],
}

/// One program of each row is enough.
pub(crate) const TOOLS: [Tool; 3] = [
    Tool {
        name: "PgBouncer",
        programs: &[&["pgbouncer"]],
        variable: None,
        packages: &["pgbouncer"],
        targets: &["pooler"],
        tests: &["a_store_works_behind_the_pooler_of_the_page"],
    },
    Tool {
        name: "Patroni with etcd",
        programs: &[&["patroni"], &["patronictl"], &["etcd"]],
        variable: None,
        packages: &["patroni", "etcd-server"],
        targets: &["failover"],
        tests: &[],
    },
    Tool {
        name: "Chromium",
        programs: &[&["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]],
        variable: Some("CHROMIUM"),
        packages: &["chromium"],
        targets: &["dashboard"],
        tests: &[],
    },
];

/// The programs of PostgreSQL 18, which are fetched separately.
pub(crate) const POSTGRES_18: Tool = Tool {
    name: "PostgreSQL 18",
    programs: &[],
    variable: None,
    packages: &[],
    targets: &[],
    tests: &["a_program_continues_after_its_server_was_upgraded"],
};

/// The server of NATS, which is fetched separately.
pub(crate) const NATS: Tool = Tool {
    name: "nats-server",
    programs: &[],
    variable: None,
    packages: &[],
    targets: &["jetstream", "nats_programs", "publishing", "two_services"],
    tests: &[],
};

impl Tool {
    /// Whether the whole tool is on this machine.
    pub(crate) fn is_there(&self) -> bool {
        self.variable.is_some_and(|variable| env::var_os(variable).is_some())
            || self.programs.iter().all(|names| names.iter().any(|name| machine::program(name).is_some()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::workspace::Workspace;

    fn texts(folder: &Path) -> String {
        let entries = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
        let sources = entries.filter(|path| path.extension().is_some_and(|end| end == "rs"));
        sources.map(|path| fs::read_to_string(path).expect("a source")).collect()
    }

    #[test]
    fn tests_that_may_be_left_out_are_there() {
        let workspace = Workspace::read().expect("cargo knows it");
        let all: String = workspace.sources().map(|path| texts(path.parent().expect("a folder"))).collect();
        for tool in TOOLS.iter().chain([&POSTGRES_18, &NATS]) {
            assert!(tool.targets.len() + tool.tests.len() > 0, "no test needs {}", tool.name);
            for target in tool.targets {
                assert!(workspace.tests().contains(target), "{target}");
            }
            for test in tool.tests {
                assert!(all.contains(&format!("fn {test}()")), "{test}");
            }
        }
    }
}
