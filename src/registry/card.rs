//! A version's model card: what it is, what it was trained on, how good it was
//! then, for whom it errs, and what it must not be used for.

use super::dossier::{Dossier, Figure, Judged, Measured, Share};
use super::{Registry, Version};
use crate::census::SCORE;
use crate::document::{self, Block};
use crate::plots::{self, Mark};
use crate::serve::text::CATEGORIES;

/// Contributions that are drawn.
const DRAWN: usize = 25;
const MICRO: f64 = 1e6;

/// The card as Markdown.
pub fn markdown(registry: &Registry, version: &Version, dossier: &Dossier) -> String {
    document::markdown(&blocks(registry, version, dossier))
}

/// The card as one HTML file.
pub fn html(registry: &Registry, version: &Version, dossier: &Dossier) -> String {
    let title = format!("模型卡 model card {}", version.version);
    document::html(&title, &blocks(registry, version, dossier))
}

fn heading(depth: u8, text: &str) -> Block {
    Block::Heading(depth, text.to_owned())
}

fn texts(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

fn blocks(registry: &Registry, version: &Version, dossier: &Dossier) -> Vec<Block> {
    let mut blocks = vec![
        heading(1, &format!("模型卡 Model card {}", version.version)),
        Block::Text(format!(
            "{}。Scores rank enterprises for a check; they decide nothing about anyone.",
            tocsin_alerts::DISCLAIMER
        )),
        heading(2, "版本 Version"),
        identity(version, dossier),
        heading(2, "经手 Who did what"),
        deeds(registry, version),
        heading(2, "训练数据 What it was trained on"),
    ];
    blocks.extend(training(dossier));
    match &dossier.measured {
        None => blocks.push(Block::Text(
            "It was submitted unmeasured: nothing below is known of it.".to_owned(),
        )),
        Some(measured) => blocks.extend(self::measured(dossier, measured)),
    }
    blocks.push(heading(2, "限度 Limits"));
    blocks.push(Block::List(limits(dossier)));
    blocks
}

fn identity(version: &Version, dossier: &Dossier) -> Block {
    let rows = [
        (
            "版本 version (hash of its content)",
            version.version.clone(),
        ),
        ("状态 state", version.state.name().to_owned()),
        ("BLAKE3", version.files.artifact.clone()),
        ("种类 kind", kind(dossier)),
        (
            "校准 calibration behind the sum, log-odds",
            calibration(dossier),
        ),
        ("特征 features", dossier.counts()),
        ("程序 program (version, hash)", dossier.program.clone()),
        (
            "特征定义 feature definitions (hash)",
            dossier.features.clone(),
        ),
        ("配置 configuration (hash)", dossier.configuration.clone()),
    ];
    table(&["", ""], rows)
}

/// Which kind, and of a blend its parts. Each version has its share of the weights
/// multiplied in, so they are added as they are.
pub(super) fn kind(dossier: &Dossier) -> String {
    let parts = dossier.parts.iter();
    let parts: Vec<String> = parts
        .map(|of| format!("{} {}", of.kind, of.version))
        .collect();
    match parts.len() {
        0 => dossier.kind.clone(),
        count => format!(
            "{}: {}, the sum of both; 1/{count} of the weights of each is in it",
            dossier.kind,
            parts.join(" + ")
        ),
    }
}

/// The points through which probability and index are read.
pub(super) fn calibration(dossier: &Dossier) -> String {
    let point = |(sum, read): &(i64, i64)| {
        let [sum, read] = [*sum, *read].map(|micro| micro as f64 / MICRO);
        format!("{sum:+.3} → {read:+.3}")
    };
    let points: Vec<String> = dossier.calibration.iter().map(point).collect();
    match points.is_empty() {
        true => "none: read of the sum itself".to_owned(),
        false => points.join("; "),
    }
}

/// As of when the rows that it was judged by were known.
fn known(judged: &Judged) -> String {
    let months: Vec<String> = judged.months_before.iter().map(u8::to_string).collect();
    match (judged.known.as_str(), &judged.months_before[..]) {
        ("outcome", [] | [0]) => "as known before the month of its outcome".to_owned(),
        ("outcome", _) => format!(
            "looked at {} months before the month of its outcome, as known then",
            months.join(", ")
        ),
        _ => "as known at the end".to_owned(),
    }
}

fn table<const N: usize>(head: &[&str], rows: [(&str, String); N]) -> Block {
    let rows = rows
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value]);
    Block::Table(texts(head), rows.collect())
}

