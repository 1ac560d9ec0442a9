//! The file: records one after the other, each with its length and its checksums.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use es_core::StoreError;

use crate::index::Index;
use crate::record::Record;

/// Length and checksum of what follows, a checksum of these two: each eight hexadecimal digits and a space.
const HEADER: usize = 27;

/// Why a file was not opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// One process at a time writes to a file.
    #[error("{} is open in another store; close that one, or send the commands to it", path.display())]
    InUse { path: PathBuf },
    #[error("{} cannot be opened: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// The file contains something that no append writes.
    #[error(transparent)]
    Damaged(#[from] StoreError),
}

/// The writer of the file. There is one, behind the lock of the store.
pub(crate) struct Log {
    file: Arc<File>,
    /// Where the next record begins.
    end: u64,
    /// Whether a write failed: what the file contains after `end` is not known.
    broken: bool,
}

impl Log {
    /// Opens the file for this process only, and builds the index of its records. A torn record at the end is
    /// cut off.
    pub(crate) fn open(path: &Path, index: &mut Index) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Io { path: path.to_owned(), source };
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
        let file = options.open(path).map_err(failed)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => OpenError::InUse { path: path.to_owned() },
            TryLockError::Error(source) => failed(source),
        })?;
        let length = file.metadata().map_err(failed)?.len();
        let mut end = 0;
        loop {
            match read(&file, end, length) {
                Ok(Some((record, next))) => {
                    index.apply(end, &record)?;
                    end = next;
                }
                Ok(None) => break,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    let (position, source) = (index.next_position(), error.into());
                    return Err(StoreError::DamagedEvent { position, source }.into());
                }
                Err(error) => return Err(failed(error)),
            }
        }
        // The write of a torn record never completed, so it was never acknowledged.
        file.set_len(end).map_err(failed)?;
        // The last record may have been written without being synced, and is read from now on.
        file.sync_all().map_err(failed)?;
        // A new file is found again only once its folder is synced.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = File::open(folder.unwrap_or(Path::new("."))).map_err(failed)?;
        folder.sync_all().map_err(failed)?;
        Ok(Self { file: Arc::new(file), end, broken: false })
    }

    /// Appends a record. When this returns its place, the record is on disk.
    pub(crate) fn write(&mut self, record: &Record) -> Result<u64, Unwritten> {
        if self.broken {
            return Err(Unwritten::Nothing("an earlier write failed; open the file again".into()));
        }
        let bytes = frame(record).map_err(|error| Unwritten::Nothing(error.into()))?;
        // A failed sync is not repeated: the system may have dropped what it could not write.
        self.broken = true;
        self.file.write_all_at(&bytes, self.end).map_err(Unwritten::Unknown)?;
        self.file.sync_data().map_err(Unwritten::Unknown)?;
        self.broken = false;
        let at = self.end;
        self.end += bytes.len() as u64;
        Ok(at)
    }

    /// For readers, which need no lock: records do not change once written.
    pub(crate) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Redirects writes to another file, for tests.
    pub(crate) fn turn_to(&mut self, file: File) {
        self.file = Arc::new(file);
    }
}

/// Why a record was not acknowledged.
pub(crate) enum Unwritten {
    /// It is not in the file.
    Nothing(es_core::record::BoxError),
    /// All, none or part of it may be in the file.
    Unknown(io::Error),
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum()
}

fn header(length: u32, sum: u32) -> String {
    let both = format!("{length:08x} {sum:08x} ");
    format!("{both}{:08x} ", checksum(both.as_bytes()))
}

fn begins_a_header(bytes: &[u8]) -> bool {
    let fits = |(at, byte): (usize, &u8)| match at % 9 {
        8 => *byte == b' ',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    bytes.iter().enumerate().all(fits)
}

/// A record as written to the file.
fn frame(record: &Record) -> io::Result<Vec<u8>> {
    let body = serde_json::to_string(record)? + "\n";
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    Ok((header(length, checksum(body.as_bytes())) + &body).into_bytes())
}

/// The record at a place, and the place of the next one; `None` if the file ends within the record. A
/// complete record that is not what was written is [`io::ErrorKind::InvalidData`].
pub(crate) fn read(file: &File, at: u64, length: u64) -> io::Result<Option<(Record, u64)>> {
    let wrong =
        |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("the record at byte {at} {what}"));
    let rest = length.saturating_sub(at);
    let mut head = [0; HEADER];
    let there = usize::try_from(rest).unwrap_or(HEADER).min(HEADER);
    file.read_exact_at(&mut head[..there], at)?;
    // This cannot be the beginning of a record, so it was not written here: the file is of another program.
    if !begins_a_header(&head[..there]) {
        return Err(wrong("has no header"));
    }
    if there < HEADER {
        return Ok(None);
    }
    let digits = |from: usize| {
        let text = std::str::from_utf8(&head[from..from + 8]).ok()?;
        u32::from_str_radix(text, 16).ok()
    };
    let (Some(count), Some(sum)) = (digits(0), digits(9)) else { return Err(wrong("has no header")) };
    // Compared as text: `A` and `a` are the same digit, but different bytes.
    if header(count, sum).as_bytes() != head {
        return Err(wrong("has a header that was changed"));
    }
    let next = at + HEADER as u64 + u64::from(count);
    // The length is verified, so the file ends within the last record.
    if next > length {
        return Ok(None);
    }
    let mut body = vec![0; count as usize];
    file.read_exact_at(&mut body, at + HEADER as u64)?;
    if checksum(&body) != sum {
        return Err(wrong("was changed"));
    }
    let record = serde_json::from_slice(&body).map_err(|_| wrong("is none of this program's"))?;
    Ok(Some((record, next)))
}
