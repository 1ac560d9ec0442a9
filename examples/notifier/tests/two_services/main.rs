//! Both services and a broker are killed at random points, and the figures of the second service must equal
//! those of SQL over the events of the first. `LOANS_FILE` names a log to import instead of the generated
//! one; `LOANS_SEED` repeats the random choices.

mod killed;
mod log;
mod programs;

#[path = "../../examples/demo.rs"]
mod demo;

use std::path::Path;
use std::process::ExitCode;

/// The program `loans`, which other tests start as a process: cargo builds only the programs of this package.
#[test]
#[ignore = "a program, not a test"]
fn loans() -> ExitCode {
    match std::env::var(programs::ARGUMENTS) {
        Ok(arguments) => {
            let arguments = arguments.lines().map(Into::into);
            loans::cli::main_of_loans_with("loans", "The loans, in a test of another service", arguments)
        }
        Err(_) => ExitCode::SUCCESS,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_prints_the_same_figures_twice() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("demo-{}", std::process::id()));
    let printed = demo::demo(&folder).await.expect("both services run");
    let (of_loans, of_notifier) = printed.split_once("\n\nnotifier:\n").expect("two parts");
    let figures: Vec<Vec<&str>> =
        of_notifier.lines().map(|line| line.split_whitespace().take(3).collect()).collect();
    let wanted = [
        ["approved", "3", "69000.00"],
        ["cancelled", "3", "47500.00"],
        ["declined", "4", "70500.00"],
        ["open", "2", "16000.00"],
    ];
    assert_eq!(figures, wanted, "{printed}");
    for [outcome, applications, euros] in wanted {
        let euros = euros.trim_end_matches(".00");
        let (thousands, rest) = euros.split_at(euros.len() - 3);
        let cells = [outcome, applications, &format!("{thousands},{rest}")];
        let same = |line: &str| line.split_whitespace().eq(cells);
        assert!(of_loans.lines().any(same), "{cells:?} in {printed}");
    }
}