fn deeds(registry: &Registry, version: &Version) -> Block {
    let entries = registry.entries().iter();
    let of_version = entries.filter(|entry| entry.version == version.version);
    let row = |entry: &super::Entry| {
        vec![
            entry.number.to_string(),
            entry.time.clone(),
            entry.action.name().to_owned(),
            entry.person.clone(),
            entry.why.clone(),
        ]
    };
    Block::Table(
        texts(&["№", "时间 time", "步骤 step", "何人 who", "事由 why"]),
        of_version.map(row).collect(),
    )
}

fn training(dossier: &Dossier) -> Vec<Block> {
    let made = &dossier.made;
    let or = |text: &str, none: &str| match text.is_empty() {
        true => none.to_owned(),
        false => text.to_owned(),
    };
    let rows = [
        ("说明 note", or(&made.note, "—")),
        ("日期 made on", or(&made.created, "—")),
        (
            "数据 data (hash of rows and labels)",
            or(&made.data_hash, "none: written by hand"),
        ),
        ("当时配置 configuration (hash)", or(&made.config_hash, "—")),
        (
            "参数 parameters of the configuration it was submitted with",
            dossier.parameters.to_string(),
        ),
    ];
    vec![table(&["", ""], rows)]
}

fn measured(dossier: &Dossier, measured: &Measured) -> Vec<Block> {
    let population = &measured.population;
    let levels = crate::census::highest_first(&population.levels);
    let mut blocks = vec![
        Block::Text(format!(
            "Submitted and measured as of {} (epoch {}), {} records accepted by then, over {} registered enterprises; mean coverage {:.3}; by score and gates: {}.",
            measured.as_of,
            measured.epoch,
            measured.records,
            population.enterprises,
            population.mean_coverage(),
            levels.join(", ")
        )),
        heading(2, "成绩 How good it is"),
    ];
    match &measured.judged {
        Some(judged) => blocks.extend(self::judged(judged)),
        None => blocks.push(Block::Text(format!("Not judged: {}.", measured.not_judged))),
    }
    blocks.push(heading(2, "贡献 What features contribute"));
    blocks.extend(contributions(dossier, measured));
    blocks
}

fn judged(judged: &Judged) -> Vec<Block> {
    let rate = Share::of(judged.positives, judged.rows);
    let mut blocks = vec![
        Block::Text(format!(
            "{} {} of {} enterprises, {} positive ({}), each {}; judged by {}. Training again by this configuration {}.",
            judged.rows,
            match judged.months_before.len() {
                0 | 1 => "outcomes",
                _ => "looks at outcomes",
            },
            judged.enterprises,
            judged.positives,
            share(&rate),
            known(judged),
            judged.by.words(),
            match judged.reproduced {
                true => "gives this very version, to the byte",
                false => "was not found to give this version",
            }
        )),
        Block::Table(
            texts(&["指标 figure", "值 value", "95 % 区间 interval"]),
            judged.figures.iter().map(figure).collect(),
        ),
    ];
    let rows = judged
        .precision_at
        .iter()
        .map(|(count, found)| vec![count.to_string(), found.part.to_string(), share(found)]);
    blocks.push(heading(3, "容量内准确率 Precision at capacity"));
    blocks.push(Block::Table(
        texts(&["首 N 户 first", "命中 right", "准确率 precision (95 %)"]),
        rows.collect(),
    ));
    blocks.push(Block::Plot(
        capacity(judged),
        "Precision among the first tenths of the ranking, with 95 % intervals".to_owned(),
    ));
    blocks.push(heading(3, "提升 Lift"));
    blocks.push(Block::Plot(
        lift(judged),
        "How many times the base rate each tenth of the ranking has, the highest first".to_owned(),
    ));
    blocks.push(heading(3, "校准 Reliability"));
    blocks.push(Block::Plot(
        reliability(judged),
        "Predicted against observed; a calibrated model lies on the line. Held-out scores are those of the outcomes, before a base rate moves them".to_owned(),
    ));
    let rows = judged.calibration.iter().map(|bin| {
        vec![
            format!("{:.4}", bin.predicted),
            share(&bin.observed),
            bin.observed.whole.to_string(),
        ]
    });
    blocks.push(Block::Table(
        texts(&["预测 predicted", "实际 observed (95 %)", "户 rows"]),
        rows.collect(),
    ));
    blocks.push(heading(3, "分组 Subgroups"));
    blocks.push(subgroups(judged));
    blocks
}

