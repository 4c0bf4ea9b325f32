//! Which headers go on, and which belong to one connection or to those who may say who asks.

use http::{HeaderMap, HeaderName, header};

/// Headers that belong to one connection.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers by which a cluster may be told who asks, with what they start with, `-` for `_`: only a client's `Authorization`
/// says that here.
const IDENTITY: [&str; 6] = [
    "es-client-authentication",
    "opendistro-security-",
    "-opendistro-security-",
    "x-proxy-",
    "x-forwarded-",
    "forwarded",
];

/// Leaves of a request's headers what the cluster shall see.
pub fn strip_request(headers: &mut HeaderMap) {
    remove_named(headers);
    remove(headers, |name| is_hop_by_hop(name) || says_who(name) || *name == header::HOST || *name == header::EXPECT);
}

/// Removes what belongs to the connection, and what the other side says belongs to it.
pub fn strip_hop_by_hop(headers: &mut HeaderMap) {
    remove_named(headers);
    remove(headers, is_hop_by_hop);
}

/// Removes what the other side says belongs to the connection.
fn remove_named(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
}

/// Looks at the few names that are there, once; mostly there is nothing to remove.
fn remove(headers: &mut HeaderMap, is_unwanted: impl Fn(&HeaderName) -> bool) {
    let unwanted: Vec<HeaderName> = headers.keys().filter(|name| is_unwanted(name)).cloned().collect();
    for name in unwanted {
        headers.remove(name);
    }
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    HOP_BY_HOP.contains(&name.as_str())
}

fn says_who(name: &HeaderName) -> bool {
    let spelled = |byte: &u8| if *byte == b'_' { b'-' } else { *byte };
    let begins = |with: &str| {
        let name = name.as_str().as_bytes();
        name.len() >= with.len() && name.iter().map(spelled).zip(with.bytes()).all(|(one, other)| one == other)
    };
    IDENTITY.iter().any(|identity| begins(identity))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName};

    use super::{says_who, strip_hop_by_hop};

    #[test]
    fn headers_of_the_connection_and_of_others_identity() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Foo"),
            ("x-foo", "1"),
            ("te", "x"),
            ("upgrade", "y"),
            ("warning", "a"),
            ("warning", "b"),
        ] {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        strip_hop_by_hop(&mut headers);
        assert_eq!(headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["warning", "warning"]);
        for name in ["x-proxy-user", "X_Proxy_Roles", "opendistro_security_impersonate_as", "_opendistro_security_user"]
        {
            assert!(says_who(&name.parse().unwrap()), "{name}");
        }
        assert!(!says_who(&HeaderName::from_static("authorization")));
    }
}
