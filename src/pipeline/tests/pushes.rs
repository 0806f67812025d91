//! Pushes that make one epoch: each is answered as if it had been alone.

use super::*;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// A push to the source of fines or of events.
#[derive(Debug, Clone)]
struct Pushed {
    source: &'static str,
    text: String,
}

/// Rows of fines: number, enterprise, amount, whether it withdraws or is refused.
fn fines() -> impl Strategy<Value = Pushed> {
    let row = (1..5u8, 0..2usize, 1..3u8, 0..8u8).prop_map(|(number, id, amount, kind)| {
        let id = ["a", "b"][id];
        match kind {
            0 => format!("{number},,,,D\n"),
            1 => format!("{number},{id},much,2020-01-04,\n"),
            _ => format!("{number},{id},{amount},2020-01-04,\n"),
        }
    });
    prop::collection::vec(row, 0..6).prop_map(|rows| Pushed {
        source: "two/fines",
        text: format!("{FINES_HEADER}{}", rows.concat()),
    })
}

fn pushed() -> impl Strategy<Value = Pushed> {
    let other = |source, text: &str| {
        Just(Pushed {
            source,
            text: text.into(),
        })
    };
    prop_oneof![
        6 => fines(),
        1 => other("two/ev", "id,x\na,1\n,2\nb,3\n"),
        1 => other("two/fines", "no,id\n1,a\n"),
        1 => other("one/reg", "id,name,x,op\nb,丙,3,\n"),
    ]
}

fn push_all(pipeline: &mut Pipeline, pushes: &[Pushed]) -> Vec<SourceStats> {
    let source = |push: &Pushed| {
        pipeline
            .settings()
            .catalogue
            .source(push.source)
            .unwrap()
            .index
    };
    let pushes = pushes.iter().map(|push| Push {
        source: source(push),
        name: "push/1".into(),
        bytes: push.text.clone().into_bytes(),
    });
    let (_, mut became) = pipeline.push(pushes.collect()).unwrap();
    for became in &mut became {
        // It names the epoch.
        became.error = became
            .error
            .take()
            .map(|why| why.split(": ").skip(1).collect());
    }
    became
}

/// What is known after all: the enterprises' figures and the sources' counts, but
/// for the instant of the last epoch.
fn known(pipeline: &Pipeline) -> (Vec<(String, Option<f64>)>, Vec<SourceStats>) {
    let figures = |id| explained(pipeline, id).unwrap().contributions;
    let figures = ["a", "b"].into_iter().flat_map(figures);
    let counts = ["one/reg", "two/ev", "two/fines"].map(|source| SourceStats {
        last_arrival_ms: 0,
        ..stats(pipeline, source).clone()
    });
    (
        figures.map(|c| (c.feature, c.value)).collect(),
        counts.to_vec(),
    )
}

#[test]
fn pushes_of_one_epoch_are_answered_as_if_each_had_been_alone() {
    let strategy = prop::collection::vec(pushed(), 1..7);
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(12)
    };
    let tested = TestRunner::new(config).run(&strategy, |pushes| {
        let (alone, together) = (Town::new(), Town::new());
        let (mut one, mut all) = (alone.open(), together.open());
        alone.poll(&mut one);
        together.poll(&mut all);
        let each = pushes.iter().map(std::slice::from_ref);
        let expected: Vec<SourceStats> = each.flat_map(|push| push_all(&mut one, push)).collect();
        let before = all.last_epoch;
        prop_assert_eq!(push_all(&mut all, &pushes), expected);
        prop_assert!(all.last_epoch <= before + 1);
        prop_assert_eq!(known(&all), known(&one));
        together.verify(&all);
        Ok(())
    });
    tested.unwrap();
}