fn figure(figure: &Figure) -> Vec<String> {
    vec![
        figure.name.clone(),
        format!("{:.4}", figure.value),
        format!("{:.4} – {:.4}", figure.low, figure.high),
    ]
}

fn share(share: &Share) -> String {
    match share.whole {
        0 => "—".to_owned(),
        _ => format!(
            "{:.3} ({:.3} – {:.3})",
            share.value(),
            share.low,
            share.high
        ),
    }
}

fn subgroups(judged: &Judged) -> Block {
    if judged.subgroups.is_empty() {
        return Block::Text(
            "None: no district or declared sector has 20 outcomes or more.".to_owned(),
        );
    }
    let row = |group: &super::dossier::Subgroup| {
        vec![
            format!("{} {}", group.by, group.name),
            group.rows.to_string(),
            share(&group.found),
            share(&group.alarmed),
        ]
    };
    Block::Table(
        texts(&[
            "组 group",
            "户 rows",
            "查出率 recall (95 %)",
            "误报率 false alarms (95 %)",
        ]),
        judged.subgroups.iter().map(row).collect(),
    )
}

/// Rows and positives of the first tenths together.
fn first(judged: &Judged) -> impl Iterator<Item = (f64, Share)> {
    let (mut rows, mut positives) = (0, 0);
    let all = judged.rows.max(1);
    judged.tenths.iter().map(move |(more, found)| {
        (rows, positives) = (rows + more, positives + found);
        (rows as f64 / all as f64, Share::of(positives, rows))
    })
}

fn mark(at: f64, share: &Share, unit: f64) -> Mark {
    Mark {
        at,
        value: share.value() / unit,
        low: share.low / unit,
        high: share.high / unit,
    }
}

fn capacity(judged: &Judged) -> String {
    let marks: Vec<Mark> = first(judged)
        .map(|(at, found)| mark(at, &found, 1.0))
        .collect();
    plots::curve("precision at capacity", "受检比例 share visited", &marks)
}

fn lift(judged: &Judged) -> String {
    let base = judged.positives as f64 / judged.rows.max(1) as f64;
    let tenths = judged.tenths.iter().enumerate();
    let marks: Vec<Mark> = tenths
        .map(|(place, (rows, found))| {
            let at = (place as f64 + 0.5) / judged.tenths.len() as f64;
            mark(at, &Share::of(*found, *rows), base.max(f64::MIN_POSITIVE))
        })
        .collect();
    plots::curve(
        "lift",
        "排名分位 place in the ranking, the highest first",
        &marks,
    )
}

fn reliability(judged: &Judged) -> String {
    let bins = judged.calibration.iter();
    let marks: Vec<Mark> = bins
        .map(|bin| mark(bin.predicted, &bin.observed, 1.0))
        .collect();
    plots::reliability(&marks)
}

