//! One run, step by step.

use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::adamw::{Adapted, Stride, square_norm};
use super::lessons::{Lessons, Shard};
use super::loss::{logits, loss};
use super::{Config, FinetuneError, Material, schedule};
use crate::encoder::training::Trainable;
use crate::encoder::{EncoderError, Tokens};
use crate::intent::Dice;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Steps done.
    pub step: usize,
    /// Steps at most.
    pub steps: usize,
    /// Passes over the material that are complete.
    pub epoch: usize,
    /// The loss of the step.
    pub loss: f64,
    /// The held-out figure, 0..1, where a pass has just ended and something is held out.
    pub held_out: Option<f64>,
}

/// The best weights so far.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Best {
    pub(super) figure: f64,
    pub(super) epoch: usize,
    pub(super) weights: Vec<Vec<f32>>,
}

/// A run on a model, whose variables it moves.
#[derive(Debug)]
pub struct Trainer<'m> {
    pub(super) model: &'m Trainable,
    pub(super) config: Config,
    lessons: Lessons,
    held: Lessons,
    /// `[classes, dimensions]`, where there are classes.
    prototypes: Option<Var>,
    /// The model's parameters, then the prototypes.
    pub(super) adapted: Vec<Adapted>,
    pub(super) original: Vec<Vec<f32>>,
    pub(super) best: Option<Best>,
    pub(super) step: usize,
    steps: usize,
    per_epoch: usize,
    plan: Vec<Vec<Shard>>,
    planned: Option<usize>,
    workers: Vec<ThreadPool>,
}

/// Texts that go through the network together when no gradient is wanted.
const LOOKED_AT: usize = 64;

