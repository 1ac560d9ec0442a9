//! JSON to be stored.

use std::io::{self, ErrorKind, Write};

/// JSON that is being written, such as that of one event, up to a limit. Exceeding it is an error at once, so
/// a value that is far too large is not encoded to its end.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Payload {
    bytes: Vec<u8>,
    /// How much more may be written.
    room: usize,
    refused: Option<usize>,
}

impl Payload {
    /// An empty payload without a limit.
    #[must_use]
    pub fn new() -> Self {
        Self::within(usize::MAX)
    }

    /// An empty payload with a limit in bytes.
    #[must_use]
    pub fn within(limit: usize) -> Self {
        Self { bytes: Vec::with_capacity(128), room: limit, refused: None }
    }

    /// What has been written.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// What has been written.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        self.bytes
    }

    /// The size in bytes, at least, if the limit was exceeded.
    #[must_use]
    pub const fn refused(&self) -> Option<usize> {
        self.refused
    }

    #[cold]
    fn refuse(&mut self, more: usize) -> io::Error {
        self.refused = Some(self.bytes.len().saturating_add(more));
        self.room = 0;
        ErrorKind::FileTooLarge.into()
    }
}

impl Write for Payload {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(room) = self.room.checked_sub(bytes.len()) else { return Err(self.refuse(bytes.len())) };
        self.room = room;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Shows no JSON.
impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Payload({} bytes)", self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_met_exactly_and_nothing_is_taken_beyond_it() {
        let mut payload = Payload::within(4);
        assert!(payload.write_all(b"1234").is_ok());
        assert_eq!(payload.refused(), None);
        assert!(payload.write_all(b"5").is_err());
        assert!(payload.write_all(b"").is_ok());
        assert_eq!((payload.as_slice(), payload.refused()), (&b"1234"[..], Some(5)));
        assert!(!format!("{payload:?}").contains("1234"));
    }
}
