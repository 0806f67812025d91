//! An official relies on it: what was done is in the log once, cannot be changed
//! unseen, and nobody is talked out of the four eyes. The same on SQLite and
//! PostgreSQL.
#![allow(clippy::unwrap_used)]

mod anything;
mod attacks;
mod due;
mod expiry;
mod eyes;
mod office;
mod once;
mod outcomes;
#[path = "../support/postgres.rs"]
mod postgres;
mod removal;
mod retired;
mod tampering;
mod way;

use postgres::Postgres;
use proptest::prelude::*;
use sqlx::AnyPool;
use std::path::Path;
use tocsin_alerts::casework::jurisdiction::Places;
use tocsin_alerts::casework::{
    Action, Actor, Case, CaseAction, Measure, Outcome, Person, PersonAction, Reason, Refusal, Role,
    Stage, SuppressionAction, Terms,
};
use tocsin_alerts::chain;
use tocsin_alerts::docket::{CaseFilter, DeedFilter, Docket, DocketError, Done, Entry, Intent};
use tocsin_alerts::level::Level;

use anything::*;
use attacks::*;
use due::*;
use expiry::*;
use eyes::*;
use office::*;
use once::*;
use outcomes::*;
use removal::*;
use retired::*;
use tampering::*;
use way::*;

fn on_sqlite<F: AsyncFnOnce(&str, &Path)>(check: F) {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(check("case work.db", folder.path()));
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn a_case_goes_its_way_and_no_other() {
    on_sqlite(the_way_of_a_case);
}

#[test]
fn four_eyes_hold() {
    on_sqlite(nobody_is_talked_out_of_the_four_eyes);
}

#[test]
fn a_deed_is_done_once() {
    on_sqlite(a_deed_is_done_once_and_on_the_version_that_was_seen);
}

#[test]
fn what_is_changed_is_found() {
    on_sqlite(whatever_is_changed_in_the_database_is_found);
}

#[test]
fn what_the_law_no_longer_asks_for_is_removed_and_the_chain_holds() {
    on_sqlite(what_is_removed_is_said_and_no_more);
}

#[test]
fn the_next_deadline_is_found() {
    on_sqlite(cases_are_found_by_their_next_deadline);
}

#[test]
fn nobody_finds_a_way_round_the_second_person() {
    on_sqlite(every_way_round_the_second_person_is_closed);
}

#[test]
fn what_was_done_in_a_case_goes_when_its_time_is_over() {
    on_sqlite(cases_go_when_their_time_is_over);
}

#[test]
fn suppressions_and_closed_accounts_go_when_their_time_is_over() {
    on_sqlite(suppressions_and_accounts_go_when_nothing_names_them);
}

#[test]
fn how_cases_ended_is_counted() {
    on_sqlite(outcomes_are_counted_where_they_change);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn whatever_is_tried_the_tables_are_what_the_log_makes(
        tries in proptest::collection::vec(any::<(u8, u8, u8)>(), 0..120),
    ) {
        on_sqlite(async |store, folder| try_anything(store, folder, &tries).await);
    }
}

#[test]
fn everything_holds_on_postgresql_too() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let tries: Vec<(u8, u8, u8)> = (0..=255_u8)
        .map(|n| (n.wrapping_mul(37), n / 7, n.wrapping_mul(91)))
        .collect();
    runtime().block_on(async {
        sqlx::any::install_default_drivers();
        let admin = pool(&postgres.address("postgres"), Path::new("")).await;
        for name in [
            "way", "eyes", "once", "changed", "anything", "removed", "due", "outcomes", "expiry",
            "attacks", "retired",
        ] {
            run(&admin, &format!("CREATE DATABASE {name}")).await;
        }
        admin.close().await;
        let nowhere = Path::new("/nonexistent");
        the_way_of_a_case(&postgres.address("way"), nowhere).await;
        nobody_is_talked_out_of_the_four_eyes(&postgres.address("eyes"), nowhere).await;
        a_deed_is_done_once_and_on_the_version_that_was_seen(&postgres.address("once"), nowhere)
            .await;
        whatever_is_changed_in_the_database_is_found(&postgres.address("changed"), nowhere).await;
        what_is_removed_is_said_and_no_more(&postgres.address("removed"), nowhere).await;
        cases_are_found_by_their_next_deadline(&postgres.address("due"), nowhere).await;
        outcomes_are_counted_where_they_change(&postgres.address("outcomes"), nowhere).await;
        let attacks = postgres.address("attacks");
        every_way_round_the_second_person_is_closed(&attacks, nowhere).await;
        cases_go_when_their_time_is_over(&postgres.address("expiry"), nowhere).await;
        let retired = postgres.address("retired");
        suppressions_and_accounts_go_when_nothing_names_them(&retired, nowhere).await;
        try_anything(&postgres.address("anything"), nowhere, &tries).await;
    });
}
