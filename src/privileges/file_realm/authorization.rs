//! The `Authorization` header: which scheme, and what it carries.

use base64::{
    DecodeError, Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::Unauthenticated;
use crate::secret::Secret;

/// As lenient as Java's decoder: padding may be missing, and the last bits may be anything.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What a client says to be.
#[derive(Debug)]
pub(super) enum Credentials {
    Basic { user: String, password: Secret },
    ApiKey { id: String, key: Secret },
    Bearer(Secret),
}

// === impl Credentials ===

impl Credentials {
    /// Reads the header. Schemes are known in any case; an unknown one is no credential at all, as in Elasticsearch.
    pub fn read(authorization: Option<&str>) -> Result<Self, Unauthenticated> {
        let header = authorization.unwrap_or_default().trim();
        let (scheme, value) = header.split_once(' ').ok_or(Unauthenticated::NoCredentials)?;
        let value = value.trim();
        match scheme.to_ascii_lowercase().as_str() {
            "basic" => Self::basic(value),
            "apikey" => Self::api_key(value),
            "bearer" => Ok(Self::Bearer(secret(value))),
            _ => Err(Unauthenticated::NoCredentials),
        }
    }

    fn basic(value: &str) -> Result<Self, Unauthenticated> {
        let bytes =
            BASE64.decode(value).map_err(|error| Unauthenticated::BasicEncoding { cause: java_message(&error) })?;
        let colon = bytes.iter().position(|byte| *byte == b':').ok_or(Unauthenticated::BasicValue)?;
        let user = String::from_utf8_lossy(&bytes[..colon]).into_owned();
        match std::str::from_utf8(&bytes[colon + 1..]) {
            Ok(password) => Ok(Self::Basic { user, password: secret(password) }),
            // Replaced characters would make many passwords one.
            Err(_) => Err(Unauthenticated::User { user }),
        }
    }

    fn api_key(value: &str) -> Result<Self, Unauthenticated> {
        let rejected = |reason: String| Unauthenticated::ApiKey { reason };
        let bytes = BASE64.decode(value).map_err(|error| rejected(java_message(&error)))?;
        let text = String::from_utf8(bytes).map_err(|_| rejected("invalid ApiKey value".into()))?;
        match text.split_once(':') {
            Some((id, key)) if !id.is_empty() => Ok(Self::ApiKey { id: id.to_owned(), key: secret(key) }),
            _ => Err(rejected("invalid ApiKey value".into())),
        }
    }
}

pub(super) fn secret(text: &str) -> Secret {
    let Ok(secret) = text.parse();
    secret
}

/// What Java's decoder says.
fn java_message(error: &DecodeError) -> String {
    match *error {
        // A byte is a signed number there.
        DecodeError::InvalidByte(_, byte) if byte != b'=' => {
            let (sign, byte) = if byte < 0x80 { ("", byte) } else { ("-", byte.wrapping_neg()) };
            format!("Illegal base64 character {sign}{byte:x}")
        }
        DecodeError::InvalidByte(at, _) => format!("Input byte array has incorrect ending byte at {at}"),
        DecodeError::InvalidLength(_) => "Last unit does not have enough valid bits".into(),
        _ => "Input byte array has wrong 4-byte ending unit".into(),
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    use proptest::prelude::*;

    use super::{super::Unauthenticated, Credentials};

    fn read(scheme: &str, value: &str) -> Result<Credentials, Unauthenticated> {
        Credentials::read(Some(&format!("{scheme}{}", BASE64_STANDARD.encode(value))))
    }

    #[test]
    fn schemes() {
        for scheme in ["Basic ", "basic ", "BASIC ", "Basic   "] {
            match read(scheme, "me:a:b").unwrap() {
                Credentials::Basic { user, password } => assert!(user == "me" && password.expose() == "a:b"),
                other => panic!("{other:?}"),
            }
        }
        assert!(matches!(read("apikey ", "id:key"), Ok(Credentials::ApiKey { .. })));
        assert!(matches!(Credentials::read(Some("bearer x")), Ok(Credentials::Bearer(_))));
        assert!(matches!(Credentials::read(Some("Basic bWU6YQ")), Ok(Credentials::Basic { .. })));
    }

    /// Asked of Elasticsearch 8.19.21.
    #[test]
    fn refusals() {
        use Unauthenticated::{ApiKey, BasicEncoding, BasicValue, NoCredentials};
        for header in ["", "Basic", "Basic ", "ApiKey ", "Bearer", "foo", "Digest abc", "Negotiate abc", "Basicabc"] {
            assert_eq!(Credentials::read(Some(header)).unwrap_err(), NoCredentials, "{header}");
        }
        assert_eq!(Credentials::read(None).unwrap_err(), NoCredentials);
        let illegal = "Illegal base64 character 21".to_owned();
        assert_eq!(Credentials::read(Some("Basic !!!")).unwrap_err(), BasicEncoding { cause: illegal.clone() });
        assert_eq!(Credentials::read(Some("ApiKey !!!")).unwrap_err(), ApiKey { reason: illegal });
        assert_eq!(read("Basic ", "nocolon").unwrap_err(), BasicValue);
        for value in ["abc", ":abc"] {
            assert_eq!(read("ApiKey ", value).unwrap_err(), ApiKey { reason: "invalid ApiKey value".into() });
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        for credentials in [read("Basic ", "me:hunter2"), read("ApiKey ", "id:hunter2")] {
            assert!(!format!("{credentials:?}").contains("hunter2"));
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(header in "(?i)(basic |apikey |bearer )?.{0,60}", bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = Credentials::read(Some(&header));
            let _ = Credentials::read(Some(&format!("Basic {}", BASE64_STANDARD.encode(&bytes))));
            let _ = Credentials::read(Some(&format!("ApiKey {}", BASE64_STANDARD.encode(&bytes))));
        }
    }
}
