//! Following the log from its first line: the chain, every deed judged again, and
//! what follows from it against what is kept.

use super::load::{CASE, EXPIRED, PERSON, PLACE, Row as KeptRow, SUPPRESSION, Value};
use super::log::entry;
use super::remove::Count;
use super::{Docket, DocketError, Entry, outcomes};
use crate::casework::retention::{Kept, Removal};
use crate::casework::{Action, Fold};
use crate::chain::Chain;
use sqlx::Row;
use sqlx::any::AnyRow;
use std::collections::{BTreeMap, BTreeSet};

/// Lines read at once.
const PAGE: i64 = 10_000;
/// Most faults that are told.
const MAX_FAULTS: usize = 20;

/// What verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Lines in one chain.
    pub lines: u64,
    /// The hash of the last: who keeps it finds a log that was cut off later.
    pub head: String,
    /// Cases, accounts, suppressions and readers' places that follow from them.
    pub rows: usize,
    /// What is broken, at most twenty.
    pub broken: Vec<Broken>,
}

/// Something that is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which line, or which row.
    pub place: String,
    /// How.
    pub what: String,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl Docket {
    /// Follows the log. With `head`, a line must have that hash.
    ///
    /// # Errors
    /// Any failure of the database; what is broken is no error but an answer.
    pub async fn verify(&self, head: Option<&str>) -> Result<Verified, DocketError> {
        // One view of all tables, while others write.
        let mut transaction = self.pool.begin_with(self.snapshot()).await?;
        let mut chain = Chain::default();
        let mut fold = Fold::default();
        let mut broken = Vec::new();
        let mut gone = Gone::default();
        let mut known = head.is_none();
        'log: loop {
            let sql = "SELECT seq, time_ms, who, role, purpose, subject, key, kind, action, previous, hash \
                       FROM deeds WHERE seq > $1 ORDER BY seq LIMIT $2";
            let query = sqlx::query(sql).bind(chain.number() as i64).bind(PAGE);
            let rows = query.fetch_all(&mut *transaction).await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                if let Err(what) = follow(&mut chain, &mut fold, &mut gone, row) {
                    let seq: i64 = row.try_get("seq")?;
                    let place = format!("line {seq}");
                    broken.push(Broken { place, what });
                    // What follows hangs on what is broken.
                    break 'log;
                }
                known |= head == Some(chain.head());
            }
        }
        let before: i64 = sqlx::query_scalar("SELECT count(*) FROM deeds WHERE seq < 1")
            .fetch_one(&mut *transaction)
            .await?;
        if before > 0 {
            broken.push(Broken {
                place: "log".to_owned(),
                what: format!("{before} lines have no number from 1 on"),
            });
        }
        if !known && broken.is_empty() {
            broken.push(Broken {
                place: "log".to_owned(),
                what: "no line has the hash that was given: it was cut off, or is another"
                    .to_owned(),
            });
        }
        if broken.is_empty() {
            broken.extend(gone.unsaid());
        }
        let expected = self.expected(&fold)?;
        let rows = expected.len();
        if broken.is_empty() {
            let found = found(&mut transaction).await?;
            compare(expected, found, &mut broken);
        }
        Ok(Verified {
            lines: chain.number(),
            head: chain.head().to_owned(),
            rows,
            broken,
        })
    }

    fn snapshot(&self) -> &'static str {
        match self.dialect {
            super::Dialect::Sqlite => "BEGIN",
            super::Dialect::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ",
        }
    }

    /// The rows that follow from the deeds.
    fn expected(&self, fold: &Fold) -> Result<Rows, DocketError> {
        let cases = fold
            .cases
            .values()
            .map(|case| KeptRow::of_case(case, &self.calendar));
        let people = fold.people.values().map(KeptRow::of_person);
        let suppressions = fold.suppressions.values().map(KeptRow::of_suppression);
        let places = fold.places.iter();
        let places = places.map(|(person, place)| KeptRow::of_place(person, place));
        let expired = fold.expired.values().map(KeptRow::of_expired);
        let all = cases.chain(people).chain(suppressions).chain(places);
        let all = all.chain(expired);
        let mut rows: Rows = all
            .map(|row| row.map(|row| (key(&row), row.values)))
            .collect::<Result<_, _>>()?;
        let mut counts = outcomes::Counts::default();
        let ended = fold.cases.values().map(outcomes::under);
        ended.for_each(|under| counts.add(under));
        let expired = fold.expired.values().map(outcomes::under_expired);
        expired.for_each(|under| counts.add(under));
        rows.extend(counts.rows());
        Ok(rows)
    }
}

type Rows = BTreeMap<String, Vec<Value>>;

fn key(row: &KeptRow) -> String {
    match row.values.first() {
        Some(Value::Text(key)) => format!("{} `{key}`", row.table),
        _ => row.table.to_owned(),
    }
}

