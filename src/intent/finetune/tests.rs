use candle_core::{Device, Tensor};

use super::lessons::Lessons;
use super::loss::loss;
use super::*;
use crate::encoder::fixture;
use crate::encoder::training::{Checkpoint, Trainable};
use crate::encoder::{EncoderError, Tokens};
use crate::error::Classify as _;
use crate::intent::Dice;

fn model() -> Trainable {
    Trainable::load(fixture::model().path(), 32, 0).unwrap()
}

fn labelled(rows: &[(&str, &str)]) -> Vec<Labelled> {
    let one = |(text, label): &(&str, &str)| Labelled {
        text: (*text).to_owned(),
        label: (*label).to_owned(),
    };
    rows.iter().map(one).collect()
}

fn pairs(rows: &[(&str, &str, bool)]) -> Vec<Pair> {
    let one = |(a, b, same): &(&str, &str, bool)| Pair {
        a: (*a).to_owned(),
        b: (*b).to_owned(),
        same: *same,
    };
    rows.iter().map(one).collect()
}

/// Three classes, each with words of its own.
fn material() -> Material {
    Material {
        labelled: labelled(&[
            ("where is", "place"),
            ("is where is", "place"),
            ("where where", "place"),
            ("is is where", "place"),
            ("my refund", "money"),
            ("refund my", "money"),
            ("refunds", "money"),
            ("my my refunds", "money"),
            ("退 款", "return"),
            ("款 退", "return"),
            ("退 退 款", "return"),
            ("款", "return"),
        ]),
        pairs: pairs(&[
            ("query passage", "passage query", true),
            ("passage", "query", true),
            ("query passage", "where my", false),
            ("query", "退 my", false),
        ]),
    }
}

fn held() -> Material {
    Material {
        labelled: labelled(&[
            ("where is is", "place"),
            ("refund refund", "money"),
            ("退 款 款", "return"),
        ]),
        pairs: Vec::new(),
    }
}

fn quick() -> Config {
    Config { epochs: 8, batch: 16, rate: 2e-3, token_drop: 0.1, patience: 100, ..Config::default() }
}

fn trained(config: Config) -> Vec<Vec<f32>> {
    let model = model();
    let mut trainer = Trainer::new(&model, &material(), &held(), config).unwrap();
    while !trainer.is_over() {
        trainer.step().unwrap();
    }
    trainer.finish().unwrap();
    trainer.weights().unwrap()
}

#[test]
fn the_gradient_of_the_loss_is_its_slope() {
    let model = model();
    let lessons =
        Lessons::joined(&material(), &Material::default(), |text| model.tokenize(text)).unwrap().0;
    let shard = &lessons.batches(100, 1, Dice::new(1))[0][0];
    let texts: Vec<Tokens> =
        shard.texts.iter().map(|place| lessons.texts[*place].tokens.clone()).collect();
    let prototypes: Vec<f32> = (0..3 * 32u8).map(|at| (f32::from(at) * 0.7).sin()).collect();
    let prototypes = Tensor::from_vec(prototypes, (3, 32), &Device::Cpu).unwrap();
    // A mild temperature: the slopes of a sharp softmax change within the step of the measurement.
    let weights = Weights { temperature: 0.5, contrast: 0.7 };
    let value = || {
        let vectors = model.vectors(&texts).unwrap();
        loss(&vectors, Some(&prototypes), shard, weights).unwrap()
    };
    let gradients = value().backward().unwrap();
    for parameter in model.parameters() {
        let (variable, start) =
            (&parameter.variable, parameter.variable.as_tensor().copy().unwrap());
        let gradient = gradients.get(variable).unwrap().flatten_all().unwrap();
        let gradient = gradient.to_vec1::<f32>().unwrap();
        // Along the gradient itself the slope is its length.
        let length = gradient.iter().map(|x| x * x).sum::<f32>().sqrt();
        let unit: Vec<f32> = gradient.iter().map(|x| x / length.max(1e-9)).collect();
        let unit = Tensor::from_vec(unit, variable.shape(), &Device::Cpu).unwrap();
        let at = |step: f64| {
            variable.set(&(&start + (&unit * step).unwrap()).unwrap()).unwrap();
            f64::from(value().to_scalar::<f32>().unwrap())
        };
        let measured = (at(5e-3) - at(-5e-3)) / 1e-2;
        variable.set(&start).unwrap();
        let error = (measured - f64::from(length)).abs();
        assert!(
            error < 2e-3 + 0.02 * measured.abs(),
            "{}: {measured}, not {length}",
            parameter.name
        );
    }
}

