use candle_core::{DType, Device, Tensor, Var};

use super::super::fixture;
use super::super::layout::Layout;
use super::super::weights::tensors;
use super::*;

fn bert() -> Bert {
    let folder = fixture::model();
    let layout = Layout::read(folder.path()).unwrap();
    let mut weights =
        tensors::read(&folder.path().join("model.safetensors"), &layout.shape).unwrap();
    Bert::new(&layout.shape, &mut weights).unwrap()
}

fn batch() -> (Tensor, Tensor) {
    let ids = Tensor::new(&[[2u32, 7, 8, 9, 3], [2, 12, 3, 0, 0]], &Device::Cpu).unwrap();
    let mask = Tensor::new(&[[1f32, 1., 1., 1., 1.], [1., 1., 1., 0., 0.]], &Device::Cpu).unwrap();
    (ids, mask)
}

#[test]
fn both_passes_agree() {
    let (ids, mask) = batch();
    let bert = bert();
    let run = |pass| {
        let vectors = bert.forward(&ids, &mask, pass).unwrap();
        let kept = vectors.broadcast_mul(&mask.unsqueeze(2).unwrap()).unwrap();
        kept.flatten_all().unwrap().to_vec1::<f32>().unwrap()
    };
    let difference = run(Pass::Inference)
        .into_iter()
        .zip(run(Pass::Training))
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert!(difference < 2e-5, "{difference}");
}

/// Every tensor of the network, to be replaced.
fn parameters(bert: &mut Bert) -> Vec<&mut Tensor> {
    fn pair<'a>(weight: &'a mut Tensor, bias: &'a mut Tensor) -> [&'a mut Tensor; 2] {
        [weight, bias]
    }
    let mut all = vec![&mut bert.words, &mut bert.positions];
    all.extend(pair(&mut bert.norm.weight, &mut bert.norm.bias));
    for layer in &mut bert.layers {
        for linear in [&mut layer.attend, &mut layer.attended, &mut layer.up, &mut layer.down] {
            all.extend(pair(&mut linear.weight, &mut linear.bias));
        }
        for norm in [&mut layer.attended_norm, &mut layer.output_norm] {
            all.extend(pair(&mut norm.weight, &mut norm.bias));
        }
    }
    all
}

#[test]
fn training_has_a_gradient_for_every_tensor() {
    let mut bert = bert();
    let mut variables = Vec::new();
    for parameter in parameters(&mut bert) {
        let variable = Var::from_tensor(parameter).unwrap();
        *parameter = variable.as_tensor().clone();
        variables.push(variable);
    }
    let (ids, mask) = batch();
    let vectors = bert.forward(&ids, &mask, Pass::Training).unwrap();
    let gradients = vectors.sqr().unwrap().sum_all().unwrap().backward().unwrap();
    let lacking = variables.iter().filter(|variable| gradients.get(variable).is_none()).count();
    assert_eq!((variables.len(), lacking), (28, 0));
    assert_eq!(vectors.dtype(), DType::F32);
}
