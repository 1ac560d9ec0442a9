//! The compile-time cost of the macros: crates of 100 events in 10 aggregates and of 300 in one, against the
//! same structs with serde's derives alone.
//!
//! `cargo run --release -p es-benches --bin compile`

mod generate;
mod measure;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use generate::{Kind, Size};
use measure::{Command, Error};

const ROUNDS: usize = 5;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Error> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_owned);
    let folder = std::env::temp_dir().join(format!("es-compile-{}", std::process::id()));
    let outcome = table(&folder, &root);
    std::fs::remove_dir_all(&folder)?;
    outcome
}

/// Measures all kinds in turn, so that other load on the machine affects each of them.
fn table(folder: &Path, root: &Path) -> Result<(), Error> {
    println!("user time of one crate, its dependencies built before, median of {ROUNDS}\n");
    println!(
        "{:<12} {:>10} {:>14} {:>14} {:>8} {:>8}",
        "", "events", "serde alone", "es-core", "ratio", "target"
    );
    for size in Size::ALL {
        for kind in Kind::ALL {
            generate::write(&folder.join(kind.name(size)), kind, size, root)?;
        }
        for (command, target) in [(Command::Build, 2.0), (Command::Check, 1.3)] {
            line(folder, size, command, target)?;
        }
    }
    Ok(())
}

fn line(folder: &Path, size: Size, command: Command, target: f64) -> Result<(), Error> {
    let mut times = [const { Vec::new() }; Kind::ALL.len()];
    for kind in Kind::ALL {
        measure::warm_up(command, &folder.join(kind.name(size)))?;
    }
    for _ in 0..ROUNDS {
        for (kind, times) in Kind::ALL.into_iter().zip(&mut times) {
            times.push(measure::user_time(command, &folder.join(kind.name(size)))?);
        }
    }
    let [serde, ours] = times.map(measure::median);
    println!(
        "{:<12} {:>10} {:>11} ms {:>11} ms {:>8.2} {target:>8.1}",
        format!("cargo {}", command.name()),
        format!("{} x {}", size.aggregates, size.events),
        serde.as_millis(),
        ours.as_millis(),
        ours.as_secs_f64() / serde.as_secs_f64(),
    );
    Ok(())
}
