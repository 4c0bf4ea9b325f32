//! Java doubles (being written elsewhere).

/// Placeholder until the content branch is merged.
pub fn parse_double(text: &str) -> Result<f64, String> {
    text.trim().parse().map_err(|_| format!("For input string: \"{text}\""))
}
