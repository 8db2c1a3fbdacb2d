//! What the matrix kernel reaches on this machine when nothing else is asked of it: the ceiling for a forward pass.

use std::thread;
use std::time::Duration;

use rten_gemm::GemmError;
use tokio::time::Instant;

use super::product::{Product, Rows as _};

/// A product like those of a small BERT, whose weights and rows stay in the second cache.
const ROWS: usize = 128;
const INPUTS: usize = 384;
const OUTPUTS: usize = 768;
/// Work that fills a tenth of a second or so: shorter runs would measure the clock's rise.
const PRODUCTS: usize = 500;
/// The best of so many runs counts, since others may use the processor too.
const RUNS: usize = 5;

/// Additions and multiplications a second of class `P`, on `threads` threads at once.
pub(in crate::encoder) fn peak<P: Product>(threads: usize) -> Result<f64, GemmError> {
    let weight: Vec<f32> = (0..INPUTS * OUTPUTS).map(|at| (at % 251) as f32 - 125.0).collect();
    let product = P::pack(&weight, vec![0.0; OUTPUTS]);
    thread::scope(|scope| {
        let runs: Vec<_> = (0..threads).map(|_| scope.spawn(|| rate(&product))).collect();
        runs.into_iter().map(|run| run.join().unwrap_or(Ok(0.0))).sum()
    })
}

/// Operations a second on this thread alone.
fn rate<P: Product>(product: &P) -> Result<f64, GemmError> {
    // The kernel spreads over the pool it stands in. Should there be none for this thread, the figure is the machine's.
    let _alone = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
    let mut rows = P::Rows::default();
    rows.reset(ROWS, INPUTS);
    (0..ROWS).for_each(|at| rows.set(at, &[1.0; INPUTS]));
    let mut sums = vec![P::Sum::default(); ROWS * OUTPUTS];
    let mut best = Duration::MAX;
    for _ in 0..RUNS {
        let start = Instant::now();
        for _ in 0..PRODUCTS {
            product.multiply(&rows, &mut sums)?;
        }
        best = best.min(start.elapsed());
    }
    Ok((2 * PRODUCTS * ROWS * INPUTS * OUTPUTS) as f64 / best.as_secs_f64().max(1e-9))
}