impl<'m> Trainer<'m> {
    /// Prepares a run. `held` is never trained on: it says when to stop.
    pub fn new(
        model: &'m Trainable,
        material: &Material,
        held: &Material,
        config: Config,
    ) -> Result<Self, FinetuneError> {
        let all = Lessons::joined(material, held, |text| model.tokenize(text))?;
        let (lessons, held) = all;
        let workers = (0..config.shards.max(1))
            .map(|_| ThreadPoolBuilder::new().num_threads(1).build())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| EncoderError::Thread(std::io::Error::other(error)))?;
        let per_epoch = lessons.batches(shard_size(&config), config.shards, Dice::new(0)).len();
        let mut trainer = Self {
            model,
            original: Vec::new(),
            lessons,
            held,
            prototypes: None,
            adapted: Vec::new(),
            best: None,
            step: 0,
            steps: per_epoch * config.epochs,
            per_epoch,
            plan: Vec::new(),
            planned: None,
            workers,
            config,
        };
        trainer.adapt()?;
        trainer.original = trainer.weights()?;
        Ok(trainer)
    }

    /// The number of steps at most.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The number of steps that are done.
    pub fn done(&self) -> usize {
        self.step
    }

    /// Whether no step is left, or the held-out figure has not risen for too long.
    pub fn is_over(&self) -> bool {
        let since = |best: &Best| self.step / self.per_epoch.max(1) - best.epoch;
        let tired = self.best.as_ref().is_some_and(|best| since(best) >= self.config.patience);
        self.step >= self.steps || (tired && self.step.is_multiple_of(self.per_epoch.max(1)))
    }

    /// Takes a step.
    pub fn step(&mut self) -> Result<Progress, FinetuneError> {
        let epoch = self.step / self.per_epoch.max(1);
        self.plan(epoch);
        let batch = self.plan.get(self.step % self.per_epoch.max(1)).cloned().unwrap_or_default();
        let parts = self.each(&batch, |at, shard| self.slope(at, shard))?;
        let loss = parts.iter().map(|(loss, _)| loss).sum::<f64>() / parts.len().max(1) as f64;
        let gradients: Vec<GradStore> = parts.into_iter().map(|(_, gradients)| gradients).collect();
        self.descend(&gradients, loss)?;
        self.step += 1;
        let ended = self.step.is_multiple_of(self.per_epoch.max(1));
        let held_out = if ended { self.look()? } else { None };
        let epoch = self.step / self.per_epoch.max(1);
        Ok(Progress { step: self.step, steps: self.steps, epoch, loss, held_out })
    }

    /// Puts the final weights into the model: the best, or the last if nothing was held out, moved back towards the original
    /// by what [`Config::blend`] says. Gives the pass they are from, and their held-out figure.
    pub fn finish(&mut self) -> Result<(usize, Option<f64>), FinetuneError> {
        let epoch = self.step / self.per_epoch.max(1);
        let (epoch, weights) = match self.best.take() {
            Some(best) => (best.epoch, best.weights),
            None => (epoch, self.weights()?),
        };
        let blend = self.config.blend;
        let mixed = |(original, tuned): (&Vec<f32>, Vec<f32>)| -> Vec<f32> {
            original.iter().zip(tuned).map(|(o, t)| o + blend * (t - o)).collect()
        };
        let mixed: Vec<Vec<f32>> = self.original.iter().zip(weights).map(mixed).collect();
        self.put(&mixed)?;
        Ok((epoch, self.figure()?))
    }

    /// Makes the prototypes, and an optimiser for every variable.
    fn adapt(&mut self) -> Result<(), FinetuneError> {
        let layers = self.model.layers();
        let Config { rate, prototype_rate, layer_decay, weight_decay, .. } = self.config;
        for parameter in self.model.parameters() {
            let below = i32::try_from(layers - parameter.depth).unwrap_or(0);
            let decay = if parameter.decays { weight_decay } else { 0.0 };
            let factor = layer_decay.powi(below);
            self.adapted.push(Adapted::new(parameter.variable.clone(), factor, decay));
        }
        if self.lessons.classes > 0 {
            let means = self.means()?;
            self.lessons.know_neighbours(&means, self.model.dimensions());
            let shape = (self.lessons.classes, self.model.dimensions());
            let prototypes = Var::from_vec(means, shape, self.model.device())?;
            self.adapted.push(Adapted::new(prototypes.clone(), prototype_rate / rate, 0.0));
            self.prototypes = Some(prototypes);
        }
        Ok(())
    }

    /// The mean vector of each class, as the original model sees it, in unit length, one after the other.
    fn means(&self) -> Result<Vec<f32>, FinetuneError> {
        let width = self.model.dimensions();
        let mut sums = vec![0f32; self.lessons.classes * width];
        let labelled: Vec<usize> = (0..self.lessons.texts.len())
            .filter(|place| self.lessons.texts.get(*place).is_some_and(|text| text.class.is_some()))
            .collect();
        let vectors = self.vectors_of(&self.lessons, &labelled)?;
        for (place, vector) in labelled.iter().zip(vectors.chunks_exact(width)) {
            let class = self.lessons.texts.get(*place).and_then(|text| text.class).unwrap_or(0);
            let sum = sums.get_mut(class * width..(class + 1) * width).unwrap_or_default();
            sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
        }
        for sum in sums.chunks_exact_mut(width) {
            let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-6);
            for x in sum {
                *x /= length;
            }
        }
        Ok(sums)
    }

    /// Vectors without gradients, one after the other.
    fn vectors_of(&self, lessons: &Lessons, places: &[usize]) -> Result<Vec<f32>, FinetuneError> {
        let chunks: Vec<&[usize]> = places.chunks(LOOKED_AT).collect();
        let mut all = Vec::new();
        for some in chunks.chunks(self.workers.len()) {
            let found = self.each(some, |_, places| {
                let texts: Vec<Tokens> = places
                    .iter()
                    .filter_map(|place| lessons.texts.get(*place))
                    .map(|text| text.tokens.clone())
                    .collect();
                let vectors = self.model.vectors(&texts)?.flatten_all()?.to_vec1::<f32>()?;
                Ok(vectors)
            })?;
            all.extend(found.into_iter().flatten());
        }
        Ok(all)
    }

    fn plan(&mut self, epoch: usize) {
        if self.planned != Some(epoch) {
            let dice =
                Dice::new(self.config.seed.wrapping_mul(1_000_003).wrapping_add(epoch as u64));
            self.plan = self.lessons.batches(shard_size(&self.config), self.config.shards, dice);
            self.planned = Some(epoch);
        }
    }

    /// Loss and gradients of a shard.
    fn slope(&self, at: usize, shard: &Shard) -> Result<(f64, GradStore), FinetuneError> {
        let seed =
            self.config.seed.wrapping_mul(1_000_033).wrapping_add((self.step * 64 + at) as u64);
        let mut dice = Dice::new(seed ^ 0x5eed);
        let texts: Vec<Tokens> = shard
            .texts
            .iter()
            .filter_map(|place| self.lessons.texts.get(*place))
            .map(|text| thinned(&text.tokens, self.config.token_drop, &mut dice))
            .collect();
        let vectors = self.model.vectors(&texts)?;
        let prototypes = self.prototypes.as_ref().map(Var::as_tensor);
        let loss = loss(&vectors, prototypes, shard, self.config.loss)?;
        let gradients = loss.backward()?;
        Ok((f64::from(loss.to_scalar::<f32>()?), gradients))
    }

    fn descend(&self, gradients: &[GradStore], loss: f64) -> Result<(), FinetuneError> {
        let of = |adapted: &Adapted| -> Vec<Tensor> {
            gradients.iter().filter_map(|all| all.get(&adapted.variable)).cloned().collect()
        };
        let all: Vec<Vec<Tensor>> = self.adapted.iter().map(of).collect();
        let squares = self.halves(&all, |_, gradients| square_norm(&references(gradients)))?;
        let shards = gradients.len().max(1) as f64;
        let length = squares.iter().sum::<f64>().sqrt() / shards;
        if !(length.is_finite() && loss.is_finite()) {
            return Err(FinetuneError::Diverged { step: self.step + 1 });
        }
        let rate = self.config.rate * schedule::share(self.step, self.steps, self.config.warm_up);
        let clip = (self.config.longest_gradient / length.max(1e-12)).min(1.0);
        let stride = Stride { rate, scale: clip / shards, count: self.step + 1 };
        self.halves(&all, |at, gradients| match self.adapted.get(at) {
            Some(adapted) if !gradients.is_empty() => adapted.step(&references(gradients), stride),
            _ => Ok(()),
        })?;
        Ok(())
    }

    /// Works on all tensors, each worker on every so-manieth; results in order.
    fn halves<R: Send>(
        &self,
        all: &[Vec<Tensor>],
        work: impl Fn(usize, &[Tensor]) -> candle_core::Result<R> + Sync,
    ) -> Result<Vec<R>, FinetuneError> {
        let count = self.workers.len();
        let own: Vec<usize> = (0..count).collect();
        let parts = self.each(&own, |_, first| {
            let mine = all.iter().enumerate().skip(*first).step_by(count);
            Ok(mine.map(|(at, tensors)| work(at, tensors)).collect::<Result<Vec<R>, _>>()?)
        })?;
        let mut parts: Vec<_> = parts.into_iter().map(Vec::into_iter).collect();
        Ok((0..all.len()).filter_map(|at| parts.get_mut(at % count)?.next()).collect())
    }

    /// Does `work` for up to as many items as there are workers, side by side; results in order.
    fn each<T: Sync, R: Send>(
        &self,
        items: &[T],
        work: impl Fn(usize, &T) -> Result<R, FinetuneError> + Sync,
    ) -> Result<Vec<R>, FinetuneError> {
        let work = &work;
        std::thread::scope(|scope| {
            let threads: Vec<_> = self
                .workers
                .iter()
                .zip(items)
                .enumerate()
                .map(|(at, (worker, item))| scope.spawn(move || worker.install(|| work(at, item))))
                .collect();
            let done = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
            done.map(|result| result.unwrap_or(Err(EncoderError::Panicked.into()))).collect()
        })
    }

    /// Reads the held-out figure, and remembers the weights if it is the best.
    fn look(&mut self) -> Result<Option<f64>, FinetuneError> {
        let Some(figure) = self.figure()? else { return Ok(None) };
        if self.best.as_ref().is_none_or(|best| figure > best.figure) {
            let (epoch, weights) = (self.step / self.per_epoch.max(1), self.weights()?);
            self.best = Some(Best { figure, epoch, weights });
        }
        Ok(Some(figure))
    }

    /// The share of held-out texts whose nearest prototype is their own, and of held-out pairs that are ranked right; the
    /// mean of both where there are both.
    pub fn figure(&self) -> Result<Option<f64>, FinetuneError> {
        let places: Vec<usize> = (0..self.held.texts.len()).collect();
        if places.is_empty() {
            return Ok(None);
        }
        let vectors = self.vectors_of(&self.held, &places)?;
        let width = self.model.dimensions();
        let rows: Vec<&[f32]> = vectors.chunks_exact(width).collect();
        let figures = [self.recognised(&rows)?, self.held.ranked(&rows)];
        let figures: Vec<f64> = figures.into_iter().flatten().collect();
        Ok((!figures.is_empty()).then(|| figures.iter().sum::<f64>() / figures.len() as f64))
    }

    fn recognised(&self, rows: &[&[f32]]) -> Result<Option<f64>, FinetuneError> {
        let Some(prototypes) = &self.prototypes else { return Ok(None) };
        let labelled: Vec<(&[f32], usize)> = self
            .held
            .texts
            .iter()
            .zip(rows)
            .filter_map(|(text, row)| Some((*row, text.class?)))
            .collect();
        if labelled.is_empty() {
            return Ok(None);
        }
        let numbers: Vec<f32> = labelled.iter().flat_map(|(row, _)| row.iter().copied()).collect();
        let shape = (labelled.len(), self.model.dimensions());
        let vectors = Tensor::from_vec(numbers, shape, self.model.device())?;
        let logits = logits(&vectors, prototypes.as_tensor(), 1.0)?;
        let found = logits.argmax(1)?.to_vec1::<u32>()?;
        let right =
            found.iter().zip(&labelled).filter(|(found, (_, class))| **found as usize == *class);
        Ok(Some(right.count() as f64 / labelled.len() as f64))
    }

    /// The numbers of the model's parameters and of the prototypes, in order.
    pub(super) fn weights(&self) -> Result<Vec<Vec<f32>>, FinetuneError> {
        let numbers = |adapted: &Adapted| adapted.variable.flatten_all()?.to_vec1::<f32>();
        Ok(self.adapted.iter().map(numbers).collect::<Result<_, _>>()?)
    }

    pub(super) fn put(&self, weights: &[Vec<f32>]) -> Result<(), FinetuneError> {
        for (adapted, numbers) in self.adapted.iter().zip(weights) {
            let (shape, device) = (adapted.variable.shape(), adapted.variable.device());
            adapted.variable.set(&Tensor::from_slice(numbers, shape, device)?)?;
        }
        Ok(())
    }
}

fn references(tensors: &[Tensor]) -> Vec<&Tensor> {
    tensors.iter().collect()
}

fn shard_size(config: &Config) -> usize {
    (config.batch / config.shards.max(1)).max(2)
}

/// A text without some of its tokens; the first and the last, which mark its ends, stay.
fn thinned(tokens: &Tokens, share: f32, dice: &mut Dice) -> Tokens {
    let last = tokens.len().saturating_sub(1);
    let stays =
        |place: usize, dice: &mut Dice| place == 0 || place == last || dice.share() >= share;
    let ids: Vec<u32> = tokens
        .ids()
        .iter()
        .enumerate()
        .filter_map(|(place, id)| stays(place, dice).then_some(*id))
        .collect();
    // Two tokens that mark the ends of nothing say nothing.
    if ids.len() <= 2 { tokens.clone() } else { Tokens::new(ids, tokens.truncated()) }
}
