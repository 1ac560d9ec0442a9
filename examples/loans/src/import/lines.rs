//! Where records come from: a file or the standard input, plain or compressed, line by line in bounded
//! memory.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;

use super::{Count, What};

/// The longest line that is read, in bytes.
const LONGEST: usize = 64 * 1024;

/// What gzip files begin with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Where records come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// The standard input.
    Stdin,
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Self {
        if path.as_os_str() == "-" { Self::Stdin } else { Self::File(path) }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Stdin => f.write_str("standard input"),
        }
    }
}

/// The lines of a source.
pub(super) struct Lines {
    input: Box<dyn BufRead + Send>,
    number: u64,
    line: Vec<u8>,
}

impl Lines {
    /// Opens a source. The bytes that are read of it, compressed or not, are counted.
    pub(super) fn open(source: &Source, count: &Arc<Count>) -> io::Result<Self> {
        let file: Box<dyn Read + Send> = match source {
            Source::File(path) => {
                let file = File::open(path)?;
                count
                    .set_size(file.metadata().ok().filter(std::fs::Metadata::is_file).map(|data| data.len()));
                Box::new(file)
            }
            Source::Stdin => Box::new(io::stdin()),
        };
        Self::new(Counted { inner: file, count: Arc::clone(count) })
    }

    fn new(mut input: impl Read + Send + 'static) -> io::Result<Self> {
        // A pipe may yield one byte at a time, so the first two are read on their own.
        let mut head = Vec::with_capacity(GZIP.len());
        input.by_ref().take(GZIP.len() as u64).read_to_end(&mut head)?;
        let compressed = head == GZIP;
        let input = BufReader::with_capacity(64 * 1024, Cursor::new(head).chain(input));
        let input: Box<dyn BufRead + Send> = if compressed {
            Box::new(BufReader::with_capacity(64 * 1024, MultiGzDecoder::new(input)))
        } else {
            Box::new(input)
        };
        Ok(Self { input, number: 0, line: Vec::new() })
    }

    /// The number of the last line.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// The next line, or why it is none; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Result<&[u8], What>>> {
        self.line.clear();
        self.number += 1;
        let limit = LONGEST as u64 + 1;
        let read = self.input.by_ref().take(limit).read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(None);
        }
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        } else if self.line.len() > LONGEST {
            self.input.skip_until(b'\n')?;
            return Ok(Some(Err(What::TooLong { limit: LONGEST })));
        }
        if self.line.trim_ascii().is_empty() {
            return Ok(Some(Err(What::Empty)));
        }
        Ok(Some(Ok(&self.line)))
    }
}

struct Counted<R> {
    inner: R,
    count: Arc<Count>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.inner.read(buffer)?;
        self.count.add_bytes(bytes as u64);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn all(input: impl Read + Send + 'static) -> io::Result<Vec<Result<String, What>>> {
        let mut lines = Lines::new(input)?;
        let mut all = Vec::new();
        while let Some(line) = lines.next()? {
            all.push(line.map(|line| String::from_utf8_lossy(line).into_owned()));
        }
        Ok(all)
    }

    /// Yields one byte at a time, as a slow pipe does.
    struct Slowly(Cursor<Vec<u8>>);

    impl Read for Slowly {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let one = buffer.len().min(1);
            self.0.read(&mut buffer[..one])
        }
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    }

    #[test]
    fn plain_and_compressed_text_give_the_same_lines_however_they_arrive() {
        let text = "one\ntwo\nthree";
        let expected: Vec<_> = ["one", "two", "three"].map(|line| Ok(line.to_owned())).into();
        // Two gzip members, as `cat a.gz b.gz` makes them.
        let members = [gzip("one\ntw"), gzip("o\nthree")].concat();
        for bytes in [text.as_bytes().to_vec(), gzip(text), members] {
            assert_eq!(all(Cursor::new(bytes.clone())).expect("readable"), expected);
            assert_eq!(all(Slowly(Cursor::new(bytes))).expect("readable"), expected);
        }
        assert_eq!(all(Cursor::new(Vec::new())).expect("readable"), []);
    }

    #[test]
    fn empty_and_endless_lines_are_problems_and_the_next_line_is_found() {
        let long = "x".repeat(LONGEST + 1);
        let text = format!("one\n \n{long}\n{}\nlast\n", &long[1..]);
        let expected = [
            Ok("one".to_owned()),
            Err(What::Empty),
            Err(What::TooLong { limit: LONGEST }),
            Ok(long[1..].to_owned()),
            Ok("last".to_owned()),
        ];
        assert_eq!(all(Cursor::new(text.into_bytes())).expect("readable"), expected);
    }

    #[test]
    fn a_compressed_file_that_ends_too_early_is_an_error() {
        let whole = gzip(&"one\n".repeat(1_000));
        let error = all(Cursor::new(whole[..whole.len() / 2].to_vec())).expect_err("it is cut off");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
