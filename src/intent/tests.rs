use super::*;

fn classes(count: usize) -> Vec<IntentId> {
    (0..count).map(|i| IntentId::new(&format!("class.{i}")).unwrap()).collect()
}

/// Vectors of unit length around one axis per class, the same on every machine.
fn clusters(count: usize, each: usize, width: usize) -> (Vec<Vec<f32>>, Vec<usize>) {
    let mut state = 7u32;
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 16_777_216.0 - 0.5
    };
    let labels: Vec<usize> = (0..count * each).map(|i| i % count).collect();
    let vector = |&label: &usize| {
        let raw: Vec<f32> =
            (0..width).map(|i| f32::from(u8::from(i == label)) + 0.4 * noise()).collect();
        let length = raw.iter().map(|x| x * x).sum::<f32>().sqrt();
        raw.into_iter().map(|x| x / length).collect()
    };
    (labels.iter().map(vector).collect(), labels)
}

fn best(scores: &[f64]) -> usize {
    (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap()
}

fn share_right(scores: &[Vec<f64>], labels: &[usize]) -> f64 {
    let right = scores.iter().zip(labels).filter(|(scores, label)| best(scores) == **label).count();
    right as f64 / labels.len() as f64
}

#[test]
fn a_head_tells_clusters_apart_and_its_probabilities_sum_to_one() {
    let (vectors, labels) = clusters(5, 8, 19);
    let head = fit(&vectors, &labels, classes(5), &fit::Config::default()).unwrap();
    let scores: Vec<Vec<f64>> = vectors.iter().map(|vector| head.scores(vector)).collect();
    assert!(share_right(&scores, &labels) > 0.99);
    assert!(scores.iter().all(|scores| (scores.iter().sum::<f64>() - 1.0).abs() < 1e-9));
    assert_eq!((head.classes().len(), head.dimensions()), (5, 19));
}

#[test]
fn the_same_examples_give_the_same_head() {
    let (vectors, labels) = clusters(4, 6, 11);
    let again = || fit(&vectors, &labels, classes(4), &fit::Config::default()).unwrap();
    assert!(again().bytes().eq(again().bytes()));
}

#[test]
fn a_held_out_example_is_judged_by_the_others() {
    let (mut vectors, mut labels) = clusters(3, 9, 13);
    // A stray example sits in the wrong cloud: a head that has seen it believes it, one that has not cannot.
    vectors.push(vectors[0].clone());
    labels.push(1);
    vectors.remove(0);
    labels.remove(0);
    let examples = Examples::new(&vectors, &labels, 3).unwrap();
    let folds = Folds { count: 5, enough: 100 };
    let scores = out_of_fold(&examples, folds, &fit::Config::default()).unwrap();
    let scores: Vec<Vec<f64>> = scores.into_iter().flatten().collect();
    assert_eq!(best(scores.last().unwrap()), 0);
    assert!(share_right(&scores, &labels) > 0.9);
}

#[test]
fn no_more_folds_are_fitted_than_are_wanted() {
    let (vectors, labels) = clusters(3, 10, 7);
    let examples = Examples::new(&vectors, &labels, 3).unwrap();
    let check = |enough: usize, expect: usize| {
        let folds = Folds { count: 5, enough };
        let scores = out_of_fold(&examples, folds, &fit::Config::default()).unwrap();
        assert_eq!(scores.iter().flatten().count(), expect, "enough {enough}");
    };
    check(0, 0);
    check(1, 6);
    check(7, 12);
    check(1000, 30);
}

#[test]
fn a_stronger_penalty_is_less_certain() {
    let (vectors, labels) = clusters(3, 5, 9);
    let certainty = |strength: f64| {
        let config = fit::Config { strength, ..fit::Config::default() };
        fit(&vectors, &labels, classes(3), &config).unwrap().scores(&vectors[0])[0]
    };
    assert!(certainty(0.1) < certainty(10.0));
}

#[test]
fn what_cannot_be_fitted_is_a_typed_error() {
    let check = |vectors: &[Vec<f32>], labels: &[usize], expect: FitError| {
        let found = fit(vectors, labels, classes(2), &fit::Config::default()).unwrap_err();
        assert_eq!(found, expect);
    };
    check(&[], &[], FitError::Empty);
    check(&[vec![1.0]], &[0, 1], FitError::Lengths { vectors: 1, labels: 2 });
    check(&[vec![1.0]], &[2], FitError::Label { label: 2, classes: 2 });
    check(&[vec![1.0], vec![1.0, 0.0]], &[0, 1], FitError::Widths { expected: 1, found: 2 });
    check(&[vec![]], &[0], FitError::Widths { expected: 0, found: 0 });
}

#[test]
fn knowing_nothing_every_class_is_equally_likely() {
    assert_eq!(Head::uniform(classes(4), 3).scores(&[1.0, 0.0, 0.0]), vec![0.25; 4]);
    assert!(Head::uniform(Vec::new(), 0).scores(&[1.0]).is_empty());
}
