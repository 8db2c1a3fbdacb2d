//! A trained model as a folder like any other: put together out of sight, then given its name.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use serde::Serialize;

use super::network::{ATTEND, bias_of, weight_of};
use super::store::{StoreError, write_whole};
use super::{Parameter, Trainable};
use crate::encoder::EncoderError;
use crate::encoder::layout::{CONFIG, ENCODER, Layout, Pooling, TOKENIZER, WEIGHTS};
use crate::encoder::weights::{KEY, Numbers, QUERY, VALUE, expected, in_layer, tensors};
use crate::error::{Classify, Kind};

/// The file that says how a model came about.
const PROVENANCE: &str = "training.json";
/// Says the longest text a model was trained on.
const LENGTH: &str = "sentence_bert_config.json";

/// How a model came about: written as `training.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Provenance {
    /// The model it was trained from.
    pub base: String,
    /// sha-256 of that model's weights.
    pub base_sha256: String,
    /// sha-256 of each file it was trained on, in the order given.
    pub data_sha256: Vec<String>,
    /// What chance was drawn from.
    pub seed: u64,
    /// Passes over the data that the weights have seen.
    pub epochs: usize,
    /// How far the written weights went from the base's, 0, to the trained ones, 1. Between the two a model keeps more of
    /// what it could do before (Wortsman et al. 2022, arXiv 2109.01903).
    pub blend: f64,
    /// What was held out scored this with the trained weights, 0..1; nothing if nothing was held out.
    pub held_out: Option<f64>,
}

impl Trainable {
    /// Where a model of this name is put together, under `models`; refuses a name that is taken or none.
    pub fn stage(models: &Path, name: &str) -> Result<PathBuf, StoreError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if name.is_empty() || name.len() > 128 || name.starts_with('.') || !name.chars().all(plain)
        {
            return Err(StoreError::Name { name: name.to_owned() });
        }
        let target = models.join(name);
        if target.symlink_metadata().is_ok() {
            return Err(StoreError::Taken { path: target });
        }
        let stage = models.join(format!(".{name}.part"));
        fs::create_dir_all(&stage).map_err(StoreError::unwritable(&stage))?;
        Ok(stage)
    }

    /// Writes the model as it now is into `models/name`; the stage goes, with all that is in it.
    pub fn write(
        &self,
        models: &Path,
        name: &str,
        provenance: &Provenance,
    ) -> Result<PathBuf, WriteError> {
        let stage = Self::stage(models, name)?;
        let ready = stage.join("ready");
        fs::create_dir_all(&ready).map_err(StoreError::unwritable(&ready))?;
        let weights = self.merged(provenance.blend)?;
        let bytes = safetensors::serialize(&weights, None).map_err(candle_core::Error::from);
        write_whole(&ready.join(WEIGHTS), &bytes.map_err(EncoderError::from)?)?;
        for file in [CONFIG, TOKENIZER, LENGTH] {
            copy(&self.layout.dir.join(file), &ready.join(file))?;
        }
        write_whole(&ready.join(ENCODER), encoder_file(&self.layout).as_bytes())?;
        let told = serde_json::to_string_pretty(provenance).unwrap_or_default() + "\n";
        write_whole(&ready.join(PROVENANCE), told.as_bytes())?;
        let target = models.join(name);
        fs::rename(&ready, &target).map_err(StoreError::unwritable(&target))?;
        drop(fs::remove_dir_all(&stage));
        Ok(target)
    }

    /// The tensors of the folder this was loaded from; those that were trained go as far as `blend` says.
    fn merged(&self, blend: f64) -> Result<HashMap<String, Tensor>, EncoderError> {
        let mut weights = tensors::read(&self.layout.dir.join(WEIGHTS), &self.layout.shape)?;
        let mut all = HashMap::new();
        for name in expected(&self.layout.shape).into_keys() {
            let Some(array) = weights.take(&name) else { continue };
            let tensor = match array.numbers {
                Numbers::F32(numbers) => Tensor::from_vec(numbers, array.shape, &Device::Cpu),
                Numbers::F16(numbers) => Tensor::from_vec(numbers, array.shape, &Device::Cpu),
            };
            all.insert(name, tensor?);
        }
        for parameter in &self.parameters {
            for (name, trained) in stored(parameter)? {
                let start = all.get(&name).filter(|_| blend < 1.0);
                let blended = start.map(|start| blended(start, &trained, blend)).transpose()?;
                all.insert(name, blended.unwrap_or(trained));
            }
        }
        Ok(all)
    }
}

/// Why a trained model was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The weights could not be put together.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
}

impl Classify for WriteError {
    fn kind(&self) -> Kind {
        match self {
            Self::Store(error) => error.kind(),
            Self::Encoder(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Store(error) => error.reason(),
            Self::Encoder(error) => error.reason(),
        }
    }

    fn remedy(&self) -> Cow<'static, str> {
        match self {
            Self::Store(error) => error.remedy(),
            Self::Encoder(error) => error.remedy(),
        }
    }
}

/// A parameter under the usual names and the usual way round.
fn stored(parameter: &Parameter) -> Result<Vec<(String, Tensor)>, EncoderError> {
    let tensor = parameter.variable.as_detached_tensor().to_device(&Device::Cpu)?;
    let tensor = if tensor.rank() == 2 { tensor.t()?.contiguous()? } else { tensor };
    let Some(layer) = attend_layer(&parameter.name) else {
        return Ok(vec![(parameter.name.clone(), tensor)]);
    };
    let name = if tensor.rank() == 2 { weight_of } else { bias_of };
    let parts = tensor.chunk(3, 0)?;
    let names = [QUERY, KEY, VALUE].map(|part| name(&in_layer(layer, part)));
    let parts = parts.into_iter().map(|part| part.contiguous()).collect::<Result<Vec<_>, _>>()?;
    Ok(names.into_iter().zip(parts).collect())
}

/// (1 - `blend`) x `start` + `blend` x `trained`, in the numbers of the latter.
fn blended(start: &Tensor, trained: &Tensor, blend: f64) -> candle_core::Result<Tensor> {
    let start = start.to_dtype(trained.dtype())?;
    (start * (1.0 - blend))? + (trained * blend)?
}

/// The layer whose query, key and value this is, if it is one's.
fn attend_layer(name: &str) -> Option<usize> {
    let rest = name.strip_prefix("encoder.layer.")?;
    let (layer, part) = rest.split_once('.')?;
    part.starts_with(ATTEND).then(|| layer.parse().ok()).flatten()
}

fn encoder_file(layout: &Layout) -> String {
    let pooling = match layout.pooling {
        Pooling::Mean => "mean",
        Pooling::Cls => "cls",
    };
    let text = |text: &str| toml::Value::from(text).to_string();
    let (query, passage) = (text(&layout.prefixes.query), text(&layout.prefixes.passage));
    format!("pooling = \"{pooling}\"\n\n[prefix]\nquery = {query}\npassage = {passage}\n")
}

/// Copies a file, if it is there.
fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    if !from.is_file() {
        return Ok(());
    }
    fs::copy(from, to).map(drop).map_err(StoreError::unwritable(to))
}
