//! Attention of one text on itself, forward and backward (Vaswani et al. 2017, arXiv 1706.03762, section 3.2). A head's
//! queries, keys and values are copied out, so that every loop runs over neighbours in memory; texts are short.

use super::ops::dot;
use crate::encoder::bert::fused::exp;

/// One text's projections: `[tokens, 3 x hidden]`, and the bias that is added to each row.
pub(super) struct Text<'a> {
    projected: &'a [f32],
    bias: &'a [f32],
    heads: usize,
}

/// The part of one head of query, key and value, each `[tokens, width]`, and the shares `[tokens, tokens]`.
struct Head {
    parts: [Vec<f32>; 3],
    shares: Vec<f32>,
    width: usize,
    scale: f32,
}

impl<'a> Text<'a> {
    pub(super) fn new(projected: &'a [f32], bias: &'a [f32], heads: usize) -> Self {
        Self { projected, bias, heads: heads.max(1) }
    }

    fn hidden(&self) -> usize {
        self.bias.len() / 3
    }

    fn tokens(&self) -> usize {
        self.projected.len() / self.bias.len().max(1)
    }

    fn head(&self, head: usize) -> Head {
        let width = self.hidden() / self.heads;
        let parts = [0, 1, 2].map(|part| self.part(part * self.hidden() + head * width, width));
        let scale = 1.0 / (width.max(1) as f32).sqrt();
        let shares = shares(&parts[0], &parts[1], width, scale);
        Head { parts, shares, width, scale }
    }

    /// The columns from `start` on, bias added.
    fn part(&self, start: usize, width: usize) -> Vec<f32> {
        let columns = |row: &'a [f32]| row.get(start..start + width).unwrap_or_default();
        let bias = columns(self.bias);
        let rows = self.projected.chunks_exact(self.bias.len().max(1));
        rows.flat_map(|row| columns(row).iter().zip(bias).map(|(x, bias)| x + bias)).collect()
    }
}

/// Appends the contexts of all heads, `[tokens, hidden]`.
pub(super) fn attend(text: &Text<'_>, output: &mut Vec<f32>) {
    let (start, hidden) = (output.len(), text.hidden());
    output.resize(start + text.tokens() * hidden, 0.0);
    let contexts = output.get_mut(start..).unwrap_or_default();
    for at in 0..text.heads {
        let head = text.head(at);
        let [_, _, values] = &head.parts;
        let rows = contexts.chunks_exact_mut(hidden).zip(head.shares.chunks_exact(text.tokens()));
        for (row, shares) in rows {
            let context = row.get_mut(at * head.width..(at + 1) * head.width).unwrap_or_default();
            mix(shares, values, context);
        }
    }
}

/// Appends the slopes of the projections, `[tokens, 3 x hidden]`, for those of the contexts, `[tokens, hidden]`.
pub(super) fn attend_back(text: &Text<'_>, gradient: &[f32], output: &mut Vec<f32>) {
    let (start, wide, hidden) = (output.len(), text.bias.len(), text.hidden());
    output.resize(start + text.projected.len(), 0.0);
    let slopes = output.get_mut(start..).unwrap_or_default();
    for at in 0..text.heads {
        let head = text.head(at);
        let columns = at * head.width..(at + 1) * head.width;
        let rows = gradient.chunks_exact(hidden.max(1));
        let of_context: Vec<f32> =
            rows.flat_map(|row| row.get(columns.clone()).unwrap_or_default()).copied().collect();
        for (part, slope) in head.back(&of_context).iter().enumerate() {
            let from = part * hidden + columns.start;
            let rows = slopes.chunks_exact_mut(wide).zip(slope.chunks_exact(head.width));
            for (row, slope) in rows {
                row.get_mut(from..from + head.width).unwrap_or_default().copy_from_slice(slope);
            }
        }
    }
}

impl Head {
    /// The slopes of query, key and value.
    fn back(&self, of_context: &[f32]) -> [Vec<f32>; 3] {
        let [queries, keys, values] = &self.parts;
        let tokens = values.len() / self.width;
        let mut slopes = [0; 3].map(|_| vec![0.0; values.len()]);
        let [of_queries, of_keys, of_values] = &mut slopes;
        let mut of_scores = vec![0.0; tokens];
        let rows = self.shares.chunks_exact(tokens).zip(of_context.chunks_exact(self.width));
        let queries = queries.chunks_exact(self.width);
        let targets = queries.zip(of_queries.chunks_exact_mut(self.width));
        for ((shares, of_context), (query, of_query)) in rows.zip(targets) {
            self.of_scores(shares, of_context, &mut of_scores);
            mix(&of_scores, keys, of_query);
            scatter(&of_scores, query, of_keys);
            scatter(shares, of_context, of_values);
        }
        slopes
    }

    /// The slopes of one query's scores, before they were scaled: softmax's Jacobian is diag(s) - s sᵀ.
    fn of_scores(&self, shares: &[f32], of_context: &[f32], of_scores: &mut [f32]) {
        let values = self.parts[2].chunks_exact(self.width);
        for (of_share, value) in of_scores.iter_mut().zip(values) {
            *of_share = dot(of_context, value);
        }
        let mean = dot(of_scores, shares);
        for (of_score, share) in of_scores.iter_mut().zip(shares) {
            *of_score = self.scale * share * (*of_score - mean);
        }
    }
}

/// `target` += the rows of `rows`, weighted.
fn mix(weights: &[f32], rows: &[f32], target: &mut [f32]) {
    for (weight, row) in weights.iter().zip(rows.chunks_exact(target.len().max(1))) {
        target.iter_mut().zip(row).for_each(|(target, x)| *target += weight * x);
    }
}

/// Each row of `targets` += `row`, weighted.
fn scatter(weights: &[f32], row: &[f32], targets: &mut [f32]) {
    for (weight, target) in weights.iter().zip(targets.chunks_exact_mut(row.len().max(1))) {
        target.iter_mut().zip(row).for_each(|(target, x)| *target += weight * x);
    }
}

/// Softmax of the scaled products of queries and keys.
fn shares(queries: &[f32], keys: &[f32], width: usize, scale: f32) -> Vec<f32> {
    let width = width.max(1);
    let mut all = Vec::with_capacity((keys.len() / width).pow(2));
    for query in queries.chunks_exact(width) {
        let start = all.len();
        all.extend(keys.chunks_exact(width).map(|key| scale * dot(query, key)));
        let row = all.get_mut(start..).unwrap_or_default();
        let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut total = 0.0;
        for x in row.iter_mut() {
            *x = exp(*x - most);
            total += *x;
        }
        for x in row {
            *x /= total;
        }
    }
    all
}