#[test]
fn separable_classes_and_pairs_are_learned() {
    let model = model();
    let mut trainer = Trainer::new(&model, &material(), &held(), quick()).unwrap();
    let mut losses = Vec::new();
    while !trainer.is_over() {
        let progress = trainer.step().unwrap();
        losses.push(progress.loss);
        assert_eq!((progress.step, progress.steps), (losses.len(), trainer.steps()));
    }
    let (_, figure) = trainer.finish().unwrap();
    assert!(losses[losses.len() - 1] < 0.6 * losses[0], "{losses:?}");
    assert!(figure > Some(0.99), "{figure:?}");
}

#[test]
fn a_seed_gives_the_same_bytes_and_another_seed_others() {
    let quick = Config { epochs: 2, ..quick() };
    let first = trained(quick.clone());
    assert_eq!(first, trained(quick.clone()));
    assert_ne!(first, trained(Config { seed: 2, ..quick }));
}

#[test]
fn a_run_that_was_interrupted_ends_like_one_that_was_not() {
    let config = Config { epochs: 4, ..quick() };
    let whole = trained(config.clone());
    for stop in [1, 3, 5] {
        let saved: Checkpoint = {
            let model = model();
            let mut trainer = Trainer::new(&model, &material(), &held(), config.clone()).unwrap();
            for _ in 0..stop {
                trainer.step().unwrap();
            }
            trainer.checkpoint("run").unwrap()
        };
        let model = model();
        let mut trainer = Trainer::new(&model, &material(), &held(), config.clone()).unwrap();
        assert_eq!(trainer.resume(saved, "run").unwrap(), stop);
        while !trainer.is_over() {
            trainer.step().unwrap();
        }
        trainer.finish().unwrap();
        assert!(trainer.weights().unwrap() == whole, "stopped at {stop}");
    }
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let model = model();
    let mut trainer = Trainer::new(&model, &material(), &held(), quick()).unwrap();
    let saved = trainer.checkpoint("run").unwrap();
    let mut check = |saved: Checkpoint, run: &str| {
        let error = trainer.resume(saved, run).unwrap_err();
        assert!(matches!(error, FinetuneError::ForeignCheckpoint), "{error}");
    };
    check(saved.clone(), "other");
    check(Checkpoint { note: "{}".to_owned(), ..saved.clone() }, "run");
    let mut short = saved;
    short.arrays.insert("weights.0".to_owned(), vec![0.0]);
    check(short, "run");
}

#[test]
fn training_stops_when_the_held_out_figure_rises_no_more() {
    let model = model();
    let config = Config { epochs: 50, rate: 1e-9, prototype_rate: 1e-9, patience: 2, ..quick() };
    let mut trainer = Trainer::new(&model, &material(), &held(), config).unwrap();
    let mut epoch = 0;
    while !trainer.is_over() {
        epoch = trainer.step().unwrap().epoch;
    }
    assert_eq!(epoch, 3);
}

#[test]
fn the_blend_lies_between_the_original_and_the_trained_weights() {
    let whole = trained(Config { epochs: 1, ..quick() });
    let none = trained(Config { epochs: 1, blend: 0.0, ..quick() });
    let half = trained(Config { epochs: 1, blend: 0.5, ..quick() });
    for ((whole, none), half) in whole.iter().zip(&none).zip(&half) {
        for ((whole, none), half) in whole.iter().zip(none).zip(half) {
            assert!((0.5 * (whole + none) - half).abs() < 1e-5);
        }
    }
    assert_ne!(whole, none);
}

