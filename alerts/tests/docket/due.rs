//! Cases by their next deadline.

use super::*;

pub async fn cases_are_found_by_their_next_deadline(store: &str, folder: &Path) {
    let office = Office::open(store, folder).await;
    let mut due = Vec::new();
    for (alert, level) in [
        ("A-1", Level::Blue),
        ("A-2", Level::Red),
        ("A-3", Level::Orange),
        ("A-4", Level::Yellow),
    ] {
        let CaseAction::Open {
            alert,
            enterprise,
            name,
            district,
            ..
        } = opening(alert)
        else {
            unreachable!()
        };
        let action = CaseAction::Open {
            alert,
            enterprise,
            name,
            district,
            level,
            terms: Terms::of(level),
        };
        let done = office.tries("duty", "", Action::Case(action)).await;
        let case = done.unwrap().case.unwrap();
        let calendar = office.docket.calendar();
        let clocks = case.clocks.iter().filter(|clock| clock.ended_ms.is_none());
        let next = clocks.map(|clock| clock.due_ms(calendar, clock.since_ms));
        due.push((next.min().unwrap(), case.id));
    }
    due.sort();
    let ids = |cases: &[Case]| -> Vec<String> { cases.iter().map(|c| c.id.clone()).collect() };
    let all: Vec<String> = due.iter().map(|(_, id)| id.clone()).collect();
    let around = async |districts: &[String], time_ms, limit| {
        let found = office.docket.due_around(districts, time_ms, limit).await;
        let (cases, more) = found.unwrap();
        (ids(&cases), more)
    };
    assert_eq!(around(&[], 0, 10).await, (all.clone(), false));
    assert_eq!(around(&[], 0, 3).await, (all[..3].to_vec(), true));
    // What comes first, then what was last.
    let third = due[2].0;
    let expected = [&all[2..], &[all[1].clone(), all[0].clone()]].concat();
    assert_eq!(around(&[], third, 10).await, (expected, false));
    let nearest = vec![all[2].clone(), all[1].clone()];
    assert_eq!(around(&[], third, 1).await, (nearest, true));
    let here = ["南屿区".to_owned()];
    assert_eq!(around(&here, 0, 10).await, (all, false));
    assert_eq!(
        around(&["北湾区".to_owned()], 0, 10).await,
        (Vec::new(), false)
    );
}
