//! [`LocalEncoder`]: a model folder put together as an [`Encoder`], run on the calling thread.

use std::path::Path;
use std::thread;

use sha2::{Digest, Sha256};

use super::engine::Engine;
use super::layout::{Layout, Prefixes, TOKENIZER, WEIGHTS};
use super::tokenize::TextReader;
use super::weights::{self, Weights};
use super::{Backend, Embedding, Encoder, EncoderError, Model, Role, Tokens, source};

/// The least cap: two special tokens, a prefix and a word or two.
pub(super) const LEAST_TOKENS: usize = 8;

/// A BERT in this process.
#[derive(Debug)]
pub struct LocalEncoder {
    model: Model,
    prefixes: Prefixes,
    reader: TextReader,
    engine: Engine,
}

impl LocalEncoder {
    /// Loads a folder; see [`super::load_with`].
    pub fn load(dir: &Path, max_tokens: usize, backend: Backend) -> Result<Self, EncoderError> {
        if max_tokens < LEAST_TOKENS {
            return Err(EncoderError::Setting { setting: "max_tokens", range: "at least 8" });
        }
        let layout = Layout::read(dir)?;
        let max_tokens = max_tokens.min(layout.longest);
        let (reader, weights) = read_both(&layout, max_tokens);
        let ((reader, tokenizer_hash), mut weights) = (reader?, weights?);
        let engine = Engine::new(backend, &layout.shape, &mut weights)?;
        let parts = [weights.hash.as_str(), &tokenizer_hash, &engine.class()];
        let hash = identity(&layout, max_tokens, parts);
        let model = Model {
            name: layout.name(),
            dimensions: layout.shape.hidden,
            layers: layout.shape.layers,
            vocabulary: layout.shape.vocabulary,
            multiplied: layout.shape.multiplied(),
            max_tokens,
            pooling: layout.pooling,
            hash,
        };
        Ok(Self { model, prefixes: layout.prefixes, reader, engine })
    }
}

type Reader = (TextReader, String);

/// Tokenizer and weights take about as long as each other, so they are read side by side.
pub(super) fn read_both(
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

/// The hash of all that an embedding depends on; `parts` are what the folder's small files do not say.
fn identity(layout: &Layout, max_tokens: usize, parts: [&str; 3]) -> String {
    let Layout { shape, pooling, prefixes, .. } = layout;
    let said = format!(
        "{parts:?} {} {} {:?} {pooling:?} {prefixes:?} {max_tokens}",
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
        if batch.iter().any(Tokens::is_empty) {
            return Err(EncoderError::NoTokens);
        }
        self.engine.encode(batch, self.model.pooling)
    }
}
