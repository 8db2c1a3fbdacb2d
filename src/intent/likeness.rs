//! How typical a vector is of a class, against how typical it is of everything known: the relative Mahalanobis distance.
//! A head must choose among the classes it knows, so a foreign vector can look certain to it; this reader can say that a
//! vector is like none of them. It ranks nothing; it is evidence for the gate.

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::{Examples, FitError, Folds};
use crate::encoder::{dots, squared_distances};

/// The share of a plain sphere in the common covariance. Few questions cannot fix the shape of a cloud in hundreds of
/// dimensions: with less than this, small knowledge bases see their own noise; more throws the shape of large ones away.
/// Chosen on the training parts of open sets.
const SPHERE: f64 = 0.8;
/// What a class without examples scores, and the least that any class scores.
const FOREIGN: f64 = -3.0;

/// Classes as clouds of one common shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Likeness {
    dimensions: usize,
    /// Lower triangle, row by row, of the matrix that turns the common shape into a unit sphere.
    whiten: Vec<f32>,
    /// The centre of each class after whitening; empty where a class has no example.
    centres: Vec<Vec<f32>>,
    /// The centre of everything after whitening.
    middle: Vec<f32>,
}

impl Likeness {
    /// Knows no class: everything is foreign.
    pub fn empty(classes: usize) -> Self {
        Self {
            dimensions: 0,
            whiten: Vec::new(),
            centres: vec![Vec::new(); classes],
            middle: Vec::new(),
        }
    }

    /// Fits the clouds.
    pub fn fit<V: AsRef<[f32]>>(examples: &Examples<'_, V>) -> Result<Self, FitError> {
        Self::fit_some(examples, &examples.all())
    }

    /// For every vector that is held out the scores that clouds give it which were fitted without its fold, in order.
    pub fn out_of_fold<V: AsRef<[f32]> + Sync>(
        examples: &Examples<'_, V>,
        folds: Folds,
    ) -> Result<Vec<Option<Vec<f64>>>, FitError> {
        examples.cross(folds, |seen| Self::fit_some(examples, seen), Self::scores)
    }

    /// Per class how much nearer the vector is to it than to the middle of everything, per dimension: about 0 is foreign,
    /// above is typical; at least -3.
    pub fn scores(&self, vector: &[f32]) -> Vec<f64> {
        let white = self.whitened(vector);
        let scale = self.dimensions.max(1) as f64;
        let base = squared_distances(&white, [self.middle.as_slice()].into_iter());
        let base = base.first().copied().unwrap_or_default();
        let near = squared_distances(&white, self.centres.iter().map(Vec::as_slice));
        let score = |(near, centre): (f32, &Vec<f32>)| {
            let score = if centre.is_empty() { FOREIGN } else { f64::from(base - near) / scale };
            score.max(FOREIGN)
        };
        near.into_iter().zip(&self.centres).map(score).collect()
    }

    /// The numbers that make it what it is, little-endian: what a bundle hashes.
    pub fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        let centres = self.centres.iter().flatten();
        self.whiten
            .iter()
            .chain(centres)
            .chain(&self.middle)
            .flat_map(|number| number.to_le_bytes())
    }

    fn fit_some<V: AsRef<[f32]>>(
        examples: &Examples<'_, V>,
        chosen: &[usize],
    ) -> Result<Self, FitError> {
        let clouds = Clouds::of(examples, chosen);
        let shape = clouds.shape(examples, chosen)?;
        let whiten = inverse_of_root(shape, examples.width());
        let mut fitted =
            Self { dimensions: examples.width(), whiten, centres: Vec::new(), middle: Vec::new() };
        fitted.middle = fitted.whitened(&clouds.middle);
        let centre = |(count, mean): (&usize, &Vec<f32>)| match count {
            0 => Vec::new(),
            _ => fitted.whitened(mean),
        };
        fitted.centres = clouds.counts.iter().zip(&clouds.means).map(centre).collect();
        Ok(fitted)
    }

    fn whitened(&self, vector: &[f32]) -> Vec<f32> {
        let rows = self.whiten.chunks(self.dimensions.max(1)).enumerate();
        // Nothing stands above the diagonal.
        dots(vector, rows.map(|(i, row)| row.get(..=i).unwrap_or(row)))
    }
}

/// Where the classes lie.
struct Clouds {
    counts: Vec<usize>,
    means: Vec<Vec<f32>>,
    middle: Vec<f32>,
}

