//! The linear model: one row of small integers per bucket, one column per thing it has an opinion on.

use crate::features::{BUCKETS, Evidence};

/// 14 intents, 5 sentiment levels, 5 flags, and whether the message presses for a person.
pub const OUTPUTS: usize = 25;
pub(crate) const INTENTS: std::ops::Range<usize> = 0..14;
pub(crate) const LEVELS: std::ops::Range<usize> = 14..19;
pub(crate) const FLAGS: std::ops::Range<usize> = 19..24;
pub(crate) const PRESSES: usize = 24;

const MAGIC: &[u8; 8] = b"NLUWGT01";
const HEAD: usize = MAGIC.len() + OUTPUTS * 8;

/// Bytes of a weights file: magic, a scale and a bias (little-endian `f32`) per output, then the rows of `i8`.
pub const WEIGHTS_LENGTH: usize = HEAD + BUCKETS * OUTPUTS;

pub(crate) struct Model {
    scales: [f32; OUTPUTS],
    biases: [f32; OUTPUTS],
    rows: Vec<[i8; OUTPUTS]>,
}

impl Model {
    /// The weights that ship with the crate.
    pub(crate) fn shipped() -> Self {
        Self::from_bytes(include_bytes!("../models/words.weights")).unwrap_or_else(Self::without_opinion)
    }

    /// `None` when the bytes are no weights file.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != WEIGHTS_LENGTH || !bytes.starts_with(MAGIC) {
            return None;
        }
        let (head, rows) = bytes.split_at_checked(HEAD)?;
        let numbers: Vec<f32> = head
            .get(MAGIC.len()..)?
            .chunks_exact(4)
            .filter_map(|four| Some(f32::from_le_bytes(four.try_into().ok()?)))
            .collect();
        let (scales, biases) = numbers.split_at_checked(OUTPUTS)?;
        Some(Self {
            scales: scales.try_into().ok()?,
            biases: biases.try_into().ok()?,
            rows: rows.chunks_exact(OUTPUTS).map(signed).collect(),
        })
    }

    fn without_opinion() -> Self {
        Self { scales: [0.0; OUTPUTS], biases: [0.0; OUTPUTS], rows: Vec::new() }
    }

    /// Raw opinions; one over the square root of the number of features keeps long messages from shouting.
    pub(crate) fn scores(&self, evidence: &Evidence) -> [f32; OUTPUTS] {
        let mut sums = [0_i32; OUTPUTS];
        for bucket in &evidence.buckets {
            if let Some(row) = self.rows.get(usize::from(*bucket)) {
                for (sum, weight) in sums.iter_mut().zip(row) {
                    *sum = sum.wrapping_add(i32::from(*weight));
                }
            }
        }
        let norm = norm(evidence.buckets.len());
        let mut scores = self.biases;
        for ((score, sum), scale) in scores.iter_mut().zip(sums).zip(self.scales) {
            *score += sum as f32 * scale * norm;
        }
        scores
    }
}

fn signed(row: &[u8]) -> [i8; OUTPUTS] {
    let mut signed = [0_i8; OUTPUTS];
    for (to, from) in signed.iter_mut().zip(row) {
        *to = i8::from_le_bytes([*from]);
    }
    signed
}

/// The same in training and in use.
pub fn norm(features: usize) -> f32 {
    1.0 / (features.max(1) as f32).sqrt()
}

pub(crate) fn softmax<const N: usize>(scores: &[f32]) -> [f32; N] {
    let mut shares = [0.0; N];
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for (share, score) in shares.iter_mut().zip(scores) {
        *share = (score - highest).exp();
    }
    let sum: f32 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= sum.max(f32::MIN_POSITIVE));
    shares
}

pub(crate) fn sigmoid(score: f32) -> f32 {
    1.0 / (1.0 + (-score).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_weights_are_whole() {
        let model = Model::from_bytes(include_bytes!("../models/words.weights")).expect("a weights file");
        assert_eq!(model.rows.len(), BUCKETS);
        assert!(model.scales.iter().all(|scale| scale.is_finite() && *scale > 0.0));
    }

    #[test]
    fn other_bytes_are_no_weights() {
        assert!(Model::from_bytes(b"").is_none());
        assert!(Model::from_bytes(&vec![0; WEIGHTS_LENGTH]).is_none());
    }

    #[test]
    fn shares_sum_to_one() {
        let shares: [f32; 3] = softmax(&[1000.0, 0.0, -1000.0]);
        assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!(shares[0] > 0.99);
    }
}
