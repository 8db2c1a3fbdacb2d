use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor, Var};

use super::*;
use crate::encoder::fixture::{self, Folder};
use crate::encoder::layout::Activation;
use crate::encoder::{Backend, load_with};

const TEXTS: [&str; 4] = ["where is my refund", "退款", "my refunds", "is is is my my 退 款"];

fn trainable(folder: &Folder, frozen: usize) -> Trainable {
    Trainable::load(folder.path(), 32, frozen).unwrap()
}

fn tokens(model: &Trainable) -> Vec<Tokens> {
    TEXTS.iter().map(|text| model.tokenize(text).unwrap()).collect()
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn greatest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Numbers of -1..1, the same at every call with one seed.
fn noise(shape: &[usize], mut seed: u32) -> Tensor {
    let count = shape.iter().product::<usize>();
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / 8_388_608.0 - 1.0
    };
    let numbers: Vec<f32> = (0..count).map(|_| next()).collect();
    Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
}

/// An operation's result and the gradients of its inputs, for a sum with uneven weights.
fn slopes(
    inputs: &[Tensor],
    operation: impl Fn(&[Tensor]) -> candle_core::Result<Tensor>,
) -> (Vec<f32>, Vec<Vec<f32>>) {
    let variables: Vec<Var> = inputs.iter().map(|input| Var::from_tensor(input).unwrap()).collect();
    let tensors: Vec<Tensor> =
        variables.iter().map(|variable| variable.as_tensor().clone()).collect();
    let output = operation(&tensors).unwrap();
    let weights = noise(output.dims(), 99);
    let gradients = (&output * weights).unwrap().sum_all().unwrap().backward().unwrap();
    let of = |variable: &Var| numbers(gradients.get(variable).unwrap());
    (numbers(&output), variables.iter().map(of).collect())
}

fn check_alike(
    inputs: &[Tensor],
    ours: impl Fn(&[Tensor]) -> candle_core::Result<Tensor>,
    plain: impl Fn(&[Tensor]) -> candle_core::Result<Tensor>,
) {
    let ((value, gradients), (truth, true_gradients)) =
        (slopes(inputs, ours), slopes(inputs, plain));
    assert!(greatest_difference(&value, &truth) < 1e-5);
    for (at, (gradient, truth)) in gradients.iter().zip(&true_gradients).enumerate() {
        let difference = greatest_difference(gradient, truth);
        assert!(difference < 5e-5, "input {at}: {difference}");
    }
}

#[test]
fn each_operation_has_the_value_and_the_gradients_of_the_plain_one() {
    let hidden = 48;
    let starts: Arc<[usize]> = vec![0, 3, 4, 11].into();
    check_alike(
        &[noise(&[11, hidden], 1), noise(&[hidden], 2)],
        |x| ops::gelu(&x[0], &x[1]),
        |x| plain::activate(&x[0], &x[1], Activation::Gelu),
    );
    check_alike(
        &[noise(&[11, hidden], 3), noise(&[11, hidden], 4), noise(&[3, hidden], 5)],
        |x| ops::add_norm(&x[0], &x[1], &x[2], 1e-12),
        |x| plain::add_norm(&x[0], &x[1], &x[2], 1e-12),
    );
    check_alike(
        &[noise(&[11, 3 * hidden], 6), noise(&[3 * hidden], 7)],
        |x| ops::attention(&x[0], &x[1], &starts, 3),
        |x| plain::attention(&x[0], &x[1], &starts, 3),
    );
}

#[test]
fn the_trained_network_is_the_one_that_serves() {
    let folder = fixture::model();
    let model = trainable(&folder, 0);
    let ours = numbers(&model.vectors(&tokens(&model)).unwrap());
    let served = load_with(folder.path(), 32, Backend::Candle).unwrap();
    let texts: Vec<Tokens> =
        TEXTS.iter().map(|text| served.tokenize(text, Role::Query).unwrap()).collect();
    let truth = served.encode(&texts).unwrap();
    let truth: Vec<f32> = truth.iter().flat_map(|vector| vector.as_slice().to_vec()).collect();
    assert!(greatest_difference(&ours, &truth) < 1e-5);
}