impl Clouds {
    fn of<V: AsRef<[f32]>>(examples: &Examples<'_, V>, chosen: &[usize]) -> Self {
        let mut counts = vec![0; examples.classes()];
        let mut means = vec![vec![0f32; examples.width()]; examples.classes()];
        let mut middle = vec![0f32; examples.width()];
        for (vector, label) in examples.pick(chosen) {
            if let (Some(count), Some(mean)) = (counts.get_mut(label), means.get_mut(label)) {
                *count += 1;
                add(mean, vector);
                add(&mut middle, vector);
            }
        }
        for (mean, &count) in means.iter_mut().zip(&counts) {
            divide(mean, count);
        }
        divide(&mut middle, chosen.len());
        Self { counts, means, middle }
    }

    /// The common covariance, drawn towards a sphere of equal size. Where no class has two examples, the spread of all
    /// around the middle stands in for it.
    fn shape<V: AsRef<[f32]>>(
        &self,
        examples: &Examples<'_, V>,
        chosen: &[usize],
    ) -> Result<Vec<f64>, FitError> {
        let width = examples.width();
        let within = self.residuals(examples, chosen);
        let around = || examples.pick(chosen).map(|(vector, _)| (vector, &self.middle[..], 1.0));
        let rows = if within.is_empty() { differences(around()) } else { within };
        let count = rows.len() / width.max(1);
        let mut shape = products(rows, width)?;
        for x in &mut shape {
            *x /= count.max(1) as f64;
        }
        let size = diagonal(&shape, width).sum::<f64>() / width as f64;
        let size = if size > f64::EPSILON { size } else { 1.0 };
        for x in &mut shape {
            *x *= 1.0 - SPHERE;
        }
        for i in 0..width {
            if let Some(x) = shape.get_mut(i * width + i) {
                *x += SPHERE * size;
            }
        }
        Ok(shape)
    }

    /// Each example minus its class's mean, widened by what its own share in that mean took away.
    fn residuals<V: AsRef<[f32]>>(&self, examples: &Examples<'_, V>, chosen: &[usize]) -> Vec<f32> {
        let rows = examples.pick(chosen).filter_map(|(vector, label)| {
            let (&count, mean) = (self.counts.get(label)?, self.means.get(label)?);
            let widen = (count as f32 / (count as f32 - 1.0)).sqrt();
            (count > 1).then_some((vector, &mean[..], widen))
        });
        differences(rows)
    }
}

fn differences<'a>(rows: impl Iterator<Item = (&'a [f32], &'a [f32], f32)>) -> Vec<f32> {
    rows.flat_map(|(a, b, factor)| a.iter().zip(b).map(move |(x, y)| (x - y) * factor)).collect()
}

/// The sum over all rows of their outer products, `width` × `width`.
fn products(rows: Vec<f32>, width: usize) -> Result<Vec<f64>, FitError> {
    let count = rows.len() / width.max(1);
    if count == 0 {
        return Ok(vec![0.0; width * width]);
    }
    let rows = Tensor::from_vec(rows, (count, width), &Device::Cpu)?;
    let summed = rows.t()?.matmul(&rows)?.flatten_all()?.to_vec1::<f32>()?;
    Ok(summed.into_iter().map(f64::from).collect())
}

/// For a positive definite matrix A = L·Lᵀ the lower triangle of L⁻¹, in place of A, row by row.
fn inverse_of_root(mut matrix: Vec<f64>, width: usize) -> Vec<f32> {
    cholesky(&mut matrix, width);
    invert_lower(&matrix, width)
}

/// A → L, where A = L·Lᵀ; what stood above the diagonal is left and never read.
fn cholesky(matrix: &mut [f64], width: usize) {
    for i in 0..width {
        let (done, rest) = matrix.split_at_mut(i * width);
        let Some(row) = rest.get_mut(..width) else { return };
        for (j, above) in done.chunks_exact(width).enumerate() {
            let known: f64 = row.iter().zip(above).take(j).map(|(x, y)| x * y).sum();
            if let (Some(x), Some(&pivot)) = (row.get_mut(j), above.get(j)) {
                *x = (*x - known) / pivot;
            }
        }
        let known: f64 = row.iter().take(i).map(|x| x * x).sum();
        if let Some(pivot) = row.get_mut(i) {
            // The sphere's share keeps this positive; the floor is for rounding alone.
            *pivot = (*pivot - known).max(1e-12).sqrt();
        }
    }
}

/// L → L⁻¹ by forward substitution, row by row.
#[expect(clippy::cast_possible_truncation, reason = "a reader works in f32")]
fn invert_lower(lower: &[f64], width: usize) -> Vec<f32> {
    let mut inverse: Vec<f64> = Vec::with_capacity(width * width);
    for (i, row) in lower.chunks_exact(width.max(1)).enumerate() {
        let mut summed = vec![0f64; width];
        for (factor, done) in row.iter().zip(inverse.chunks_exact(width.max(1))).take(i) {
            summed.iter_mut().zip(done).for_each(|(sum, x)| *sum -= factor * x);
        }
        if let Some(own) = summed.get_mut(i) {
            *own += 1.0;
        }
        let pivot = row.get(i).copied().unwrap_or(1.0);
        inverse.extend(summed.iter().map(|x| x / pivot));
    }
    inverse.into_iter().map(|x| x as f32).collect()
}

