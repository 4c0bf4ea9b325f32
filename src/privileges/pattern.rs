//! Names with `*`, `?` and `\`, as Elasticsearch writes them for indices and actions.

/// A pattern of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<Token>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// `*`: any characters, or none.
    Any,
    /// `?`: one character.
    One,
    Literal(char),
}

// === impl Pattern ===

impl Pattern {
    /// Reads a pattern; `\\` before a character takes its meaning away.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut characters = text.chars();
        let mut tokens = Vec::new();
        while let Some(character) = characters.next() {
            tokens.push(match character {
                '*' => Token::Any,
                '?' => Token::One,
                '\\' => Token::Literal(characters.next().unwrap_or('\\')),
                literal => Token::Literal(literal),
            });
        }
        Self(tokens)
    }

    /// Whether everything that `wanted` may mean is meant here: what is asked for may be a name or itself a pattern.
    #[must_use]
    pub fn covers(&self, wanted: &str) -> bool {
        let wanted: Vec<char> = wanted.chars().collect();
        let (mut token, mut at) = (0, 0);
        // Where the last `*` stands, and what follows the text it has taken so far.
        let mut star: Option<(usize, usize)> = None;
        while at < wanted.len() {
            match self.0.get(token) {
                Some(Token::Any) => {
                    star = Some((token, at));
                    token += 1;
                }
                Some(one) if one.covers(wanted[at]) => {
                    token += 1;
                    at += 1;
                }
                _ => match star {
                    Some((place, swallowed)) => {
                        star = Some((place, swallowed + 1));
                        token = place + 1;
                        at = swallowed + 1;
                    }
                    None => return false,
                },
            }
        }
        self.0[token..].iter().all(|rest| *rest == Token::Any)
    }
}

// === impl Token ===

impl Token {
    fn covers(self, wanted: char) -> bool {
        match (self, wanted) {
            // A star that is asked for is more than one character, and more than the literal star.
            (Self::Any, _) | (Self::One | Self::Literal(_), '*') | (Self::Literal(_), '?') => false,
            (Self::One, _) => true,
            (Self::Literal(literal), wanted) => literal == wanted,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Pattern;

    #[test]
    fn covers() {
        for (pattern, wanted, expected) in [
            ("a", "a", true),
            ("a", "b", false),
            ("a", "ab", false),
            ("a*", "a", true),
            ("*", "", true),
            ("*", "*", true),
            ("", "", true),
            ("", "a", false),
            (".ml-anomalies-*", ".ml-anomalies-it-ops", true),
            (".ml-anomalies-*", ".ml-anomalies-*", true),
            (".ml-anomalies-a*", ".ml-anomalies-*", false),
            (".ml-anomalies-?", ".ml-anomalies-*", false),
            ("a?c", "abc", true),
            ("a?c", "a?c", true),
            ("abc", "a?c", false),
            ("a\\*", "a*", false),
            ("a\\b", "ab", true),
            ("*a*b*c", "xxaxbxbxc", true),
            ("*a*b*c", "xxaxbxbx", false),
        ] {
            assert_eq!(Pattern::new(pattern).covers(wanted), expected, "{pattern} {wanted}");
        }
    }

    proptest! {
        /// What a pattern covers, covers no more than the pattern does.
        #[test]
        fn covering_is_transitive(outer in "[ab*?]{0,6}", inner in "[ab*?]{0,6}", name in "[ab]{0,6}") {
            if Pattern::new(&outer).covers(&inner) && Pattern::new(&inner).covers(&name) {
                prop_assert!(Pattern::new(&outer).covers(&name));
            }
        }
    }
}
