//! Breaks what was whole.

use proptest::sample::Index;

/// Cuts out so many bytes at a place, as far as there are some, and puts others in.
pub fn damage(bytes: &mut Vec<u8>, place: Index, cut: usize, put_in: impl IntoIterator<Item = u8>) {
    let start = place.index(bytes.len() + 1);
    let end = start.saturating_add(cut).min(bytes.len());
    bytes.splice(start..end, put_in);
}