fn diagonal(matrix: &[f64], width: usize) -> impl Iterator<Item = f64> + '_ {
    matrix.iter().step_by(width + 1).copied()
}

fn add(to: &mut [f32], vector: &[f32]) {
    to.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
}

fn divide(sums: &mut [f32], count: usize) {
    for sum in sums {
        *sum /= count.max(1) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cloud() -> (Vec<Vec<f32>>, Vec<usize>) {
        // Two classes, stretched along the first axis, apart along the second.
        let vectors = (0..20u8).map(|i| {
            let along = (f32::from(i % 10) - 4.5) * 0.4;
            let apart = if i < 10 { 1.0 } else { -1.0 };
            vec![along, apart + if i % 2 == 0 { 0.05 } else { -0.05 }, 0.01 * along]
        });
        (vectors.collect(), (0..20).map(|i| usize::from(i >= 10)).collect())
    }

    #[test]
    fn the_own_class_is_likely_and_a_foreign_vector_is_like_none() {
        let (vectors, labels) = cloud();
        let likeness = Likeness::fit(&Examples::new(&vectors, &labels, 3).unwrap()).unwrap();
        let near = likeness.scores(&[0.2, 1.0, 0.0]);
        assert!(near[0] > 0.5 && near[1] < 0.0, "{near:?}");
        assert!((near[2] - FOREIGN).abs() < 1e-9, "a class without examples: {near:?}");
        let foreign = likeness.scores(&[0.0, 0.0, 3.0]);
        assert!(foreign.iter().all(|score| *score < near[0] / 2.0), "{foreign:?}");
    }

    #[test]
    fn the_inverse_root_whitens_its_matrix() {
        let matrix = vec![4.0, 2.0, 0.6, 2.0, 5.0, 1.0, 0.6, 1.0, 3.0];
        let root = inverse_of_root(matrix.clone(), 3);
        for i in 0..3 {
            for j in 0..3 {
                let entry: f64 = (0..9)
                    .map(|k| {
                        f64::from(root[i * 3 + k / 3]) * matrix[k] * f64::from(root[j * 3 + k % 3])
                    })
                    .sum();
                assert!((entry - f64::from(u8::from(i == j))).abs() < 1e-5, "{i},{j}: {entry}");
            }
        }
    }

    #[test]
    fn every_part_of_a_vector_is_whitened() {
        // Wider than any register, and no multiple of one: row by row another length is left over.
        let width: u8 = 37;
        let vectors: Vec<Vec<f32>> = (0..60u8)
            .map(|i| {
                (0..width).map(|j| f32::from(i).mul_add(1.7, f32::from(j) * 2.3).sin()).collect()
            })
            .collect();
        let labels: Vec<usize> = (0..60).map(|i| i % 3).collect();
        let likeness = Likeness::fit(&Examples::new(&vectors, &labels, 3).unwrap()).unwrap();
        let rows = likeness.whiten.chunks(usize::from(width)).enumerate();
        let white = rows.map(|(i, row)| -> f32 {
            row.iter().zip(&vectors[7]).take(i + 1).map(|(x, y)| x * y).sum()
        });
        for (found, expect) in likeness.whitened(&vectors[7]).into_iter().zip(white) {
            assert!((found - expect).abs() < 1e-4 * expect.abs().max(1.0), "{found}, {expect}");
        }
    }

    #[test]
    fn single_examples_and_equal_ones_are_no_obstacle() {
        let check = |vectors: &[Vec<f32>], labels: &[usize]| {
            let examples = Examples::new(vectors, labels, 2).unwrap();
            let scores = Likeness::fit(&examples).unwrap().scores(&vectors[0]);
            assert!(scores.iter().all(|score| score.is_finite()), "{scores:?}");
            let folds = Folds { count: 4, enough: 100 };
            let held = Likeness::out_of_fold(&examples, folds).unwrap();
            assert!(held.iter().all(Option::is_some) && held.len() == vectors.len());
        };
        check(&[vec![1.0, 0.0]], &[0]);
        check(&[vec![1.0, 0.0], vec![0.0, 1.0]], &[0, 1]);
        check(&[vec![1.0, 0.0], vec![1.0, 0.0]], &[1, 1]);
    }
}
