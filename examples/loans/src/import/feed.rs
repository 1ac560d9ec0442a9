//! Reads the records in the order of the log, and checks their order within each application.

use std::collections::HashMap;
use std::io;

use es_core::time::OffsetDateTime;

use super::lanes::Entrance;
use super::lines::Lines;
use super::shared::Shared;
use super::{Problem, Record, What};
use crate::domain::ApplicationId;

/// Reads until the end, or until the run is told to halt. Runs on a thread of its own, as reading blocks.
pub(super) fn feed(lines: &mut Lines, entrance: &Entrance, shared: &Shared) -> io::Result<()> {
    let mut cases = Cases::default();
    while let Some(line) = lines.next()? {
        let parsed = match line {
            Ok(line) => Record::parse(line).map_err(|what| (Record::case_of(line), what)),
            Err(what) => Err((None, what)),
        };
        let number = lines.number();
        if shared.is_over(number) {
            break;
        }
        let checked = parsed.and_then(|record| {
            if shared.is_set_aside(number, &record.case) {
                return Ok(None);
            }
            match cases.next(&record) {
                Ok(()) => Ok(Some(record)),
                Err(what) => Err((Some(record.case), what)),
            }
        });
        match checked {
            Ok(Some(record)) => {
                if !entrance.enter(number, record) {
                    break;
                }
            }
            Ok(None) => {}
            Err((case, what)) => shared.bad(Problem { line: number, case, what }),
        }
    }
    Ok(())
}

/// Where each application stands in the log.
#[derive(Default)]
struct Cases {
    known: HashMap<ApplicationId, (u64, OffsetDateTime)>,
}

impl Cases {
    /// Takes the next record of its application, if that is what it is.
    fn next(&mut self, record: &Record) -> Result<(), What> {
        let seq = record.seq;
        let Some((expected, before)) = self.known.get_mut(&record.case) else {
            if seq > 0 {
                return Err(What::Gap { seq, expected: 0 });
            }
            self.known.insert(record.case.clone(), (1, record.time));
            return Ok(());
        };
        if seq < *expected {
            return Err(What::Duplicate { seq, expected: *expected });
        }
        if seq > *expected {
            return Err(What::Gap { seq, expected: *expected });
        }
        if record.time < *before {
            return Err(What::Backwards { found: record.time, before: *before });
        }
        (*expected, *before) = (seq + 1, record.time);
        Ok(())
    }
}
