//! [`LocalEncoder`]: a model folder put together as an [`Encoder`], run by candle on the calling thread.

use std::path::Path;
use std::thread;

use candle_core::{Device, Tensor};
use sha2::{Digest, Sha256};

use super::bert::{Bert, Pass};
use super::layout::{Layout, Prefixes, TOKENIZER, WEIGHTS};
use super::tokenize::TextReader;
use super::weights::{self, Weights};
use super::{Embedding, Encoder, EncoderError, Model, Role, Tokens, pool, source};

/// The least cap: two special tokens, a prefix and a word or two.
const LEAST_TOKENS: usize = 8;

/// A BERT in this process.
#[derive(Debug)]
pub struct LocalEncoder {
    model: Model,
    prefixes: Prefixes,
    reader: TextReader,
    bert: Bert,
}

impl LocalEncoder {
    /// Loads a folder; see [`super::load_capped`].
    pub fn load(dir: &Path, max_tokens: usize) -> Result<Self, EncoderError> {
        if max_tokens < LEAST_TOKENS {
            return Err(EncoderError::Setting { setting: "max_tokens", range: "at least 8" });
        }
        let layout = Layout::read(dir)?;
        let max_tokens = max_tokens.min(layout.longest);
        let (reader, weights) = read_both(&layout, max_tokens);
        let ((reader, tokenizer_hash), mut weights) = (reader?, weights?);
        let hash = identity(&layout, max_tokens, &[&weights.hash, &tokenizer_hash]);
        let bert = Bert::new(&layout.shape, &mut weights)?;
        let model = Model {
            name: layout.name(),
            dimensions: layout.shape.hidden,
            layers: layout.shape.layers,
            vocabulary: layout.shape.vocabulary,
            max_tokens,
            pooling: layout.pooling,
            hash,
        };
        Ok(Self { model, prefixes: layout.prefixes, reader, bert })
    }
}

type Reader = (TextReader, String);

/// Tokenizer and weights take about as long as each other, so they are read side by side.
fn read_both(
    layout: &Layout,
    max_tokens: usize,
) -> (Result<Reader, EncoderError>, Result<Weights, EncoderError>) {
    thread::scope(|scope| {
        let reader = scope.spawn(|| read_tokenizer(layout, max_tokens));
        let weights = weights::tensors::read(&layout.dir.join(WEIGHTS), &layout.shape);
        (reader.join().unwrap_or(Err(EncoderError::Panicked)), weights)
    })
}

fn read_tokenizer(layout: &Layout, max_tokens: usize) -> Result<Reader, EncoderError> {
    let path = layout.dir.join(TOKENIZER);
    let bytes = std::fs::read(&path)
        .map_err(|source| EncoderError::Unreadable { path: path.clone(), source })?;
    let reader = TextReader::new(&path, &bytes, layout.shape.vocabulary, max_tokens)?;
    Ok((reader, source::hex(&Sha256::digest(&bytes))))
}

/// The hash of all that an embedding depends on.
fn identity(layout: &Layout, max_tokens: usize, files: &[&str]) -> String {
    let Layout { shape, pooling, prefixes, .. } = layout;
    let said = format!(
        "{files:?} {} {} {:?} {pooling:?} {prefixes:?} {max_tokens}",
        shape.heads, shape.epsilon, shape.activation
    );
    source::hex(&Sha256::digest(said))
}

impl Encoder for LocalEncoder {
    fn model(&self) -> &Model {
        &self.model
    }

    fn tokenize(&self, text: &str, role: Role) -> Result<Tokens, EncoderError> {
        self.reader.read(self.prefixes.of(role), text)
    }

    fn encode(&self, batch: &[Tokens]) -> Result<Vec<Embedding>, EncoderError> {
        let longest = batch.iter().map(Tokens::len).max().unwrap_or(0);
        if batch.iter().any(Tokens::is_empty) {
            return Err(EncoderError::NoTokens);
        }
        if longest == 0 {
            return Ok(Vec::new());
        }
        let (ids, mask) = padded(batch, longest);
        let shape = (batch.len(), longest);
        let ids = Tensor::from_vec(ids, shape, &Device::Cpu)?;
        let mask = Tensor::from_vec(mask, shape, &Device::Cpu)?;
        let vectors = self.bert.forward(&ids, &mask, Pass::Inference)?;
        let vectors = vectors.flatten_all()?.to_vec1::<f32>()?;
        let hidden = self.model.dimensions;
        let pooled =
            batch.iter().zip(vectors.chunks_exact(longest * hidden)).map(|(text, rows)| {
                Embedding::from_raw(pool::pool(rows, text.len(), hidden, self.model.pooling))
            });
        Ok(pooled.collect())
    }
}

/// The ids of a batch, zeros where a text has ended, and 1 or 0 for whether it has.
fn padded(batch: &[Tokens], longest: usize) -> (Vec<u32>, Vec<f32>) {
    let mut ids = Vec::with_capacity(batch.len() * longest);
    let mut mask = Vec::with_capacity(ids.capacity());
    for (text, end) in batch.iter().zip((longest..).step_by(longest)) {
        ids.extend_from_slice(text.ids());
        mask.resize(ids.len(), 1.0);
        ids.resize(end, 0);
        mask.resize(end, 0.0);
    }
    (ids, mask)
}
