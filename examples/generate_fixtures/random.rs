//! Repeatable chance: SplitMix64, and the few shapes of number that the jobs draw from it.
//!
//! Only `+ - * /` and decimal parsing are used on doubles, all of them exact to the bit everywhere.
//! `sin`, `exp` or `powi` would let the platform's maths library decide what the fixtures contain.

/// Sebastiano Vigna's SplitMix64.
pub struct Random(u64);

impl Random {
    /// A generator of its own for every job, so that changing one job leaves the others as they are.
    pub fn for_job(job_id: &str) -> Self {
        const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;
        Self(job_id.bytes().fold(FNV_OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A double in `[low, high)`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        const ONE: u64 = 1.0_f64.to_bits();
        let fraction = f64::from_bits(ONE | (self.next() >> 12)) - 1.0;
        low + (high - low) * fraction
    }

    /// An integer in `[low, high)`.
    pub fn integer(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % low.abs_diff(high).max(1)).cast_signed()
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: i64) -> bool {
        self.integer(0, times) == 0
    }

    /// One of `choices`.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.position(choices.len())]
    }

    /// `count` different ones of `choices`, in chance order.
    pub fn pick_some<T: Clone>(&mut self, choices: &[T], count: usize) -> Vec<T> {
        let mut left = choices.to_vec();
        (0..count.min(choices.len()))
            .map(|_| {
                let position = self.position(left.len());
                left.swap_remove(position)
            })
            .collect()
    }

    fn position(&mut self, length: usize) -> usize {
        usize::try_from(self.next() % length.max(1) as u64).unwrap_or(0)
    }

    /// `d.dddE-exponent`, with all the digits of a double.
    pub fn probability(&mut self, exponent: i64) -> f64 {
        let mantissa = self.between(1.0, 10.0);
        format!("{mantissa}e-{exponent}").parse().unwrap_or(0.0)
    }
}

/// A smooth wave of period 1 and height 1: two parabolas for a sine.
pub fn wave(phase: f64) -> f64 {
    let x = phase - phase.floor();
    if x < 0.5 { 16.0 * x * (0.5 - x) } else { -16.0 * (x - 0.5) * (1.0 - x) }
}