fn contributions(dossier: &Dossier, measured: &Measured) -> Vec<Block> {
    let mut order: Vec<_> = measured.contributions.iter().collect();
    order.retain(|(_, spread)| spread.mean_size > 0);
    order.sort_by_key(|(name, spread)| (std::cmp::Reverse(spread.mean_size), (*name).clone()));
    let line = |(name, spread): &(&String, &crate::census::Spread)| {
        let values = [spread.low, spread.median, spread.high].map(|w| w as f64 / MICRO);
        let categories: String = dossier.categories_of(name).into_iter().collect();
        (format!("{categories} {name}"), values)
    };
    let lines: Vec<_> = order.iter().take(DRAWN).map(line).collect();
    let moved = measured.population.shapes.get(SCORE);
    vec![
        Block::Text(format!(
            "Over {} enterprises drawn by the hash of their key; log-odds. The score's own distribution is kept in {} bins to measure drift by.",
            measured.sampled,
            moved.map_or(0, |shape| shape.counts.len())
        )),
        Block::Plot(
            plots::spreads("contributions by feature", &lines),
            format!(
                "The {} features, pairs of features and caps of the largest mean effect: from the 5th to the 95th percentile of what they contribute; the dot is the median",
                lines.len()
            ),
        ),
        by_category(dossier, measured),
    ]
}

fn by_category(dossier: &Dossier, measured: &Measured) -> Block {
    // Half of a pair counts for the category of either feature.
    let sum = |letter: char| -> f64 {
        let of = |(name, spread): (&String, &crate::census::Spread)| {
            let categories = dossier.categories_of(name);
            let here = categories.iter().filter(|category| **category == letter);
            spread.mean_size as f64 * here.count() as f64 / categories.len().max(1) as f64
        };
        measured.contributions.iter().map(of).sum()
    };
    let row = |(letter, chinese, english): (char, &str, &str)| {
        vec![
            format!("{letter} {chinese} {english}"),
            format!("{:.4}", sum(letter) / MICRO),
        ]
    };
    Block::Table(
        texts(&["类别 category", "平均幅度之和 sum of mean sizes, log-odds"]),
        CATEGORIES.map(row).to_vec(),
    )
}

fn limits(dossier: &Dossier) -> Vec<String> {
    let mut limits = texts(&[
        "Outcomes exist for enterprises that somebody chose to check. They are no sample of all: figures hold for enterprises as they used to be chosen, not for the rest.",
        "What a source delivers, to whom and how late changes what a value means. Whether it still means what it meant is told by `tocsin model watch`.",
        "A person or enterprise is not guilty because it scores high, nor innocent because it scores low. The level asks for a check by people; nothing may follow from it by itself (个人信息保护法 第二十四条).",
        "Not to be used for credit, licensing or anything but looking into illegal fundraising.",
    ]);
    let judged = dossier.measured.as_ref().and_then(|m| m.judged.as_ref());
    match judged {
        None => limits.push(
            "It was not judged by outcomes: its probability is not calibrated, its order unproven."
                .to_owned(),
        ),
        Some(judged) if judged.known == "now" => limits.push(
            "Outcomes were judged by what is known now: what followed from an outcome may have given it away ([training] as_of = \"outcome\" keeps from that).".to_owned(),
        ),
        Some(_) => {}
    }
    if dossier.made.data_hash.is_empty() {
        limits.push("Its weights were set by hand, not fitted.".to_owned());
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(known: &str, months: &[u8]) -> Judged {
        let json = serde_json::json!({"by": "held-out", "rows": 9, "positives": 3, "enterprises": 4,
            "known": known, "months_before": months, "data_hash": "", "reproduced": true,
            "figures": [], "precision_at": [], "calibration": [], "tenths": [], "subgroups": []});
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_card_says_how_long_before_an_outcome_enterprises_were_looked_at() {
        let said = |known, months: &[u8]| {
            let blocks = super::judged(&judged(known, months));
            match blocks.into_iter().next() {
                Some(Block::Text(text)) => text,
                _ => String::new(),
            }
        };
        let looks = said("outcome", &[0, 3, 6]);
        assert!(
            looks.starts_with("9 looks at outcomes of 4 enterprises, 3 positive"),
            "{looks}"
        );
        let months = "looked at 0, 3, 6 months before the month of its outcome, as known then";
        assert!(looks.contains(months), "{looks}");
        for months in [&[][..], &[0]] {
            let eve = said("outcome", months);
            assert!(eve.starts_with("9 outcomes of 4 enterprises"), "{eve}");
            assert!(
                eve.contains("each as known before the month of its outcome;"),
                "{eve}"
            );
        }
        let now = said("now", &[]);
        assert!(now.contains("each as known at the end;"), "{now}");
    }
}
