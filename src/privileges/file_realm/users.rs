//! The files `users` (`name:hash`) and `users_roles` (`role:user,user`).
//!
//! Elasticsearch skips a line it cannot read. Here such a line is an error: who edits these files wants to know.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
    sync::Arc,
};

use anyhow::{Context as _, bail, ensure};

use super::password::PasswordHash;

/// Elasticsearch 8.15 and newer allow this many characters; older ones 507.
const LONGEST_NAME: usize = 1024;

/// The users of a realm and what they are assigned.
#[derive(Debug, Default)]
pub(super) struct Users {
    hashes: HashMap<String, Arc<PasswordHash>>,
    /// In the order of `users_roles`.
    roles: HashMap<String, Vec<String>>,
}

// === impl Users ===

impl Users {
    /// Reads both files of a folder; one that is missing is empty.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let users = folder.join("users");
        let roles = folder.join("users_roles");
        Ok(Self {
            hashes: parse_users(&super::read(&users)?).with_context(|| users.display().to_string())?,
            roles: parse_users_roles(&super::read(&roles)?).with_context(|| roles.display().to_string())?,
        })
    }

    pub fn hash(&self, user: &str) -> Option<&Arc<PasswordHash>> {
        self.hashes.get(user)
    }

    /// The names of the roles a user is assigned.
    pub fn roles(&self, user: &str) -> &[String] {
        self.roles.get(user).map(Vec::as_slice).unwrap_or_default()
    }

    /// The hash that takes longest to compare with.
    pub fn slowest(&self) -> Option<&Arc<PasswordHash>> {
        self.hashes.values().max_by_key(|hash| hash.work())
    }

    /// Those who have roles but cannot log in, in order.
    pub fn unknown(&self) -> BTreeSet<&str> {
        self.roles.keys().filter(|user| !self.hashes.contains_key(*user)).map(String::as_str).collect()
    }
}

/// Whether a user or a role may be called so.
pub(super) fn is_valid_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && name.trim_matches(' ') == name
}

fn parse_users(text: &str) -> anyhow::Result<HashMap<String, Arc<PasswordHash>>> {
    let mut users = HashMap::new();
    for (number, line) in lines(text) {
        // The line is not shown: it holds a hash.
        let Some((name, hash)) = line.split_once(':') else { bail!("line {number}: no colon between user and hash") };
        ensure!(is_valid_name(name), "line {number}: invalid user name {name:?}");
        let hash = PasswordHash::parse(hash.trim_end()).with_context(|| format!("line {number}: user [{name}]"))?;
        ensure!(users.insert(name.to_owned(), Arc::new(hash)).is_none(), "line {number}: user [{name}] is there twice");
    }
    Ok(users)
}

fn parse_users_roles(text: &str) -> anyhow::Result<HashMap<String, Vec<String>>> {
    let mut roles: HashMap<String, Vec<String>> = HashMap::new();
    for (number, line) in lines(text) {
        let Some((role, users)) = line.split_once(':') else { bail!("line {number}: no colon between role and users") };
        let role = role.trim();
        ensure!(is_valid_name(role), "line {number}: invalid role name {role:?}");
        for user in users.split(',').map(str::trim).filter(|user| !user.is_empty()) {
            ensure!(is_valid_name(user), "line {number}: invalid user name {user:?}");
            let assigned = roles.entry(user.to_owned()).or_default();
            if !assigned.iter().any(|name| name == role) {
                assigned.push(role.to_owned());
            }
        }
    }
    Ok(roles)
}

/// The lines that say something, with their numbers.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::{is_valid_name, parse_users, parse_users_roles};

    const HASH: &str = "$2a$04$qBxwGspDPipJV02GD6auBesInnxIjJuFxVL4/m9sFp2B4PHi7uLUW";

    #[test]
    fn users() {
        let users = parse_users(&format!("# who\n\r\n\na:{HASH}\r\nb c:{HASH}\n")).unwrap();
        assert_eq!(users.len(), 2);
        assert!(users.contains_key("b c"));
        for (text, why) in [
            ("\nsecret-thing", "line 2: no colon between user and hash"),
            ("a:hunter2", "line 1: user [a]: the password hash is of no known kind"),
            (&format!("a:{HASH}\na:{HASH}"), "line 2: user [a] is there twice"),
            (&format!(" a:{HASH}"), "line 1: invalid user name \" a\""),
            (&format!("ä:{HASH}"), "line 1: invalid user name"),
        ] {
            let error = format!("{:#}", parse_users(text).unwrap_err());
            assert!(error.starts_with(why), "{error}");
            assert!(!error.contains("hunter2") && !error.contains("secret-thing") && !error.contains("$2a"), "{error}");
        }
    }

    #[test]
    fn users_roles() {
        let roles = parse_users_roles("#\nrole1:a,b\n role2 : a , c \nro le:a,,\nrole1:a,d\nempty:\n").unwrap();
        assert_eq!(roles["a"], ["role1", "role2", "ro le"]);
        assert_eq!(roles["d"], ["role1"]);
        assert_eq!(roles.len(), 4);
        assert!(parse_users_roles("a").unwrap_err().to_string().starts_with("line 1"));
        assert!(parse_users_roles("\n:a").unwrap_err().to_string().starts_with("line 2"));
    }

    #[test]
    fn names_as_elasticsearch_allows_them() {
        assert!(["a", "a b", "a:b", "a\"b", "_x", "*", "a,b", "~"].into_iter().all(is_valid_name));
        assert!(["", " a", "a ", "ä", "a\tb", "a\u{7f}"].into_iter().all(|name| !is_valid_name(name)));
        assert!(is_valid_name(&"x".repeat(1024)) && !is_valid_name(&"x".repeat(1025)));
    }

    proptest::proptest! {
        #[test]
        fn parsing_never_panics(text in "([a#: ,ä$]|\n|\r|\\{PBKDF2\\}){0,40}") {
            let _ = parse_users(&text);
            let _ = parse_users_roles(&text);
        }
    }
}
