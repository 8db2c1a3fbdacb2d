//! Scaled dot-product attention (Vaswani et al. 2017, arXiv 1706.03762, section 3.2) within one text, in f32.
//!
//! Texts are short, so a head's keys and scores stay in the nearest cache. Queries go four at a time, which keeps the
//! multipliers busy while each sum waits for its last addition.

use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, SimdOp, SimdUnaryOp};
use rten_vecmath::Exp;

/// Queries that go together.
const TOGETHER: usize = 4;
/// e to a lower power than this counts as e to this; it is 1e-35.
const LEAST_POWER: f32 = -80.0;

/// How the hidden width is cut into heads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heads {
    pub(super) count: usize,
    pub(super) width: usize,
}

impl Heads {
    pub(super) fn hidden(self) -> usize {
        self.count * self.width
    }
}

/// Memory that is kept from one text to the next.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// The keys of one head, a column for each token: `[width, stride]`.
    keys: Vec<f32>,
    /// A row of shares for each of the queries that go together: `[TOGETHER, stride]`.
    shares: Vec<f32>,
}

/// All heads over one text.
pub(super) struct Attention<'a> {
    /// Query, key and value of each token, one after the other: `[tokens, 3 x hidden]`.
    pub(super) projected: &'a [f32],
    /// The result: `[tokens, hidden]`.
    pub(super) context: &'a mut [f32],
    pub(super) heads: Heads,
    pub(super) scratch: &'a mut Scratch,
}

impl SimdOp for Attention<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let Self { projected, context, heads, scratch } = self;
        let tokens = context.len() / heads.hidden();
        let stride = tokens.next_multiple_of(isa.f32().len());
        scratch.keys.resize(heads.width * stride, 0.0);
        scratch.shares.resize(TOGETHER * stride, 0.0);
        for head in 0..heads.count {
            let head = Head { projected, heads, start: head * heads.width, tokens, stride };
            head.transpose_keys(&mut scratch.keys);
            let mut query = 0;
            while query + TOGETHER <= tokens {
                head.attend::<I, TOGETHER>(isa, query, scratch, context);
                query += TOGETHER;
            }
            for query in query..tokens {
                head.attend::<I, 1>(isa, query, scratch, context);
            }
        }
    }
}

/// One head over one text.
#[derive(Clone, Copy)]
struct Head<'a> {
    projected: &'a [f32],
    heads: Heads,
    /// Where the head starts within the hidden width.
    start: usize,
    tokens: usize,
    /// Tokens, filled up to whole vectors.
    stride: usize,
}

impl<'a> Head<'a> {
    /// This head's part of the query (0), key (1) or value (2) of a token.
    #[inline(always)]
    fn part(&self, which: usize, token: usize) -> &'a [f32] {
        let hidden = self.heads.hidden();
        let start = (3 * token + which) * hidden + self.start;
        &self.projected[start..start + self.heads.width]
    }

    /// Writes the keys by column; the columns beyond the text keep whatever finite numbers they have.
    #[inline(always)]
    fn transpose_keys(&self, keys: &mut [f32]) {
        for token in 0..self.tokens {
            let columns = keys.chunks_exact_mut(self.stride);
            for (column, key) in columns.zip(self.part(1, token)) {
                column[token] = *key;
            }
        }
    }

    /// `Q` queries from `query` on.
    #[inline(always)]
    fn attend<I: Isa, const Q: usize>(
        &self,
        isa: I,
        query: usize,
        scratch: &mut Scratch,
        context: &mut [f32],
    ) {
        let Scratch { keys, shares } = scratch;
        let queries = std::array::from_fn(|q| self.part(0, query + q));
        self.score::<I, Q>(isa, queries, keys, shares);
        let mut totals = [0.0; Q];
        for (total, row) in totals.iter_mut().zip(shares.chunks_exact_mut(self.stride)) {
            *total = exponentials(isa, row, self.tokens);
        }
        self.mix::<I, Q>(isa, query, (shares, totals), context);
    }

    /// Scaled products of the queries with all keys.
    #[inline(always)]
    fn score<I: Isa, const Q: usize>(
        &self,
        isa: I,
        queries: [&[f32]; Q],
        keys: &[f32],
        scores: &mut [f32],
    ) {
        let f32s = isa.f32();
        let scale = f32s.splat(1.0 / (self.heads.width as f32).sqrt());
        for start in (0..self.stride).step_by(f32s.len()) {
            let mut sums = [f32s.zero(); Q];
            for (at, column) in keys.chunks_exact(self.stride).enumerate() {
                let key = f32s.load(&column[start..]);
                for (sum, query) in sums.iter_mut().zip(queries) {
                    *sum = f32s.mul_add(f32s.splat(query[at]), key, *sum);
                }
            }
            for (sum, row) in sums.into_iter().zip(scores.chunks_exact_mut(self.stride)) {
                f32s.store(f32s.mul(sum, scale), &mut row[start..]);
            }
        }
    }

    /// The values, weighted by the shares.
    #[inline(always)]
    fn mix<I: Isa, const Q: usize>(
        &self,
        isa: I,
        query: usize,
        (shares, totals): (&[f32], [f32; Q]),
        context: &mut [f32],
    ) {
        let f32s = isa.f32();
        let hidden = self.heads.hidden();
        let rows: [&[f32]; Q] = std::array::from_fn(|q| &shares[q * self.stride..][..self.tokens]);
        for at in (0..self.heads.width).step_by(f32s.len()) {
            let mut sums = [f32s.zero(); Q];
            for token in 0..self.tokens {
                let value = f32s.load(&self.part(2, token)[at..]);
                for (sum, row) in sums.iter_mut().zip(rows) {
                    *sum = f32s.mul_add(f32s.splat(row[token]), value, *sum);
                }
            }
            for (q, (sum, total)) in sums.into_iter().zip(totals).enumerate() {
                let share = f32s.splat(1.0 / total);
                f32s.store(
                    f32s.mul(sum, share),
                    &mut context[(query + q) * hidden + self.start + at..],
                );
            }
        }
    }
}

