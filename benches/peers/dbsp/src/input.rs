//! The files: rows of them for the load, and the change log.

use anyhow::{Context, Result};
use dbsp::utils::{Tup2, Tup3, Tup4};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::mpsc::SyncSender;

/// Enterprise, category, cents.
pub type Record = Tup3<u128, u8, i64>;
/// Enterprise, cents, suspicion, bank.
pub type Lead = Tup4<u128, i64, u8, u8>;

/// Rows of one file, each once.
pub enum Rows {
    Registry(Vec<Tup2<u128, i64>>),
    Records(Vec<Tup2<Record, i64>>),
    Leads(Vec<Tup2<Lead, i64>>),
}

/// One row of the change log.
pub enum Change {
    Record(Tup2<Record, i64>),
    Lead(Tup2<Lead, i64>),
}

/// A code as a number: its characters as digits of base 36.
fn pack(code: &[u8]) -> u128 {
    let digit = |c: &u8| if c.is_ascii_digit() { c - b'0' } else { c - b'A' + 10 };
    let fold = |part: &[u8]| part.iter().fold(0_u64, |sum, c| sum * 36 + u64::from(digit(c)));
    let (high, low) = code.split_at(9);
    (u128::from(fold(high)) << 64) | u128::from(fold(low))
}

/// The 18 characters of a packed code.
pub fn unpack(code: u128) -> [u8; 18] {
    let mut text = [0; 18];
    for (half, number) in [(0, (code >> 64) as u64), (9, code as u64)] {
        let mut rest = number;
        for place in text[half..half + 9].iter_mut().rev() {
            *place = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(rest % 36) as usize];
            rest /= 36;
        }
    }
    text
}

fn number(field: &[u8]) -> i64 {
    let (sign, digits) = match field {
        [b'-', digits @ ..] => (-1, digits),
        digits => (1, digits),
    };
    sign * digits.iter().fold(0, |sum, c| sum * 10 + i64::from(c - b'0'))
}

/// Hands every line but the first, cut at its commas, to `take`.
fn lines<const N: usize>(path: &Path, mut take: impl FnMut([&[u8]; N]) -> Result<()>) -> Result<()> {
    let file = File::open(path).with_context(|| format!("`{}`", path.display()))?;
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let mut fields = [&[][..]; N];
        let cut = line.trim_ascii_end().split(|c| *c == b',');
        fields.iter_mut().zip(cut).for_each(|(field, found)| *field = found);
        take(fields)?;
    }
}

fn record(code: &[u8], category: &[u8], cents: &[u8]) -> Record {
    Tup3(pack(code), number(category) as u8, number(cents))
}

fn lead(code: &[u8], cents: &[u8], suspicion: &[u8], bank: &[u8]) -> Lead {
    Tup4(pack(code), number(cents), number(suspicion) as u8, number(bank) as u8)
}

/// Reads the three files and sends their rows, `step` at a time.
pub fn read_all(folder: &Path, step: usize, send: &SyncSender<Rows>) -> Result<()> {
    let mut rows = Vec::with_capacity(step);
    lines(&folder.join("registry.csv"), |[code, _]: [&[u8]; 2]| {
        rows.push(Tup2(pack(code), 1));
        flush(&mut rows, step, Rows::Registry, send)
    })?;
    flush(&mut rows, 1, Rows::Registry, send)?;
    let mut rows = Vec::with_capacity(step);
    lines(&folder.join("records.csv"), |[_, code, category, cents, _]: [&[u8]; 5]| {
        rows.push(Tup2(record(code, category, cents), 1));
        flush(&mut rows, step, Rows::Records, send)
    })?;
    flush(&mut rows, 1, Rows::Records, send)?;
    let mut rows = Vec::with_capacity(step);
    lines(&folder.join("leads.csv"), |[_, _, code, cents, suspicion, bank, _]: [&[u8]; 7]| {
        rows.push(Tup2(lead(code, cents, suspicion, bank), 1));
        flush(&mut rows, step, Rows::Leads, send)
    })?;
    flush(&mut rows, 1, Rows::Leads, send)
}

fn flush<T>(
    rows: &mut Vec<T>,
    least: usize,
    kind: impl Fn(Vec<T>) -> Rows,
    send: &SyncSender<Rows>,
) -> Result<()> {
    if rows.len() < least {
        return Ok(());
    }
    let full = std::mem::replace(rows, Vec::with_capacity(rows.capacity()));
    send.send(kind(full)).map_err(|_| anyhow::anyhow!("the circuit is gone"))
}

/// The change log, batch by batch.
pub struct Batches;

impl Batches {
    pub fn read(folder: &Path) -> Result<std::vec::IntoIter<Vec<Change>>> {
        let mut batches = Vec::new();
        lines(&folder.join("batches.csv"), |[_, size]: [&[u8]; 2]| {
            batches.push(Vec::with_capacity(number(size) as usize * 2));
            Ok(())
        })?;
        let path = folder.join("record_changes.csv");
        lines(&path, |[batch, diff, _, code, category, cents, _]: [&[u8]; 7]| {
            let change = Change::Record(Tup2(record(code, category, cents), number(diff)));
            batches[number(batch) as usize].push(change);
            Ok(())
        })?;
        let path = folder.join("lead_changes.csv");
        lines(&path, |[batch, diff, _, _, code, cents, suspicion, bank, _]: [&[u8]; 9]| {
            let change = Change::Lead(Tup2(lead(code, cents, suspicion, bank), number(diff)));
            batches[number(batch) as usize].push(change);
            Ok(())
        })?;
        Ok(batches.into_iter())
    }
}