#[test]
fn every_parameter_has_a_gradient_and_frozen_layers_have_none() {
    let folder = fixture::model();
    let check = |frozen: usize, expect: usize| {
        let model = trainable(&folder, frozen);
        let vectors = model.vectors(&tokens(&model)).unwrap();
        let weighted = (&vectors * noise(vectors.dims(), 3)).unwrap();
        let gradients = weighted.sum_all().unwrap().backward().unwrap();
        let moved = model.parameters().iter().filter(|p| gradients.get(&p.variable).is_some());
        assert_eq!((moved.count(), model.parameters().len()), (expect, expect), "{frozen} frozen");
    };
    check(0, 2 + 2 * 12);
    check(1, 12);
    let refused = Trainable::load(folder.path(), 32, 2).unwrap_err();
    assert!(matches!(refused, EncoderError::Setting { setting: "freeze", .. }));
}

fn provenance(model: &Trainable) -> Provenance {
    Provenance {
        base: model.name(),
        base_sha256: model.hash().to_owned(),
        data_sha256: Vec::new(),
        seed: 1,
        epochs: 1,
        blend: 1.0,
        held_out: None,
    }
}

#[test]
fn a_written_model_is_a_model_like_any_other_for_every_backend() {
    let (folder, models) = (fixture::model(), Folder::new());
    folder.write(
        "encoder.toml",
        "pooling = \"cls\"\n[prefix]\nquery = \"query: \\\"\"\npassage = \"\"",
    );
    let model = trainable(&folder, 0);
    for parameter in model.parameters() {
        let moved = (parameter.variable.as_tensor() * 0.9).unwrap();
        parameter.variable.set(&moved).unwrap();
    }
    let truth = numbers(&model.vectors(&tokens(&model)).unwrap());
    let written = model.write(models.path(), "tuned", &provenance(&model)).unwrap();
    for (backend, close) in [(Backend::Candle, 1e-5), (Backend::F32, 1e-4), (Backend::Int8, 0.1)] {
        let served = load_with(&written, 32, backend).unwrap();
        let texts: Vec<Tokens> =
            TEXTS.iter().map(|text| served.tokenize(text, Role::Query).unwrap()).collect();
        let vectors = served.encode(&texts).unwrap();
        let vectors: Vec<f32> = vectors.iter().flat_map(|v| v.as_slice().to_vec()).collect();
        assert!(greatest_difference(&vectors, &truth) < close, "{backend}");
        assert_eq!(served.model().name, "tuned");
    }
    let told = fs::read_to_string(written.join("training.json")).unwrap();
    assert!(told.contains(model.hash()), "{told}");
    assert!(!models.path().join(".tuned.part").exists());
}

#[test]
fn a_blend_stands_between_the_start_and_what_was_trained() {
    let (folder, models) = (fixture::model(), Folder::new());
    let model = trainable(&folder, 0);
    for parameter in model.parameters() {
        let moved = (parameter.variable.as_tensor() + 1.0).unwrap();
        parameter.variable.set(&moved).unwrap();
    }
    let read = |path: &Path| -> HashMap<String, Tensor> {
        candle_core::safetensors::load(path.join("model.safetensors"), &Device::Cpu).unwrap()
    };
    let start = read(folder.path());
    for (name, blend) in [("none", 0.0), ("some", 0.25), ("all", 1.0)] {
        let told = Provenance { blend, ..provenance(&model) };
        let written = read(&model.write(models.path(), name, &told).unwrap());
        for part in
            ["encoder.layer.0.output.dense.weight", "encoder.layer.1.attention.self.key.bias"]
        {
            let away = (&written[part] - &start[part]).unwrap().flatten_all().unwrap();
            let away = away.to_vec1::<f32>().unwrap();
            assert!(away.iter().all(|x| (f64::from(*x) - blend).abs() < 1e-5), "{part}: {away:?}");
        }
        let words = "embeddings.word_embeddings.weight";
        assert!(
            greatest_difference(
                &written[words].flatten_all().unwrap().to_vec1().unwrap(),
                &start[words].flatten_all().unwrap().to_vec1().unwrap(),
            ) < 1e-6
        );
    }
}

