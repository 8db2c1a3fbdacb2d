//! The steps of a layer, one by one, on numbers of no meaning: what a bench times. Serving runs whole layers.

use std::fmt;

use super::arena::Arena;
use super::attention::Heads;
use super::layer::{Layer, Style, mix};
use super::norm::Norm;
use super::product::{Product, Rows as _};
use super::{Int8, Single};
use crate::encoder::layout::Activation;
use crate::encoder::{Backend, EncoderError};

/// The shape of both shipped models' layers.
const STYLE: Style = Style {
    heads: Heads { count: 12, width: 32 },
    intermediate: 1536,
    activation: Activation::Gelu,
};

/// A part of a layer's forward pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Query, key and value: a product, 384 to 1152.
    Project,
    /// Attention within each text.
    Attend,
    /// Attention's dense layer, 384 to 384; residual and norm.
    AddAttended,
    /// Up and activation: 384 to 1536.
    Widen,
    /// Down, 1536 to 384; residual and norm.
    AddOutput,
    /// All of them.
    Layer,
}

impl Step {
    /// In the order of a forward pass.
    pub const ALL: [Self; 6] =
        [Self::Project, Self::Attend, Self::AddAttended, Self::Widen, Self::AddOutput, Self::Layer];
}

/// One layer with a batch of texts in it.
pub struct LayerBench(Box<dyn FnMut(Step) -> Result<(), EncoderError>>);

impl LayerBench {
    /// A layer 384 wide, of 12 heads, with texts of these many tokens; candle's network has no such steps and is run in f32.
    pub fn new(backend: Backend, lengths: &[usize]) -> Self {
        match backend {
            Backend::Auto | Backend::Int8 => Self::of::<Int8>(lengths),
            Backend::F32 | Backend::Candle => Self::of::<Single>(lengths),
        }
    }

    fn of<P: Product + 'static>(lengths: &[usize]) -> Self {
        let layer = layer::<P>();
        let mut arena = Arena::<P>::default();
        arena.reset(lengths.iter().copied(), STYLE);
        fill(&mut arena);
        Self(Box::new(move |step| Ok(run(&layer, step, &mut arena)?)))
    }

    /// Runs a step on what the steps before it left.
    pub fn run(&mut self, step: Step) -> Result<(), EncoderError> {
        (self.0)(step)
    }
}

impl fmt::Debug for LayerBench {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LayerBench")
    }
}

fn run<P: Product>(
    layer: &Layer<P>,
    step: Step,
    arena: &mut Arena<P>,
) -> Result<(), rten_gemm::GemmError> {
    match step {
        Step::Project => layer.project(STYLE.heads, arena),
        Step::Attend => {
            mix(STYLE.heads, arena);
            Ok(())
        }
        Step::AddAttended => layer.add_attended(STYLE.heads, arena),
        Step::Widen => layer.widen(STYLE, arena),
        Step::AddOutput => layer.add_output(STYLE, arena),
        Step::Layer => layer.forward(STYLE, arena),
    }
}

fn layer<P: Product>() -> Layer<P> {
    let hidden = STYLE.heads.hidden();
    let dense = |inputs, outputs| P::pack(&numbers(inputs * outputs), numbers(outputs));
    let norm = || Norm { weight: vec![1.0; hidden], bias: vec![0.0; hidden], epsilon: 1e-12 };
    Layer {
        attend: dense(hidden, 3 * hidden),
        attended: dense(hidden, hidden),
        attended_norm: norm(),
        up: dense(hidden, STYLE.intermediate),
        down: dense(STYLE.intermediate, hidden),
        output_norm: norm(),
    }
}

fn fill<P: Product>(arena: &mut Arena<P>) {
    let hidden = STYLE.heads.hidden();
    arena.vectors = numbers(arena.vectors.len());
    let Arena { vectors, rows, .. } = arena;
    vectors.chunks_exact(hidden).enumerate().for_each(|(at, vector)| rows.set(at, vector));
}

/// Numbers around 0, none of them alike for long.
fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|at| ((at * 7919) % 1009) as f32 / 504.0 - 1.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_runs_on_mixed_lengths() {
        for backend in [Backend::Int8, Backend::F32] {
            let mut bench = LayerBench::new(backend, &[1, 128, 5]);
            for step in Step::ALL {
                bench.run(step).unwrap();
            }
        }
    }
}