/// Follows chain and fold by one line.
fn follow(chain: &mut Chain, fold: &mut Fold, gone: &mut Gone, row: &AnyRow) -> Result<(), String> {
    let found: Entry = entry(row).map_err(|fault| fault.to_string())?;
    if found.deed.action == Action::Removed {
        let kind: String = row.try_get("kind").map_err(|fault| fault.to_string())?;
        let (seq, time_ms) = (found.deed.seq, found.deed.time_ms);
        chain.follow_hash(seq, &found.previous, &found.hash)?;
        return gone.add(seq, time_ms, &kind, found.hash);
    }
    if let Action::Removal(removal) = &found.deed.action {
        gone.said(removal)?;
    }
    let content = found.content();
    chain.follow(
        found.deed.seq,
        &found.previous,
        &found.hash,
        content.as_bytes(),
    )?;
    let kind: String = row.try_get("kind").map_err(|fault| fault.to_string())?;
    if kind != found.deed.action.kind() {
        return Err(format!(
            "it is filed as `{kind}`, but says `{}`",
            found.deed.action.kind()
        ));
    }
    let applied = fold.apply(&found.deed);
    let applied = applied.map_err(|refused| format!("it could not have been done: {refused}"))?;
    match applied.role == found.deed.role {
        true => Ok(()),
        false => Err(format!(
            "it was done as `{}`, not as `{}`",
            applied.role, found.deed.role
        )),
    }
}

/// Lines that were removed, until a later line says so.
#[derive(Default)]
struct Gone {
    /// Those that stand alone, by what they are.
    alone: BTreeMap<Kept, Vec<(u64, i64, String)>>,
    /// Those of cases, by number.
    of_cases: BTreeMap<u64, (i64, String)>,
}

impl Gone {
    fn add(&mut self, seq: u64, time_ms: i64, kind: &str, hash: String) -> Result<(), String> {
        if kind.starts_with("case.") {
            self.of_cases.insert(seq, (time_ms, hash));
            return Ok(());
        }
        let of_kind = |what: &Kept| what.kinds().contains(&kind);
        let what = Kept::ALL.into_iter().find(of_kind);
        let what = what.ok_or_else(|| format!("it was removed, and `{kind}` stays for ever"))?;
        self.alone
            .entry(what)
            .or_default()
            .push((seq, time_ms, hash));
        Ok(())
    }

    /// What a line says was removed must be what is gone from before its instant.
    fn said(&mut self, removal: &Removal) -> Result<(), String> {
        if removal.what.is_beside() {
            return Ok(());
        }
        let mut count = Count::default();
        for expired in &removal.cases {
            for seq in &expired.lines {
                let found = self.of_cases.remove(seq);
                let found = found.filter(|(time_ms, _)| *time_ms <= expired.last_ms);
                let Some((_, hash)) = found else {
                    return Err(format!(
                        "it says that line {seq} of case {} was removed; it was not, or is of later",
                        expired.id
                    ));
                };
                count.add(*seq, &hash);
            }
        }
        let lines = self.alone.entry(removal.what).or_default();
        let by_number: BTreeSet<u64> = removal.numbers.iter().copied().collect();
        lines.retain(|(seq, time_ms, hash)| {
            let named = !removal.what.is_retired() || by_number.contains(seq);
            let meant = named && *time_ms < removal.before_ms;
            if meant {
                count.add(*seq, hash);
            }
            !meant
        });
        match (count.lines, count.digest()) == (removal.lines, removal.digest.clone()) {
            true => Ok(()),
            false => Err(format!(
                "it says that {} lines were removed; {} are gone, or others",
                removal.lines, count.lines
            )),
        }
    }

    fn unsaid(&self) -> Option<Broken> {
        let alone = self.alone.values().flatten().map(|line| line.0);
        let first = alone.chain(self.of_cases.keys().copied()).min()?;
        Some(Broken {
            place: format!("line {first}"),
            what: "it was removed, and no line says so".to_owned(),
        })
    }
}

/// The rows that are kept.
async fn found(transaction: &mut sqlx::Transaction<'_, sqlx::Any>) -> Result<Rows, DocketError> {
    let mut rows = Rows::new();
    let tables = [
        ("cases", CASE),
        ("people", PERSON),
        ("suppressions", SUPPRESSION),
        ("places", PLACE),
        ("expired", EXPIRED),
    ];
    for (table, columns) in tables {
        let sql = format!("SELECT {} FROM {table}", columns.join(", "));
        for row in sqlx::query(&sql).fetch_all(&mut **transaction).await? {
            let value = |column: &&str| match row.try_get::<i64, _>(*column) {
                Ok(number) => Ok(Value::Number(number)),
                Err(_) => row.try_get(*column).map(Value::Text),
            };
            let values = columns.iter().map(value).collect::<Result<Vec<_>, _>>()?;
            let kept = KeptRow {
                table,
                columns,
                values,
            };
            rows.insert(key(&kept), kept.values);
        }
    }
    rows.extend(outcomes::kept(transaction).await?);
    Ok(rows)
}

fn compare(mut expected: Rows, found: Rows, broken: &mut Vec<Broken>) {
    let mut tell = |place: &str, what: &str| {
        if broken.len() < MAX_FAULTS {
            broken.push(Broken {
                place: place.to_owned(),
                what: what.to_owned(),
            });
        }
    };
    for (place, values) in &found {
        match expected.remove(place) {
            Some(same) if same == *values => {}
            Some(_) => tell(
                place,
                "it is not what the log makes of it: it was changed, or the log was cut off",
            ),
            None => tell(place, "no line of the log made it"),
        }
    }
    for place in expected.keys() {
        tell(place, "the log made it, but it is gone");
    }
}
