//! What alerts call enterprises.

use super::*;

fn called(pipeline: &Pipeline) -> Vec<String> {
    let open = pipeline.book.open_alerts();
    open.filter_map(|alert| alert.assessment.name.clone())
        .collect()
}

#[test]
fn an_alert_calls_an_enterprise_by_its_latest_name() {
    let town = Town::new();
    let mut pipeline = town.open();
    town.poll(&mut pipeline);
    let fine = format!("{FINES_HEADER}1,b,5,2020-01-05,\n");
    push(&mut pipeline, "two/fines", &fine);
    assert_eq!(called(&pipeline), ["乙"]);
    // The name alone changes no score; the next change of it tells.
    push(&mut pipeline, "one/reg", "id,name,x,op\nb,丙,2,\n");
    push(&mut pipeline, "two/ev", "id,x\nb,1\n");
    assert_eq!(called(&pipeline), ["丙"]);
    let mut pipeline = town.reopen(pipeline);
    push(&mut pipeline, "two/ev", "id,x\nb,2\n");
    assert_eq!(called(&pipeline), ["丙"]);
}

#[test]
fn many_are_read_at_once_as_one_by_one() {
    let town = Town::new();
    let mut pipeline = town.open();
    town.append("landing/reg/1.csv", "c,丁,1,\na,戊,1,\n");
    town.poll(&mut pipeline);
    let records = pipeline.records();
    let keys: Vec<_> = ["a", "b", "c", "nobody"]
        .into_iter()
        .filter_map(tocsin_ingest::values::subject::enterprise_id)
        .collect();
    let together = records.identities(&keys).unwrap();
    for key in keys {
        assert_eq!(together[&key], records.identity(key).unwrap());
    }
    let names: Vec<_> = together.values().filter_map(|of| of.name.clone()).collect();
    assert!(
        names.contains(&"戊".to_owned()) && names.len() == 3,
        "{names:?}"
    );
}
