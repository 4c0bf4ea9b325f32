//! Stored hashes of passwords, in the formats that Elasticsearch writes.
//!
//! What Elasticsearch also reads but nobody should keep (`{SHA}`, `{MD5}`, and anything else as clear text) is refused.

use std::fmt::Write as _;

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bcrypt::HashParts;
use sha2::{Digest as _, Sha256, Sha512};
use subtle::ConstantTimeEq as _;

/// The costs that Elasticsearch knows. A higher one would let a single login occupy a core for minutes.
const BCRYPT_COSTS: std::ops::RangeInclusive<u32> = 4..=14;
/// The most iterations that Elasticsearch knows.
const MOST_ITERATIONS: u32 = 1_000_000;
const KEY: usize = 32;

/// A hash that a password can be compared with. Its `Debug` shows the kind and nothing more.
#[derive(Clone)]
pub(super) enum PasswordHash {
    /// Bytes after the 72nd are ignored, as Elasticsearch ignores them.
    Bcrypt { text: String, cost: u32 },
    /// HMAC-SHA512; `stretch` hashes the password first, so that HMAC keys have one length.
    Pbkdf2 { stretch: bool, iterations: u32, salt: Vec<u8>, hash: [u8; KEY] },
    /// SHA-256 of the password followed by the salt.
    SaltedSha256 { salt: Vec<u8>, hash: [u8; KEY] },
}

/// Why a hash cannot be used. It never shows the hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidHash {
    #[error("the password hash is of no known kind: bcrypt, PBKDF2, PBKDF2_STRETCH and SSHA256 are")]
    Unknown,
    #[error("the bcrypt hash is broken, or its cost is not within 4 and 14")]
    Bcrypt,
    #[error("the PBKDF2 hash is broken, or has no or more than 1000000 iterations")]
    Pbkdf2,
    #[error("the SSHA256 hash is broken")]
    SaltedSha256,
}

// === impl PasswordHash ===

