//! The cluster's nodes, and which of them to ask first.

use std::{
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
};

use http::{
    Uri,
    uri::{Authority, PathAndQuery, Scheme},
};

/// Where a node listens: a scheme, a host, a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    scheme: Scheme,
    authority: Authority,
}

/// A node, and whether the last attempt to reach it failed.
#[derive(Debug)]
pub struct Node {
    pub address: Address,
    /// The address as a text, made once.
    pub name: Arc<str>,
    suspect: AtomicBool,
}

/// All nodes. Those that answer are asked in turn; suspects come last, so that they are asked only where nobody else is left.
#[derive(Debug)]
pub struct Nodes {
    all: Vec<Arc<Node>>,
    next: AtomicUsize,
}

// === impl Address ===

impl Address {
    /// The URI of a target on this node. The target is taken as it is.
    ///
    /// # Errors
    /// Where both together are no URI.
    pub fn uri(&self, target: PathAndQuery) -> Result<Uri, http::Error> {
        Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone()).path_and_query(target).build()
    }

    /// Whether it is spoken to through TLS.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }
}

impl FromStr for Address {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let parts = text.parse::<Uri>().map(Uri::into_parts).ok();
        match parts.map(|parts| (parts.scheme, parts.authority, parts.path_and_query)) {
            Some((Some(scheme), Some(authority), path))
                if [Scheme::HTTP, Scheme::HTTPS].contains(&scheme)
                    && path.as_ref().is_none_or(|path| path == "/")
                    && !text.contains(['@', '#'])
                    && !authority.host().is_empty() =>
            {
                Ok(Self { scheme, authority })
            }
            // Not shown: there may be a password in it.
            _ => anyhow::bail!("must be http://host:port or https://host:port, without a path or a user"),
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

// === impl Node ===

impl Node {
    /// Whether it could not be reached, and has not been since.
    pub fn is_suspect(&self) -> bool {
        self.suspect.load(Relaxed)
    }

    /// Remembers that it could not be reached; says whether that is news.
    pub fn suspect(&self) -> bool {
        !self.suspect.swap(true, Relaxed)
    }

    /// Remembers that it answers; says whether that is news.
    pub fn trust(&self) -> bool {
        self.is_suspect() && self.suspect.swap(false, Relaxed)
    }
}

// === impl Nodes ===

impl Nodes {
    /// Nodes that are all trusted.
    #[must_use]
    pub fn new(addresses: Vec<Address>) -> Self {
        let node = |address: Address| {
            Arc::new(Node { name: address.to_string().into(), address, suspect: AtomicBool::new(false) })
        };
        Self { all: addresses.into_iter().map(node).collect(), next: AtomicUsize::new(0) }
    }

    /// Every node once, in the order in which to try them.
    pub fn in_order(&self) -> Vec<Arc<Node>> {
        let start = self.next.fetch_add(1, Relaxed) % self.all.len().max(1);
        let turn = self.all[start..].iter().chain(&self.all[..start]);
        let (mut order, suspects): (Vec<_>, Vec<_>) = turn.cloned().partition(|node| !node.is_suspect());
        order.extend(suspects);
        order
    }

    /// All of them, in the configuration's order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.all.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Nodes};

    #[test]
    fn addresses() {
        for text in ["http://a", "https://a:9200/", "http://[::1]:9200", "http://10.0.0.1:1"] {
            assert!(text.parse::<Address>().is_ok(), "{text}");
        }
        for text in ["a:9200", "ftp://a", "http://a/b", "http://u:p@a", "http://a?b", "http://", "", "http://a/#x"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn in_turn_and_suspects_last() {
        let nodes = Nodes::new(["http://a", "http://b", "http://c"].map(|text| text.parse().unwrap()).into());
        let order = || nodes.in_order().iter().map(|node| node.address.authority.host().to_owned()).collect::<String>();
        assert_eq!([order(), order(), order(), order()], ["abc", "bca", "cab", "abc"]);
        let b = nodes.iter().nth(1).unwrap();
        assert!(b.suspect() && !b.suspect());
        assert_eq!([order(), order(), order()], ["cab", "cab", "acb"]);
        assert!(b.trust() && !b.trust());
        assert_eq!(order(), "bca");
    }
}
