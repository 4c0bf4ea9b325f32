//! Where the settings stand in their file: what is wrong with one is told with its line.

use std::{collections::BTreeMap, ops::Range, path::Path};

use toml::de::DeTable;

/// Where in the file the keys are that are in effect.
#[derive(Debug, Default, Clone)]
pub struct Lines(BTreeMap<String, String>);

/// One key of a file.
struct Entry {
    key: String,
    /// From the key to the end of its value.
    span: Range<usize>,
}

// === impl Lines ===

impl Lines {
    /// The keys of a file that was read.
    #[must_use]
    pub fn of(path: &Path, text: &str) -> Self {
        let place = |entry: &Entry| format!("{}:{}", path.display(), line(text, entry.span.start));
        Self(entries(text).into_iter().map(|entry| (entry.key.clone(), place(&entry))).collect())
    }

    /// Takes keys out that are overruled.
    pub fn forget<'a>(&mut self, keys: impl Iterator<Item = &'a str>) {
        for key in keys {
            self.0.remove(key);
        }
    }

    /// The place of the key that an error begins with.
    #[must_use]
    pub fn place_of(&self, error: &anyhow::Error) -> Option<&str> {
        let message = error.to_string();
        let key = message.split(':').next()?;
        self.0.get(key).map(String::as_str)
    }
}

/// The line, the key and what is wrong with it, in one line. Nothing of a password is shown.
#[must_use]
pub fn told(text: &str, error: &toml::de::Error) -> String {
    let span = error.span().unwrap_or_default();
    let before = text.get(..span.start).unwrap_or(text);
    // In a list of several lines the key stands above; where nothing could be read, it is what the line begins with.
    let entry = entries(text).into_iter().find(|entry| entry.span.contains(&span.start));
    let key = entry.map_or_else(
        || {
            let start = before.rfind('\n').map_or(0, |at| at + 1);
            text[start..].split(['=', '\n', '\r']).next().unwrap_or_default().trim().to_owned()
        },
        |entry| entry.key,
    );
    let line = line(text, span.start);
    if key.contains("password") {
        return format!("{line}: {key}: must be a text in quotes");
    }
    format!("{line}: {key}: {}", error.message().replace('\n', ", "))
}

fn entries(text: &str) -> Vec<Entry> {
    let Ok(table) = DeTable::parse(text) else { return Vec::new() };
    let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<_>)| entry(key, value);
    table.get_ref().iter().map(entry).collect()
}

fn entry(key: &toml::Spanned<toml::de::DeString<'_>>, value: &toml::Spanned<toml::de::DeValue<'_>>) -> Entry {
    Entry { key: key.get_ref().to_string(), span: key.span().start..value.span().end }
}

fn line(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use anyhow::anyhow;

    use super::{Lines, told};
    use crate::config::Settings;

    #[test]
    fn the_line_of_what_is_in_effect() {
        let mut lines =
            Lines::of(Path::new("f.toml"), "\nlisten = '[::1]:1'\nopensearch_roles = [\n 'a=all',\n]\nrealm='r'");
        let place = |lines: &Lines, message: &'static str| lines.place_of(&anyhow!(message)).map(str::to_owned);
        assert_eq!(place(&lines, "listen: no").as_deref(), Some("f.toml:2"));
        assert_eq!(place(&lines, "opensearch_roles: no").as_deref(), Some("f.toml:3"));
        assert_eq!(place(&lines, "realm: no").as_deref(), Some("f.toml:6"));
        assert_eq!(place(&lines, "store: no"), None);
        lines.forget(["realm"].into_iter());
        assert_eq!(place(&lines, "realm: no"), None, "set elsewhere");
    }

    #[test]
    fn a_value_within_a_list() {
        let text = "realm = 'r'\nopensearch_roles = [\n  'a=all',\n  'b',\n]\n";
        let error = toml::from_str::<Settings>(text).unwrap_err();
        assert!(told(text, &error).contains(": opensearch_roles: [b] must be"), "{}", told(text, &error));
    }
}
