//! dbsp: the query as one incremental circuit on two workers, in memory.
//!
//! Counts and sums are one linear aggregate over registry, records and leads; the
//! highest suspicion and the distinct banks are aggregates of their own, as
//! Feldera's SQL compiler would have them. Fields are taken as they stand: nothing
//! is validated, no record is kept, a correction brings the old row along.
//!
//! `peer-dbsp DIR --out FILE`, see `run.py`.

mod input;
mod report;

use anyhow::{Context, Result};
use dbsp::mimalloc::MiMalloc;
use dbsp::operator::Max;
use dbsp::typed_batch::{IndexedZSetReader, SpineSnapshot};
use dbsp::utils::{Tup2, Tup3, Tup10};
use dbsp::{DBSPHandle, OrdZSet, OutputHandle, RootCircuit, Runtime, ZSetHandle};
use input::{Batches, Change, Lead, Record, Rows};
use report::{Answer, Report};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const WORKERS: usize = 2;
/// Rows that the circuit is given at once while it loads.
const STEP_ROWS: usize = 200_000;

type Ten = Tup10<i64, i64, i64, i64, i64, i64, i64, i64, i64, i64>;
/// Counts and sums by category; registered, leads, amount of leads.
type Totals = Tup3<Ten, Ten, Tup3<i64, i64, i64>>;
/// Enterprise and score.
type Scored = Tup2<u128, i64>;

struct Inputs {
    registry: ZSetHandle<u128>,
    records: ZSetHandle<Record>,
    leads: ZSetHandle<Lead>,
}

struct Outputs {
    scores: OutputHandle<SpineSnapshot<OrdZSet<Scored>>>,
    crossing: OutputHandle<SpineSnapshot<OrdZSet<Scored>>>,
}

fn one_of_ten(place: u8, value: i64) -> Ten {
    let at = |wanted| if place == wanted { value } else { 0 };
    Tup10(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), at(8), at(9))
}

fn none() -> Ten {
    one_of_ten(255, 0)
}

fn figures(totals: &Totals, highest: i64, banks: i64) -> [i64; 24] {
    let Tup3(n, s, Tup3(_, leads, amount)) = totals;
    let mut figures = [0; 24];
    figures[..10].copy_from_slice(&[n.0, n.1, n.2, n.3, n.4, n.5, n.6, n.7, n.8, n.9]);
    figures[10..20].copy_from_slice(&[s.0, s.1, s.2, s.3, s.4, s.5, s.6, s.7, s.8, s.9]);
    figures[20..].copy_from_slice(&[*leads, *amount, highest, banks]);
    figures
}

fn build(circuit: &mut RootCircuit, card: Arc<report::Card>) -> Result<(Inputs, Outputs)> {
    let (registry, registry_in) = circuit.add_input_zset::<u128>();
    let (records, records_in) = circuit.add_input_zset::<Record>();
    let (leads, leads_in) = circuit.add_input_zset::<Lead>();
    let of_registry = registry.map_index(|code| (*code, Tup3(none(), none(), Tup3(1, 0, 0))));
    let of_records = records.map_index(|Tup3(code, category, cents)| {
        let counts = one_of_ten(*category, 1);
        (*code, Tup3(counts, one_of_ten(*category, *cents), Tup3(0, 0, 0)))
    });
    let of_leads = leads.map_index(|lead| (lead.0, Tup3(none(), none(), Tup3(0, 1, lead.1))));
    let totals = of_registry
        .plus(&of_records)
        .plus(&of_leads)
        .aggregate_linear(|totals: &Totals| totals.clone());
    let highest = leads.map_index(|lead| (lead.0, i64::from(lead.2))).aggregate(Max);
    let banks = leads.map_index(|lead| (lead.0, lead.3)).distinct().weighted_count();
    let of_leads = highest
        .join_index(&banks, |code, highest, banks| Some((*code, Tup2(*highest, *banks))));
    let threshold = card.threshold;
    let scores = totals
        .outer_join_default(&of_leads, move |code, totals, of_leads| {
            let figures = figures(totals, of_leads.0, of_leads.1);
            Tup3(*code, totals.2.0, card.score(&figures))
        })
        .filter(|row| row.1 > 0)
        .map(|Tup3(code, _, score)| Tup2(*code, *score));
    let crossing = scores.filter(move |row| row.1 >= threshold);
    let outputs = Outputs {
        scores: scores.accumulate_output(),
        crossing: crossing.accumulate_output(),
    };
    let inputs = Inputs { registry: registry_in, records: records_in, leads: leads_in };
    Ok((inputs, outputs))
}