#[test]
fn what_cannot_be_learned_from_is_a_typed_error() {
    let model = model();
    let check = |material: Material, reason: &str| {
        let error = Trainer::new(&model, &material, &Material::default(), quick()).unwrap_err();
        assert_eq!(error.reason(), reason, "{error}");
        assert!(!error.remedy().is_empty());
    };
    let of = |rows: &[(&str, &str)]| Material { labelled: labelled(rows), pairs: Vec::new() };
    let only = |rows: &[(&str, &str, bool)]| Material { labelled: Vec::new(), pairs: pairs(rows) };
    check(Material::default(), "NO_EXAMPLES");
    check(of(&[("my", "a"), ("is", "a")]), "NOTHING_TO_TELL_APART");
    check(only(&[("my", "is", false)]), "NOTHING_TO_TELL_APART");
    check(of(&[("my", "a"), ("my", "b"), ("is", "b")]), "CONTRADICTORY_LABELS");
    check(only(&[("my", "is", true), ("is", "my", false)]), "CONTRADICTORY_LABELS");
}

#[test]
fn settings_that_cannot_be_worked_with_are_refused() {
    let check = |config: Config, expect: &str| {
        let error = config.checked().unwrap_err();
        assert!(matches!(error, FinetuneError::Setting { setting, .. } if setting == expect));
    };
    check(Config { epochs: 0, ..Config::default() }, "epochs");
    check(Config { batch: 1, ..Config::default() }, "batch");
    check(Config { rate: f64::NAN, ..Config::default() }, "rate");
    check(Config { rate: 1.0, ..Config::default() }, "rate");
    check(Config { shards: 0, ..Config::default() }, "shards");
    assert!(Config::default().checked().is_ok());
}

#[test]
fn contradictions_can_be_left_out() {
    let mut material = Material {
        labelled: labelled(&[("my", "a"), ("my ", "b"), ("is", "b"), ("refund", "a")]),
        pairs: pairs(&[("a", "b", true), ("b", "a", false), ("c", "d", true)]),
    };
    assert_eq!(material.drop_contradictions(), 4);
    assert_eq!(material.labelled, labelled(&[("is", "b"), ("refund", "a")]));
    assert_eq!(material.pairs, pairs(&[("c", "d", true)]));
    assert_eq!(material.drop_contradictions(), 0);
}

#[test]
fn a_share_of_each_class_and_of_the_pairs_is_held_out() {
    let rows: Vec<Labelled> = (0..100)
        .map(|at| Labelled { text: format!("text {at}"), label: format!("{}", at % 4) })
        .collect();
    let verdicts =
        (0..40).map(|at| Pair { a: format!("a{at}"), b: format!("b{at}"), same: at % 2 == 0 });
    let mut material = Material { labelled: rows, pairs: verdicts.collect() };
    let (all, held) = (material.clone(), material.hold_out(0.1, 7));
    assert_eq!((held.labelled.len(), held.pairs.len()), (8, 4));
    assert_eq!((material.labelled.len(), material.pairs.len()), (92, 36));
    assert!(held.labelled.iter().all(|text| !material.labelled.contains(text)));
    for label in 0..4 {
        let of = |material: &Material| {
            material.labelled.iter().filter(|text| text.label == label.to_string()).count()
        };
        assert_eq!((of(&material), of(&held)), (23, 2));
    }
    assert_eq!(all.clone().hold_out(0.1, 7), held);
    assert_eq!(all.clone().hold_out(0.0, 7), Material::default());
}

