//! The log of what a program observed, one line for each entry: it outlives the program, which may be killed
//! at any moment.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use es_core::time::OffsetDateTime;
use es_core::uuid::Uuid;
use serde::{Deserialize, Serialize};

/// One entry.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Entry {
    /// Events that the store acknowledged.
    Appended(Appended),
    /// A call that was answered: nothing was written. Its events would have this correlation id.
    NotWritten { correlation: Uuid },
    /// A loaded state.
    Read(Read),
    /// What a subscription received: positions and ids, and its checkpoint.
    Page { events: Vec<(u64, Uuid)>, checkpoint: (u64, Uuid) },
    /// The store reported a checkpoint of another history; the subscription began again.
    BeganAgain,
    /// An answer that no fault explains.
    Violation(String),
}

/// A state of one stream.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Read {
    pub(crate) began: u64,
    pub(crate) ended: u64,
    pub(crate) stream: String,
    pub(crate) revision: u64,
    pub(crate) cents: i64,
    /// Whether it was a read of the newest state.
    pub(crate) newest: bool,
}

/// Events of one stream.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Appended {
    pub(crate) began: u64,
    pub(crate) ended: u64,
    pub(crate) stream: String,
    pub(crate) first: u64,
    /// Position, id and cents of each.
    pub(crate) events: Vec<(u64, Uuid, i64)>,
    pub(crate) command: Option<Uuid>,
    /// The time of the server's clock.
    pub(crate) recorded_at: u64,
    /// The call.
    pub(crate) call: String,
}

/// Nanoseconds since 1970, by the clock that all processes of this machine share.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// The same of a time.
pub(crate) fn nanoseconds(time: OffsetDateTime) -> u64 {
    u64::try_from(time.unix_timestamp_nanos()).unwrap_or_default()
}

/// The log of one program.
pub(crate) struct Log(Mutex<File>);

impl Log {
    /// Opens the log; an entry that was cut off by a kill is removed.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::options().read(true).append(true).create(true).open(path)?;
        let text = std::fs::read(path)?;
        let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        file.set_len(whole as u64)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self(Mutex::new(file)))
    }

    pub(crate) fn write(&self, entry: &Entry) {
        let mut line = serde_json::to_vec(entry).expect("an entry");
        line.push(b'\n');
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&line).expect("the log");
    }
}

/// The entries of a log.
pub(crate) fn read(path: &Path) -> io::Result<Vec<Entry>> {
    let lines = BufReader::new(File::open(path)?).lines();
    lines.map(|line| serde_json::from_str(&line?).map_err(io::Error::other)).collect()
}