/// Everything in one transaction, a step after every [`STEP_ROWS`] rows. Rows are
/// parsed on a thread beside the circuit.
fn load(circuit: &mut DBSPHandle, inputs: &Inputs, folder: &Path) -> Result<()> {
    circuit.start_transaction()?;
    let (send, receive) = std::sync::mpsc::sync_channel::<Rows>(2);
    let from = folder.to_path_buf();
    let reader = std::thread::spawn(move || input::read_all(&from, STEP_ROWS, &send));
    for rows in receive {
        match rows {
            Rows::Registry(mut rows) => inputs.registry.append(&mut rows),
            Rows::Records(mut rows) => inputs.records.append(&mut rows),
            Rows::Leads(mut rows) => inputs.leads.append(&mut rows),
        }
        circuit.step()?;
    }
    reader.join().map_err(|_| anyhow::anyhow!("the reader died"))??;
    circuit.commit_transaction()?;
    Ok(())
}

fn play(circuit: &mut DBSPHandle, inputs: &Inputs, changes: Vec<Change>) -> Result<()> {
    let (mut records, mut leads) = (Vec::new(), Vec::new());
    for change in changes {
        match change {
            Change::Record(row) => records.push(row),
            Change::Lead(row) => leads.push(row),
        }
    }
    inputs.records.append(&mut records);
    inputs.leads.append(&mut leads);
    circuit.transaction()?;
    Ok(())
}

fn take(outputs: &Outputs) -> (OrdZSet<Scored>, OrdZSet<Scored>) {
    let take = |handle: &OutputHandle<SpineSnapshot<OrdZSet<Scored>>>| handle.concat().consolidate();
    (take(&outputs.scores), take(&outputs.crossing))
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().context("DIR --out FILE")?;
    let out = arguments.nth(1).context("DIR --out FILE")?;
    let folder = Path::new(&folder);
    let mut report = Report::begin(folder)?;
    let card = Arc::new(report::Card::read(folder)?);
    let mut answer = Answer::new(card.threshold);
    let (mut circuit, (inputs, outputs)) =
        Runtime::init_circuit(WORKERS, move |circuit| build(circuit, Arc::clone(&card)))?;
    load(&mut circuit, &inputs, folder)?;
    let (scores, crossing) = take(&outputs);
    report.loaded();
    answer.add(&scores, &crossing);
    report.check(&answer, None);
    drop((scores, crossing));
    for (number, changes) in Batches::read(folder)?.enumerate() {
        let started = Instant::now();
        play(&mut circuit, &inputs, changes)?;
        let (scores, crossing) = take(&outputs);
        report.batch(number, started.elapsed());
        answer.add(&scores, &crossing);
        report.check(&answer, Some(number));
    }
    report.write(Path::new(&out))?;
    circuit.kill().map_err(|_| anyhow::anyhow!("a worker died"))
}

impl Answer {
    fn add(&mut self, scores: &OrdZSet<Scored>, crossing: &OrdZSet<Scored>) {
        scores.iter().for_each(|(Tup2(code, score), (), weight)| self.score(code, score, weight));
        crossing.iter().for_each(|(Tup2(code, score), (), weight)| self.cross(code, score, weight));
    }
}
