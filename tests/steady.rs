//! Once its memory is warm, a forward pass asks for none but that of its results: whatever the length of the texts and the
//! number of layers. A binary of its own, because it counts every allocation of its thread.

#![expect(unsafe_code, reason = "a global allocator is an unsafe trait; this one only counts")]
#![expect(clippy::unwrap_used, reason = "a test")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;

use firstline::encoder::source::{self, Options};
use firstline::encoder::{self, Backend, Encoder, Tokens};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that is ending has no counter any more, and nobody asks for it.
        let _ended = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `GlobalAlloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `GlobalAlloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn allocations(encoder: &dyn Encoder, batch: &[Tokens]) -> usize {
    let before = ALLOCATIONS.get();
    let embeddings = encoder.encode(batch).unwrap();
    let during = ALLOCATIONS.get() - before;
    assert_eq!(embeddings.len(), batch.len());
    during
}

#[test]
fn a_warm_pass_allocates_its_results_only() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let dir = source::ensure("all-minilm-l6-v2", &Options::new(models), &mut |_| ()).unwrap();
    let _alone =
        rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build().unwrap();
    for backend in [Backend::Int8, Backend::F32] {
        let encoder = encoder::load_with(&dir, 256, backend).unwrap();
        for lengths in [vec![1], vec![15], vec![128], vec![16; 8], vec![3, 90, 1, 40]] {
            let batch: Vec<Tokens> =
                lengths.iter().map(|length| Tokens::new(vec![1012; *length], false)).collect();
            allocations(&*encoder, &batch);
            let warm = allocations(&*encoder, &batch);
            // The list of vectors, and each of them.
            assert_eq!(warm, 1 + batch.len(), "{backend}, texts of {lengths:?} tokens");
        }
    }
}
