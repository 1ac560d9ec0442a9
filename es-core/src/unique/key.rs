//! The key of a value: a hash, so that any text is a value, and none is stored.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// How many bytes SHA-256 takes at once.
const BLOCK: usize = 64;

/// HMAC-SHA-256 with a secret.
#[derive(Clone)]
pub(super) struct Secret(Hmac<Sha256>);

impl Secret {
    pub(super) fn new(secret: &[u8]) -> Self {
        // The key of an HMAC is as long as a block: padded with zeros, or the hash of a longer secret.
        let digest = Sha256::digest(secret);
        let secret = if secret.len() > BLOCK { &digest[..] } else { secret };
        let mut block = [0; BLOCK];
        block[..secret.len()].copy_from_slice(secret);
        Self(Hmac::new(&block.into()))
    }

    fn hash(&self, value: &str) -> impl IntoIterator<Item = u8> + use<> {
        self.0.clone().chain_update(value).finalize().into_bytes()
    }
}

/// No kind runs into the values of another one, as all hashes are of one length.
pub(super) fn of(kind: &str, value: &str, secret: Option<&Secret>) -> String {
    match secret {
        Some(secret) => join(kind, secret.hash(value)),
        None => join(kind, Sha256::digest(value)),
    }
}

fn join(kind: &str, hash: impl IntoIterator<Item = u8>) -> String {
    let mut key = format!("{kind}/");
    for byte in hash {
        let _ = write!(key, "{byte:02x}");
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By `printf ann@example.org | sha256sum`.
    #[test]
    fn a_key_is_what_other_tools_compute_as_well() {
        let hash = "438c4c7afe600cdf1e455c369bec76dc970fc8ca463447c7b387a347f3c79331";
        assert_eq!(of("email", "ann@example.org", None), format!("email/{hash}"));
    }

    /// The test cases 2 and 6 of RFC 4231.
    #[test]
    fn with_a_secret_it_is_an_hmac() {
        let hmac = |secret: &[u8], value: &str| of("", value, Some(&Secret::new(secret)));
        assert_eq!(
            hmac(b"Jefe", "what do ya want for nothing?"),
            "/5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            hmac(&[0xaa; 131], "Test Using Larger Than Block-Size Key - Hash Key First"),
            "/60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }
}
