//! "Did you mean": the names that are close enough to an unknown one.

/// Similarity above which a name is suggested.
const CLOSE: f32 = 0.5;

/// The close candidates as messages show them, `[a]` or `any of [a, b]`, closest first.
pub fn did_you_mean<'a>(unknown: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut close: Vec<(f32, &str)> = candidates
        .into_iter()
        .map(|candidate| (similarity(unknown, candidate), candidate))
        .filter(|(score, _)| *score > CLOSE)
        .collect();
    close.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.cmp(y)));
    let names: Vec<_> = close.into_iter().map(|(_, name)| name).collect();
    match names[..] {
        [] => None,
        [only] => Some(format!("[{only}]")),
        _ => Some(format!("any of [{}]", names.join(", "))),
    }
}

/// 1 for equal texts, 0 for texts that share nothing: one minus the edit distance over the longer length, in UTF-16 units.
#[expect(clippy::cast_precision_loss, reason = "names are short")]
fn similarity(a: &str, b: &str) -> f32 {
    let (a, b): (Vec<u16>, Vec<u16>) = (a.encode_utf16().collect(), b.encode_utf16().collect());
    let longer = a.len().max(b.len());
    if a.is_empty() || b.is_empty() {
        return if longer == 0 { 1.0 } else { 0.0 };
    }
    let mut previous: Vec<usize> = (0..=a.len()).collect();
    for (row, unit) in b.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in a.iter().enumerate() {
            let change = previous[column] + usize::from(unit != other);
            current.push(change.min(previous[column + 1] + 1).min(current[column] + 1));
        }
        previous = current;
    }
    1.0 - previous[a.len()] as f32 / longer as f32
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn closest_first_then_by_name() {
        let names = ["start", "sort", "desc", "end"];
        assert_eq!(did_you_mean("strt", names).as_deref(), Some("any of [start, sort]"));
        assert_eq!(did_you_mean("from_", ["from"]).as_deref(), Some("[from]"));
        assert_eq!(did_you_mean("zzz", names), None);
    }
}