/// Replaces the first `tokens` scores of a row by e to their distance from the greatest, the others by 0, and gives the sum.
#[inline(always)]
fn exponentials<I: Isa>(isa: I, row: &mut [f32], tokens: usize) -> f32 {
    let f32s = isa.f32();
    row[tokens..].fill(f32::NEG_INFINITY);
    let mut most = f32s.splat(f32::NEG_INFINITY);
    for x in row.chunks_exact(f32s.len()) {
        most = f32s.max(most, f32s.load(x));
    }
    let most = f32s.fold_splat(most, f32::NEG_INFINITY, f32::max);
    let least = f32s.splat(LEAST_POWER);
    for x in row.chunks_exact_mut(f32s.len()) {
        let power = f32s.max(f32s.sub(f32s.load(x), most), least);
        f32s.store(Exp {}.eval(isa, power), x);
    }
    row[tokens..].fill(0.0);
    let mut total = f32s.zero();
    for x in row.chunks_exact(f32s.len()) {
        total = f32s.add(total, f32s.load(x));
    }
    f32s.sum(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADS: Heads = Heads { count: 3, width: 16 };

    /// The formula, one number at a time.
    fn plain(projected: &[f32], tokens: usize) -> Vec<f32> {
        let hidden = HEADS.hidden();
        let part = |token: usize, which: usize, at: usize| {
            f64::from(projected[(3 * token + which) * hidden + at])
        };
        let mut context = Vec::new();
        for (token, at) in (0..tokens).flat_map(|token| (0..hidden).map(move |at| (token, at))) {
            let head = at / HEADS.width * HEADS.width;
            let score = |key: usize| {
                let dot: f64 = (head..head + HEADS.width)
                    .map(|at| part(token, 0, at) * part(key, 1, at))
                    .sum();
                (dot / (HEADS.width as f64).sqrt()).exp()
            };
            let total: f64 = (0..tokens).map(score).sum();
            let mixed: f64 = (0..tokens).map(|key| score(key) / total * part(key, 2, at)).sum();
            #[expect(clippy::cast_possible_truncation, reason = "a mean of numbers near 1")]
            context.push(mixed as f32);
        }
        context
    }

    #[test]
    fn attention_is_its_formula_at_every_length() {
        let mut scratch = Scratch::default();
        let mut seed = 7u32;
        let mut next = |_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / 8_388_608.0 - 1.0
        };
        // Downwards too, so that what a longer text left behind is met.
        for tokens in [1, 3, 4, 5, 16, 17, 48, 33, 2] {
            let projected: Vec<f32> = (0..tokens * 3 * HEADS.hidden()).map(&mut next).collect();
            let mut context = vec![0.0; tokens * HEADS.hidden()];
            let scratch = &mut scratch;
            Attention { projected: &projected, context: &mut context, heads: HEADS, scratch }
                .dispatch();
            for (x, truth) in context.iter().zip(plain(&projected, tokens)) {
                assert!((x - truth).abs() < 1e-5, "{tokens} tokens: {x}, not {truth}");
            }
        }
    }
}
