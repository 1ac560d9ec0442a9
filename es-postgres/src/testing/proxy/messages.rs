//! The part of PostgreSQL's protocol that a proxy has to understand.

const SSL_REQUEST: [u8; 4] = 80_877_103_u32.to_be_bytes();

/// Replaces `server_version` in messages, if they contain it: S, the length of the rest, a name and a value,
/// each terminated by NUL.
pub(super) fn with_version(messages: &[u8], version: &str) -> Option<Vec<u8>> {
    const NAME: &[u8] = b"server_version\0";
    let name = messages.windows(NAME.len()).position(|bytes| bytes == NAME)?;
    let value = name + NAME.len();
    let end = value + messages[value..].iter().position(|byte| *byte == 0)?;
    let length = u32::try_from(4 + NAME.len() + version.len() + 1).ok()?;
    let mut told = messages[..name.checked_sub(4)?].to_vec();
    told.extend_from_slice(&length.to_be_bytes());
    told.extend_from_slice(NAME);
    told.extend_from_slice(version.as_bytes());
    told.extend_from_slice(&messages[end..]);
    Some(told)
}

/// Parses the stream of a client's messages, to count those that ask for an answer: Sync and Query.
#[derive(Default)]
pub(super) struct Requests {
    buffer: Vec<u8>,
    started: bool,
}

impl Requests {
    /// How many requests end in these bytes.
    pub(super) fn ended_by(&mut self, bytes: &[u8]) -> u64 {
        self.buffer.extend_from_slice(bytes);
        let mut count = 0;
        loop {
            // The first message has no type before its length.
            let header = usize::from(self.started);
            let Some(Ok(length)) = self.buffer.get(header..header + 4).map(<[u8; 4]>::try_from) else {
                return count;
            };
            // Encrypted bytes are not messages.
            let length = (u32::from_be_bytes(length) as usize).saturating_add(header).max(header + 4);
            if self.buffer.len() < length {
                return count;
            }
            let message: Vec<u8> = self.buffer.drain(..length).collect();
            if self.started {
                count += u64::from(matches!(message[0], b'S' | b'Q'));
            } else {
                self.started = message.get(4..8) != Some(&SSL_REQUEST);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_however_they_are_cut_into_pieces() {
        let mut sent = vec![0, 0, 0, 8];
        sent.extend_from_slice(&SSL_REQUEST);
        sent.extend_from_slice(&[0, 0, 0, 9, 0, 3, 0, 0, 0]);
        sent.extend_from_slice(b"Q\0\0\0\x06a\0");
        sent.extend_from_slice(b"P\0\0\0\x05\0");
        sent.extend_from_slice(b"S\0\0\0\x04");
        for size in 1..sent.len() {
            let mut requests = Requests::default();
            let count: u64 = sent.chunks(size).map(|piece| requests.ended_by(piece)).sum();
            assert_eq!(count, 2, "pieces of {size}");
        }
    }

    #[test]
    fn the_version_of_a_server_is_replaced() {
        let told = with_version(b"S\0\0\0\x18server_version\x0015.4\0Z", "9").expect("it contains one");
        assert_eq!(told, b"S\0\0\0\x15server_version\x009\0Z");
        assert_eq!(with_version(b"Z\0\0\0\x05I", "9"), None);
    }
}