impl PasswordHash {
    pub fn parse(text: &str) -> Result<Self, InvalidHash> {
        if ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| text.starts_with(prefix)) {
            let cost = text.parse::<HashParts>().map_err(|_| InvalidHash::Bcrypt)?.get_cost();
            if !BCRYPT_COSTS.contains(&cost) {
                return Err(InvalidHash::Bcrypt);
            }
            return Ok(Self::Bcrypt { text: text.to_owned(), cost });
        }
        if let Some(rest) = text.strip_prefix("{PBKDF2}") {
            return Self::pbkdf2(rest, false).ok_or(InvalidHash::Pbkdf2);
        }
        if let Some(rest) = text.strip_prefix("{PBKDF2_STRETCH}") {
            return Self::pbkdf2(rest, true).ok_or(InvalidHash::Pbkdf2);
        }
        if let Some(rest) = text.strip_prefix("{SSHA256}") {
            return Self::salted_sha256(rest).ok_or(InvalidHash::SaltedSha256);
        }
        Err(InvalidHash::Unknown)
    }

    fn pbkdf2(rest: &str, stretch: bool) -> Option<Self> {
        let mut parts = rest.split('$');
        let iterations = parts.next()?.parse().ok().filter(|count| (1..=MOST_ITERATIONS).contains(count))?;
        let salt = BASE64_STANDARD.decode(parts.next()?).ok().filter(|salt| !salt.is_empty())?;
        let hash = BASE64_STANDARD.decode(parts.next()?).ok()?.try_into().ok()?;
        parts.next().is_none().then_some(Self::Pbkdf2 { stretch, iterations, salt, hash })
    }

    fn salted_sha256(rest: &str) -> Option<Self> {
        /// Eight bytes in base64.
        const SALT: usize = 12;
        let (salt, hash) = rest.split_at_checked(SALT)?;
        let hash = BASE64_STANDARD.decode(hash).ok()?.try_into().ok()?;
        Some(Self::SaltedSha256 { salt: BASE64_STANDARD.decode(salt).ok()?, hash })
    }

    /// Compares; slow on purpose, so not for a thread that serves others.
    pub fn verify(&self, password: &[u8]) -> bool {
        match self {
            Self::Bcrypt { text, .. } => bcrypt::verify(password, text).unwrap_or(false),
            Self::Pbkdf2 { stretch, iterations, salt, hash } => {
                let mut found = [0; KEY];
                if *stretch {
                    let mut hex = String::with_capacity(128);
                    for byte in Sha512::digest(password) {
                        let _ = write!(hex, "{byte:02x}");
                    }
                    pbkdf2::pbkdf2_hmac::<Sha512>(hex.as_bytes(), salt, *iterations, &mut found);
                } else {
                    pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, *iterations, &mut found);
                }
                found.ct_eq(hash).into()
            }
            Self::SaltedSha256 { salt, hash } => {
                let found = Sha256::new().chain_update(password).chain_update(salt).finalize();
                found.as_slice().ct_eq(hash).into()
            }
        }
    }

    /// How long a comparison takes, in units that only order the kinds: an iteration is some two hashes of SHA-512, a round
    /// of bcrypt is about a hundred.
    pub fn work(&self) -> u64 {
        match self {
            Self::Bcrypt { cost, .. } => 100 << cost,
            Self::Pbkdf2 { iterations, .. } => 2 * u64::from(*iterations),
            Self::SaltedSha256 { .. } => 1,
        }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bcrypt { .. } => "Bcrypt",
            Self::Pbkdf2 { .. } => "Pbkdf2",
            Self::SaltedSha256 { .. } => "SaltedSha256",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidHash, PasswordHash};

    /// Written by Elasticsearch 8.19.21.
    const GENUINE: [&str; 4] = [
        "$2a$10$ySWUOE/JOizUf/BApsO9o.YHLIwCa0I6uOPhxl9w2JSfCqnzwG5uy",
        "{PBKDF2}10000$MtzatI0GN61CAlKNFG7Mw6PKFn+biJl0HDwkkLkrYE8=$hedWuwzPPbn0MeZa2nv7hNw2WpeVeqrreyO7UgFXJ/U=",
        "{PBKDF2_STRETCH}10000$s9y1PEryidjjJnqgEkQAnwHVnGO1cjsLWJKscI4xI8g=$bgGvgwvWMp3WFiIEbTa42J/Wr4YbiMO0qb5L95g5PzA=",
        "{SSHA256}B4VlXdIwhbU=AS4a302vFQKVtfYPoIjOypddIV+VUOtVCgsmA/eHi+U=",
    ];

    #[test]
    fn hashes_of_elasticsearch() {
        for text in GENUINE {
            let hash = PasswordHash::parse(text).unwrap();
            assert!(hash.verify("demo-password-äß€😀".as_bytes()), "{text}");
            assert!(!hash.verify("demo-password-äß€".as_bytes()), "{text}");
            assert!(!hash.verify(b""), "{text}");
            assert!(!format!("{hash:?}").contains('='));
        }
    }

    #[test]
    fn bcrypt_reads_72_bytes_as_elasticsearch_does() {
        let hash = PasswordHash::parse("$2a$04$qBxwGspDPipJV02GD6auBesInnxIjJuFxVL4/m9sFp2B4PHi7uLUW").unwrap();
        assert!(hash.verify(&[b'x'; 72]) && hash.verify(&[b'x'; 73]));
        assert!(!hash.verify(&[b'x'; 71]));
    }

    #[test]
    fn refused() {
        for (text, why) in [
            ("", InvalidHash::Unknown),
            ("clear-text", InvalidHash::Unknown),
            ("{SHA}FN2JJ5fo5CCRqaTYFH3Hfd9QSAc=", InvalidHash::Unknown),
            ("{MD5}U+8AZVcE3DRjzxFK8u6f1Q==", InvalidHash::Unknown),
            ("$2x$04$qBxwGspDPipJV02GD6auBesInnxIjJuFxVL4/m9sFp2B4PHi7uLUW", InvalidHash::Unknown),
            ("$2a$15$qBxwGspDPipJV02GD6auBesInnxIjJuFxVL4/m9sFp2B4PHi7uLUW", InvalidHash::Bcrypt),
            ("$2a$04$short", InvalidHash::Bcrypt),
            ("{PBKDF2}0$aaaa$aaaa", InvalidHash::Pbkdf2),
            ("{PBKDF2}10000$MtzatI0GN61CAlKNFG7Mw6PKFn+biJl0HDwkkLkrYE8=", InvalidHash::Pbkdf2),
            ("{PBKDF2_STRETCH}99999999$aaaa$aaaa", InvalidHash::Pbkdf2),
            ("{SSHA256}ä", InvalidHash::SaltedSha256),
        ] {
            assert_eq!(PasswordHash::parse(text).unwrap_err(), why, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn parsing_never_panics(prefix in "(\\$2a\\$|\\{PBKDF2\\}|\\{PBKDF2_STRETCH\\}|\\{SSHA256\\})?", rest in ".{0,80}") {
            let _ = PasswordHash::parse(&(prefix + &rest));
        }
    }
}
