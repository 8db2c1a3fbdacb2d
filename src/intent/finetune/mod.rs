//! Fine-tuning: a model's own layers are moved until texts of one intent, and questions of one answer, lie close together
//! and all others apart. `AdamW` on [`loss`], each batch split between workers whose gradients are added in a fixed order, so
//! that a seed gives the same weights bit by bit on one kind of processor. No files and no clock: the caller stores
//! [`Trainer::checkpoint`] when it likes, and reads the material.

mod adamw;
mod error;
mod lessons;
mod material;
mod loss;
mod schedule;
mod state;
mod trainer;

pub use error::FinetuneError;
pub use loss::Weights;
pub use material::{Labelled, Material, Pair};
pub use trainer::{Progress, Trainer};

/// How a run goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Passes over the material at most.
    pub epochs: usize,
    /// Texts in a batch, about.
    pub batch: usize,
    /// The greatest rate, that of the top layer.
    pub rate: f64,
    /// What the rate of each layer is multiplied with, seen from the one above it.
    pub layer_decay: f64,
    /// The greatest rate of the prototypes.
    pub prototype_rate: f64,
    /// The share of all steps in which the rate rises.
    pub warm_up: f64,
    /// Weight decay of matrices.
    pub weight_decay: f64,
    /// The longest gradient, beyond which it is scaled down.
    pub longest_gradient: f64,
    /// The parts of the loss.
    pub loss: Weights,
    /// The share of tokens left out, anew in every pass.
    pub token_drop: f32,
    /// Passes without a better held-out figure after which the run ends.
    pub patience: usize,
    /// How far the weights move from the original (0) to the trained ones (1) in the end (Wortsman et al. 2022,
    /// arXiv 2109.01903).
    pub blend: f32,
    /// Parts of a batch that are worked on side by side. It is part of the result: another number gives other weights.
    pub shards: usize,
    /// What chance is drawn from.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            epochs: 10,
            batch: 64,
            rate: 5e-5,
            layer_decay: 0.9,
            prototype_rate: 1e-3,
            warm_up: 0.1,
            weight_decay: 0.01,
            longest_gradient: 1.0,
            loss: Weights { temperature: 0.05, contrast: 1.0 },
            token_drop: 0.1,
            patience: 2,
            blend: 1.0,
            shards: 2,
            seed: 1,
        }
    }
}

impl Config {
    /// Itself, if every setting can be worked with.
    pub fn checked(self) -> Result<Self, FinetuneError> {
        let bounds = [
            ("epochs", self.epochs >= 1, "1 or more"),
            ("batch", self.batch >= 4, "4 or more"),
            ("rate", self.rate > 0.0 && self.rate <= 0.1, "above 0 and at most 0.1"),
            ("shards", self.shards >= 1 && self.shards <= 64, "1 to 64"),
        ];
        match bounds.into_iter().find(|(_, holds, _)| !holds) {
            Some((setting, _, range)) => Err(FinetuneError::Setting { setting, range }),
            None => Ok(self),
        }
    }
}

#[cfg(test)]
mod tests;
