//! Token vectors → one vector a text. Padding never counts.

use super::layout::Pooling;

/// Pools one text: `vectors` holds at least `tokens` rows of `hidden` numbers, the text's own first.
pub(super) fn pool(vectors: &[f32], tokens: usize, hidden: usize, pooling: Pooling) -> Vec<f32> {
    let rows = match pooling {
        Pooling::Mean => tokens,
        Pooling::Cls => tokens.min(1),
    };
    let mut pooled = vec![0f32; hidden];
    for row in vectors.chunks_exact(hidden.max(1)).take(rows) {
        for (sum, x) in pooled.iter_mut().zip(row) {
            *sum += x;
        }
    }
    let scale = 1.0 / rows.max(1) as f32;
    for x in &mut pooled {
        *x *= scale;
    }
    pooled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_never_counts() {
        let vectors = [1.0, 2.0, 3.0, 4.0, 99.0, 99.0];
        assert_eq!(pool(&vectors, 2, 2, Pooling::Mean), [2.0, 3.0]);
        assert_eq!(pool(&vectors, 2, 2, Pooling::Cls), [1.0, 2.0]);
        assert_eq!(pool(&vectors, 0, 2, Pooling::Mean), [0.0, 0.0]);
    }
}