#[test]
fn half_precision_words_stay_as_they_are() {
    let (folder, models) = (fixture::model(), Folder::new());
    fixture::save(&folder, &fixture::as_type(&fixture::random_weights(), DType::F16));
    let model = trainable(&folder, 1);
    let written = model.write(models.path(), "tuned", &provenance(&model)).unwrap();
    let weights: HashMap<String, Tensor> =
        candle_core::safetensors::load(written.join("model.safetensors"), &Device::Cpu).unwrap();
    let kind = |name: &str| weights[name].dtype();
    assert_eq!(kind("embeddings.word_embeddings.weight"), DType::F16);
    assert_eq!(kind("encoder.layer.0.output.dense.weight"), DType::F16);
    assert_eq!(kind("encoder.layer.1.output.dense.weight"), DType::F32);
}

#[test]
fn a_name_that_is_taken_or_no_name_is_refused() {
    let models = Folder::new();
    fs::create_dir(models.path().join("taken")).unwrap();
    let refused = |name: &str| Trainable::stage(models.path(), name).unwrap_err();
    assert!(matches!(refused("taken"), StoreError::Taken { .. }));
    for name in ["", ".hidden", "a/b", "..", "ü", &"x".repeat(200)] {
        assert!(matches!(refused(name), StoreError::Name { .. }), "{name:?}");
    }
    assert!(Trainable::stage(models.path(), "free-1.0_b").unwrap().is_dir());
}

#[test]
fn a_checkpoint_comes_back_as_it_was() {
    let folder = Folder::new();
    let path = folder.path().join("checkpoint");
    assert_eq!(Checkpoint::read(&path).unwrap(), None);
    let arrays = [("a".to_owned(), vec![1.5, -0.0]), ("b".to_owned(), Vec::new())];
    let checkpoint = Checkpoint { note: "{\"步\":1}".to_owned(), arrays: arrays.into() };
    checkpoint.write(&path).unwrap();
    checkpoint.write(&path).unwrap();
    assert_eq!(Checkpoint::read(&path).unwrap(), Some(checkpoint));
    let whole = fs::read(&path).unwrap();
    for bytes in [&whole[..whole.len() - 1], b"", b"{}"] {
        fs::write(&path, bytes).unwrap();
        let error = Checkpoint::read(&path).unwrap_err();
        assert!(matches!(error, StoreError::Malformed { .. }), "{error}");
    }
}

#[test]
fn a_place_that_cannot_be_written_is_a_typed_error_and_leaves_nothing() {
    let folder = Folder::new();
    let nowhere = folder.path().join("no-such-folder").join("checkpoint");
    let error = Checkpoint::default().write(&nowhere).unwrap_err();
    assert!(matches!(error, StoreError::Unwritable { .. }), "{error}");
    // A folder under the file's own name: the renaming fails after everything was written.
    let taken = folder.path().join("taken");
    fs::create_dir(&taken).unwrap();
    assert!(Checkpoint::default().write(&taken).is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_model_file_with_a_number_that_is_none_is_refused() {
    let folder = fixture::model();
    let mut weights = fixture::random_weights();
    let broken = Tensor::from_vec(vec![f32::NAN; 32], 32, &Device::Cpu).unwrap();
    weights.insert("encoder.layer.0.output.dense.bias".to_owned(), broken);
    fixture::save(&folder, &weights);
    let error = Trainable::load(folder.path(), 32, 0).unwrap_err();
    assert!(matches!(error, EncoderError::Malformed { .. }), "{error}");
}
