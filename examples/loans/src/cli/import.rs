//! `import`: the run, its progress, and what is said at its end.

use std::fmt::Write;
use std::process;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::args::{self, StoreKind};
use super::failure::Failure;
use super::note::note;
use super::output::print;
use super::progress::{progress, rate};
use super::store::{Opened, Purpose, REPLAYED_AT_ONCE, repository};
use crate::generations::Generation;
use crate::import::{Count, Import, Imported, Problems, Source};
use crate::report::Report;
use crate::table::grouped;

pub(super) async fn import<A: Generation>(args: args::ImportArgs) -> Result<(), Failure> {
    let concurrency = usize::from(args.concurrency);
    let kind = StoreKind::of(args.store, Purpose::Write)?;
    let memory = kind == StoreKind::Memory;
    // A connection is for a load: appends have their own.
    let opened = Opened::open(kind, Purpose::Write, concurrency.min(REPLAYED_AT_ONCE)).await?;
    let repository = repository::<A>(&opened);
    let import = Import::new(repository.clone()).concurrency(concurrency).skip_bad(args.skip_bad);

    let (source, count) = (Source::from(args.file), Arc::new(Count::default()));
    let start = Instant::now();
    let run = import.run(&source, Arc::clone(&count), ctrl_c());
    let outcome = tokio::select! {
        outcome = run => outcome,
        () = progress(&count) => return Ok(()),
    };
    let elapsed = start.elapsed();
    // What was imported into memory is gone with this program.
    let (goes_on, again) = if memory {
        ("", "")
    } else {
        ("; the next run resumes", "; run the same command again to continue")
    };
    match outcome {
        Ok(imported) => {
            let summary = summary(&imported, &count, elapsed);
            if imported.interrupted {
                note(&format!("interrupted: {summary}{again}"));
                return Err(Failure::interrupted());
            }
            print(&summary)?;
        }
        Err(error) => {
            note(&format!("stopped: {}{goes_on}", written(&count, elapsed)));
            return Err(error.into());
        }
    }
    if memory {
        print(&Report::of(&repository, REPLAYED_AT_ONCE).await?)?;
    }
    Ok(())
}

/// Ready at the first Ctrl-C. The second one ends the program at once.
async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        return std::future::pending().await;
    }
    note("finishing what is in flight; Ctrl-C again ends at once");
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            process::exit(130);
        }
    });
}

fn summary(imported: &Imported, count: &Count, elapsed: Duration) -> String {
    let mut summary = written(count, elapsed);
    add_problems(&mut summary, &imported.problems);
    summary
}

fn written(count: &Count, elapsed: Duration) -> String {
    let (written, present) = (count.written(), count.present());
    let (seconds, rate) = (elapsed.as_secs_f64(), grouped(rate(written + present, elapsed)));
    let (written, present) = (grouped(written), grouped(present));
    format!("{written} records imported, {present} were there before ({seconds:.1} s, {rate} a second)")
}

fn add_problems(summary: &mut String, problems: &Problems) {
    if problems.all() == 0 {
        return;
    }
    let first = problems.first();
    for problem in first {
        let _ = write!(summary, "\n{problem}");
    }
    let unlisted = problems.all() - first.len() as u64;
    if unlisted > 0 {
        let _ = write!(summary, "\nand {} more", grouped(unlisted));
    }
    let (all, aside) = (grouped(problems.all()), grouped(problems.applications() as u64));
    let later = grouped(problems.later());
    let _ =
        write!(summary, "\nbad lines: {all}; applications set aside: {aside}; their later records: {later}");
}
