//! The check's rules that need a model, run on what would serve: tests are judged by the pipeline's own order of
//! candidates, and its verdict is shown beside a failure.

use super::{Bundle, ReleaseError, VectorCache};
use crate::encoder::Batcher;
use crate::knowledge::Diagnostic;
use crate::knowledge::lint::retrieval;

/// What is wrong with a bundle's articles that only a model can see: self-retrieval and the articles' own tests.
pub fn check(
    bundle: &Bundle,
    batcher: &Batcher,
    vectors: &VectorCache,
) -> Result<Vec<Diagnostic>, ReleaseError> {
    let library = bundle.library();
    let mut found = retrieval::self_retrieval(library, &retrieval::RETRIEVER)?;
    let mut ask = |texts: &[_]| vectors.embed(texts, batcher, &mut |_, _| ());
    found.extend(retrieval::tests(library, &mut ask, &retrieval::RETRIEVER)?);
    Ok(found)
}
