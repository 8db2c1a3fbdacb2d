//! What fine-tuning minimises on one shard of a batch: the sum of three means, each over what the shard holds.
//!
//! - Cross-entropy over all intents, the logits being cosines with a learned prototype each, over the temperature
//!   (Wang et al. 2018, arXiv 1801.09414, without its margin).
//! - The supervised contrastive loss among the shard's texts (Khosla et al. 2020, arXiv 2004.11362, equation 2): texts of
//!   one class, and the two of a pair, attract; all others repel, but those of which nobody said that they differ.
//! - The ranking loss of pairs known as `CoSENT`: log(1 + Σ exp((cos of a different pair - cos of a same pair) / τ)).

use candle_core::{D, Device, Result, Tensor};

use super::lessons::Shard;

/// Where logits of the excluded end: far below all others, and finite.
const NEVER: f32 = -1e9;

/// How much each part counts, and how sharp its softmax is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// Divides cosines.
    pub temperature: f64,
    /// The contrastive part beside the cross-entropy.
    pub contrast: f64,
}

/// The loss of a shard whose texts have the unit `vectors` `[texts, dimensions]`. `prototypes` is `[classes, dimensions]`.
pub(super) fn loss(
    vectors: &Tensor,
    prototypes: Option<&Tensor>,
    shard: &Shard,
    weights: Weights,
) -> Result<Tensor> {
    let parts = [
        prototypes.map(|prototypes| classes(vectors, prototypes, shard, weights.temperature)),
        Some(
            contrast(vectors, shard, weights.temperature)
                .map(|loss| loss.and_then(|loss| (loss * weights.contrast).ok())),
        ),
        Some(ranking(vectors, shard, weights.temperature)),
    ];
    let mut total = Tensor::zeros((), vectors.dtype(), vectors.device())?;
    for part in parts.into_iter().flatten() {
        if let Some(part) = part? {
            total = (total + part)?;
        }
    }
    Ok(total)
}

/// Cosines with every prototype, over the temperature: `[texts, classes]`.
pub(super) fn logits(vectors: &Tensor, prototypes: &Tensor, temperature: f64) -> Result<Tensor> {
    let squares = prototypes.sqr()?.sum_keepdim(1)?;
    let unit = prototypes.broadcast_div(&(squares + 1e-12)?.sqrt()?)?;
    vectors.matmul(&unit.t()?)? / temperature
}

fn classes(
    vectors: &Tensor,
    prototypes: &Tensor,
    shard: &Shard,
    temperature: f64,
) -> Result<Option<Tensor>> {
    let (places, labels): (Vec<u32>, Vec<u32>) = shard.labelled().unzip();
    if places.is_empty() {
        return Ok(None);
    }
    let (count, device) = (places.len(), vectors.device());
    let chosen = vectors.index_select(&Tensor::from_vec(places, count, device)?, 0)?;
    let logits = logits(&chosen, prototypes, temperature)?;
    let labels = Tensor::from_vec(labels, count, device)?;
    candle_nn::loss::cross_entropy(&logits, &labels).map(Some)
}

fn contrast(vectors: &Tensor, shard: &Shard, temperature: f64) -> Result<Option<Tensor>> {
    let count = shard.texts.len();
    let relations = Relations::of(shard);
    if relations.anchors == 0 {
        return Ok(None);
    }
    let device = vectors.device();
    let excluded = Tensor::from_vec(relations.excluded, (count, count), device)?;
    let shares = Tensor::from_vec(relations.shares, (count, count), device)?;
    let logits = ((vectors.matmul(&vectors.t()?)? / temperature)? + excluded)?;
    let likely = candle_nn::ops::log_softmax(&logits, D::Minus1)?;
    let sum = (likely * shares)?.sum_all()?;
    (sum * (-1.0 / relations.anchors as f64)).map(Some)
}

/// Who attracts whom.
struct Relations {
    /// 0, or [`NEVER`] where the row's text says nothing about the column's.
    excluded: Vec<f32>,
    /// Rows that sum to 1 over the texts that attract the row's, or to 0 where none does.
    shares: Vec<f32>,
    /// Rows that some text attracts.
    anchors: usize,
}

impl Relations {
    fn of(shard: &Shard) -> Self {
        let count = shard.texts.len();
        let mut relations = Self { excluded: Vec::new(), shares: Vec::new(), anchors: 0 };
        for row in 0..count {
            let attracts: Vec<bool> = (0..count).map(|column| shard.attract(row, column)).collect();
            let others = attracts.iter().filter(|attracts| **attracts).count();
            relations.anchors += usize::from(others > 0);
            let share = 1.0 / others.max(1) as f32;
            relations.shares.extend(attracts.iter().map(|yes| if *yes { share } else { 0.0 }));
            let silent = attracts.iter().enumerate().map(|(column, attracts)| {
                if !attracts && shard.akin(row, column) { NEVER } else { 0.0 }
            });
            relations.excluded.extend(silent);
        }
        relations
    }
}

fn ranking(vectors: &Tensor, shard: &Shard, temperature: f64) -> Result<Option<Tensor>> {
    let (same, different) = (shard.pairs(true), shard.pairs(false));
    if same.is_empty() || different.is_empty() {
        return Ok(None);
    }
    let (same, different) = (cosines(vectors, &same)?, cosines(vectors, &different)?);
    let gaps = different.unsqueeze(1)?.broadcast_sub(&same.unsqueeze(0)?)?;
    let gaps = (gaps / temperature)?.flatten_all()?;
    let with_zero = Tensor::cat(&[&gaps, &Tensor::zeros(1, gaps.dtype(), gaps.device())?], 0)?;
    let count = with_zero.dim(0)? as f64;
    let most = with_zero.max(0)?.detach();
    let sum = with_zero.broadcast_sub(&most)?.exp()?.sum_all()?;
    ((sum.log()? + most)? / count.ln().max(1.0)).map(Some)
}

fn cosines(vectors: &Tensor, pairs: &[(u32, u32)]) -> Result<Tensor> {
    let (left, right): (Vec<u32>, Vec<u32>) = pairs.iter().copied().unzip();
    let (count, device): (usize, &Device) = (pairs.len(), vectors.device());
    let left = vectors.index_select(&Tensor::from_vec(left, count, device)?, 0)?;
    let right = vectors.index_select(&Tensor::from_vec(right, count, device)?, 0)?;
    (left * right)?.sum(1)
}
