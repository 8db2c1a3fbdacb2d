//! The steps of one layer of the fused forward pass, 384 wide, one thread: `cargo bench --profile release --bench kernels`.
//!
//! Two batches: one short message, and the tokens that pass together when many wait. Throughput is in tokens.

#![expect(clippy::unwrap_used, reason = "a bench")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use firstline::encoder::Backend;
use firstline::encoder::steps::{LayerBench, Step};

const BATCHES: [(&str, &[usize]); 2] = [("message", &[15]), ("batch", &[16; 8])];

fn steps(criterion: &mut Criterion) {
    let _alone =
        rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build().unwrap();
    for backend in [Backend::Int8, Backend::F32] {
        let mut group = criterion.benchmark_group(backend.to_string());
        for (name, lengths) in BATCHES {
            let mut layer = LayerBench::new(backend, lengths);
            // Each step reads what the one before it left.
            layer.run(Step::Layer).unwrap();
            group.throughput(Throughput::Elements(lengths.iter().sum::<usize>() as u64));
            for step in Step::ALL {
                let id = BenchmarkId::new(format!("{step:?}"), name);
                group.bench_function(id, |bench| bench.iter(|| layer.run(step).unwrap()));
            }
        }
        group.finish();
    }
}

criterion_group!(benches, steps);
criterion_main!(benches);
