//! The agencies: one file each, with its resources and how it writes them down.

mod annual_report;
mod court;
mod cyberspace;
mod finance_office;
mod hotline;
mod housing;
mod hrss;
mod msa;
mod pbc;
mod petition;
mod registration;
mod tax;
mod telecom;
mod utility;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::calendar::{civil, iso_month, month_of};
use crate::city::{City, Delivery};
use crate::random::chance;
use crate::sheet::{Layout, Sheet};
use crate::words;

/// One resource of an agency: monthly files that grow day by day.
struct Feed {
    layout: &'static Layout,
    rows: fn(&City, i32, &mut Sheet),
}

/// All resources, in the order of delivery.
static FEEDS: [Feed; 22] = [
    registration::FEED,
    annual_report::FEED,
    msa::PENALTY,
    msa::ABNORMAL_LIST,
    msa::COMPLAINT_12315,
    tax::FILING,
    hrss::INSURED,
    hrss::WAGE_COMPLAINT,
    court::CASE,
    court::ENFORCEMENT,
    hotline::TICKET,
    petition::VISIT,
    cyberspace::OPINION,
    telecom::ICP,
    utility::POWER,
    housing::LEASE,
    pbc::ACCOUNT,
    pbc::PERSONAL_ACCOUNT,
    pbc::LEAD,
    finance_office::LICENCE,
    finance_office::TIP_OFF,
    finance_office::OUTCOME,
];

/// Everything that is delivered on `day`. A month's file is opened, with its
/// header, on the first of the month whether or not anything happened.
pub(crate) fn deliver(city: &City, day: i32) -> Vec<Delivery> {
    let opens = opens(city, day);
    let month = iso_month(month_of(day));
    let mut deliveries = Vec::new();
    for feed in &FEEDS {
        let mut sheet = Sheet::new(feed.layout, opens);
        (feed.rows)(city, day, &mut sheet);
        let bytes = sheet.into_bytes(opens);
        if !bytes.is_empty() {
            let path = format!("{}/{month}.csv", feed.layout.folder);
            deliveries.push(Delivery { path, bytes });
        }
    }
    deliveries
}

/// Whether files begin on `day`.
fn opens(city: &City, day: i32) -> bool {
    day == city.start() || civil(day).2 == 1
}

/// The enterprises that report month by month and whose turn is on `day`: all
/// of them once, within the first twenty days.
fn monthly_turn(city: &City, day: i32) -> impl Iterator<Item = u32> + '_ {
    let dom = civil(day).2;
    let first = if dom <= 20 { dom as u32 - 1 } else { u32::MAX };
    let known = city.founded_by(day);
    (first..known)
        .step_by(20)
        .filter(move |index| city.enterprises()[*index as usize].lives(day))
}

/// The code of an enterprise as an agency writes it: now and then the number of
/// before 2015.
fn code_of(city: &City, rng: &mut ChaCha8Rng, enterprise: u32) -> String {
    let known = &city.enterprises()[enterprise as usize];
    match known.old_number(enterprise).filter(|_| chance(rng, 80_000)) {
        Some(old) => old,
        None => known.uscc(enterprise),
    }
}

/// The registered name of an enterprise.
fn name_of(city: &City, enterprise: u32) -> String {
    words::name(enterprise, city.enterprises()[enterprise as usize].sector)
}

/// The name as people write it down: mostly right, sometimes only the brand.
fn told_name(city: &City, rng: &mut ChaCha8Rng, enterprise: u32) -> String {
    let name = name_of(city, enterprise);
    match rng.gen_range(0..100u32) {
        0..3 => words::brand(enterprise),
        3..6 => format!(" {name}"),
        6..8 => name.replace("有限公司", "有限公司　"),
        _ => name,
    }
}

/// A name, and in seven of ten cases the code with it.
fn name_and_code(city: &City, rng: &mut ChaCha8Rng, enterprise: u32) -> (String, String) {
    let coded = chance(rng, 700_000);
    let code = code_of(city, rng, enterprise);
    let name = told_name(city, rng, enterprise);
    if coded {
        (name, code)
    } else {
        (name, String::new())
    }
}