#[test]
fn a_loss_that_is_no_number_ends_the_run() {
    let model = model();
    let mut trainer = Trainer::new(&model, &material(), &held(), quick()).unwrap();
    let variable = &model.parameters()[0].variable;
    variable.set(&(variable.as_tensor() * f64::NAN).unwrap()).unwrap();
    let error = trainer.step().unwrap_err();
    assert!(matches!(error, FinetuneError::Diverged { step: 1 }), "{error}");
}

#[test]
fn a_batch_holds_every_text_and_pair_once() {
    let read = |_: &str| Ok::<_, EncoderError>(Tokens::new(vec![2, 7, 3], false));
    let lessons = Lessons::joined(&material(), &Material::default(), read).unwrap().0;
    for size in [2, 5, 100] {
        let batches = lessons.batches(size, 2, Dice::new(5));
        assert!(batches.iter().all(|batch| batch.len() <= 2));
        let mut labelled: Vec<usize> = batches
            .iter()
            .flatten()
            .flat_map(|shard| shard.labelled().map(|(place, _)| shard.texts[place as usize]))
            .collect();
        labelled.sort_unstable();
        labelled.dedup();
        let verdicts = |same| batches.iter().flatten().map(|s| s.pairs(same).len()).sum::<usize>();
        assert_eq!(labelled.len(), 12, "{size}");
        assert_eq!((verdicts(true), verdicts(false)), (2, 2), "{size}");
        let other = lessons.batches(size, 2, Dice::new(6));
        assert_eq!((other.len(), other == batches), (batches.len(), false), "{size}");
    }
}

#[test]
fn classes_that_look_alike_meet_in_one_shard() {
    let read = |_: &str| Ok::<_, EncoderError>(Tokens::new(vec![2, 7, 3], false));
    let rows: Vec<(String, String)> =
        (0..64).map(|at| (format!("{at}"), format!("{}", at % 16))).collect();
    let rows: Vec<(&str, &str)> = rows.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let material = Material { labelled: labelled(&rows), pairs: Vec::new() };
    let mut lessons = Lessons::joined(&material, &Material::default(), read).unwrap().0;
    let together = |lessons: &Lessons| {
        let batches = lessons.batches(8, 2, Dice::new(2));
        let classes = batches.iter().flatten().map(|shard| {
            let of: Vec<u32> = shard.labelled().map(|(_, class)| class / 4).collect();
            of.iter().filter(|four| **four == of[0]).count()
        });
        classes.sum::<usize>()
    };
    let apart = together(&lessons);
    // Sixteen classes in four directions: those of one direction are each other's three nearest.
    let means: Vec<f32> = (0..16)
        .flat_map(|class| (0..4).map(move |at| f32::from(u8::from(at == class / 4))))
        .collect();
    lessons.know_neighbours(&means, 4);
    assert!(together(&lessons) > apart + 16, "{} against {apart}", together(&lessons));
}

#[test]
fn texts_that_may_mean_the_same_do_not_repel() {
    let read = |_: &str| Ok::<_, EncoderError>(Tokens::new(vec![2, 7, 3], false));
    // a ~ b and b ~ c, so nobody knows of a and c.
    let material = Material {
        labelled: Vec::new(),
        pairs: pairs(&[("a", "b", true), ("b", "c", true), ("d", "e", true), ("a", "d", false)]),
    };
    let lessons = Lessons::joined(&material, &Material::default(), read).unwrap().0;
    let shard = &lessons.batches(100, 1, Dice::new(1))[0][0];
    let place = |text: usize| shard.texts.iter().position(|found| *found == text).unwrap();
    let (a, b, c, d) = (place(0), place(1), place(2), place(3));
    assert!(shard.akin(a, c) && shard.akin(a, b) && !shard.akin(a, d));
    assert!(!shard.attract(a, d) && !shard.attract(a, a));
    let attracted =
        (0..shard.texts.len()).any(|other| shard.attract(a, other) || shard.attract(b, other));
    assert!(attracted && !shard.attract(c, d));
}
