//! How a model does, as lines: in the terminal both languages beside each other, on a
//! page the reader's.

use super::Report;
use crate::explain::brief::Tongue;
use crate::registry::dossier::Share;
use std::fmt::Write;

/// Steady features listed.
const LISTED: usize = 20;

/// The report as text.
pub fn text(report: &Report, tongue: Tongue) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = written(&mut text, report, tongue);
    text
}

fn written(text: &mut String, report: &Report, tongue: Tongue) -> std::fmt::Result {
    let say = |chinese, english| tongue.say(chinese, english);
    let epoch = report.epoch;
    let enterprises = report.enterprises;
    let coverage = report.coverage;
    writeln!(
        text,
        "{}\n{} {} · {} {} · {} {epoch} · {} {enterprises} · {} {coverage:.3}",
        tongue.say(&report.notice, "risk leads, not findings"),
        say("模型", "model"),
        report.model,
        say("截至", "as of"),
        report.as_of,
        say("批次", "epoch"),
        say("企业", "enterprises"),
        say("平均覆盖率", "mean coverage"),
    )?;
    writeln!(
        text,
        "{}: {}",
        say("按分数和门槛", "by score and gates"),
        crate::census::highest_first(&report.levels).join(" ")
    )?;
    match &report.reference {
        None => writeln!(
            text,
            "{}",
            say(
                "无对照:该版本不在注册库中,或提交时未测量",
                "no reference: the version is not in a registry, or was submitted unmeasured"
            )
        )?,
        Some(then) => writeln!(
            text,
            "{} {} · {} {} · {} {:.3}",
            say("提交时", "when it was submitted"),
            then.as_of,
            say("企业", "enterprises"),
            then.enterprises,
            say("平均覆盖率", "mean coverage"),
            then.coverage
        )?,
    }
    drift(text, report, tongue)?;
    writeln!(
        text,
        "\n{:<28} {:>8} {:>8}",
        say("各区县预警", "alerts by district"),
        say("未结", "open"),
        say("30 日新增", "new in 30 days")
    )?;
    for (district, volume) in &report.districts {
        writeln!(text, "{district:<28} {:>8} {:>8}", volume.open, volume.new)?;
    }
    if !report.sectors.is_empty() {
        let (all, raised) = (say("全部", "all"), say("预警", "raised"));
        writeln!(text, "\n{:<28} {all:>8} {raised:>8}", say("行业", "sector"))?;
        for (sector, (all, raised)) in &report.sectors {
            writeln!(text, "{sector:<28} {all:>8} {raised:>8}")?;
        }
    }
    outcomes(text, report, tongue)
}

fn drift(text: &mut String, report: &Report, tongue: Tongue) -> std::fmt::Result {
    if report.moved.is_empty() {
        return Ok(());
    }
    let index = tongue.say("总体稳定性指数", "population stability index");
    writeln!(text, "\n{index}")?;
    let steady = report
        .moved
        .iter()
        .filter(|moved| moved.verdict == "steady");
    let hidden = steady.count().saturating_sub(LISTED);
    let listed = report.moved.len() - hidden;
    for moved in report.moved.iter().take(listed) {
        let verdict = match moved.verdict.as_str() {
            "steady" => tongue.say("稳定", "steady"),
            "moving" => tongue.say("有变化", "moving"),
            "moved" => tongue.say("显著变化", "moved"),
            other => other.to_owned(),
        };
        let (name, stability) = (&moved.name, moved.stability);
        writeln!(text, "{name:<28} {stability:>8.4} {verdict}")?;
    }
    match hidden {
        0 => Ok(()),
        _ => writeln!(
            text,
            "… {hidden} {}",
            tongue.say("项稳定,未列出", "more that are steady")
        ),
    }
}

fn outcomes(text: &mut String, report: &Report, tongue: Tongue) -> std::fmt::Result {
    let say = |chinese, english| tongue.say(chinese, english);
    let Some(outcomes) = &report.outcomes else {
        let none = say(
            "模型生效以来尚无核查结果",
            "no outcome has come since the model is in force",
        );
        return writeln!(text, "\n{none}");
    };
    let older = match outcomes.cut {
        true => format!(" ({})", say("更早的未计", "older ones left out")),
        false => String::new(),
    };
    writeln!(
        text,
        "\n{} {}{older} · {} {:.1} · {} {} ({})",
        say(
            "模型生效以来的核查结果",
            "outcomes since the model is in force"
        ),
        outcomes.rows,
        say("预计属实", "foretold to be positive"),
        outcomes.expected,
        say("实际属实", "found"),
        outcomes.observed.part,
        share(&outcomes.observed, tongue)
    )?;
    writeln!(
        text,
        "{:>9} {:>24} {:>6}",
        say("预测", "predicted"),
        say("实际", "observed"),
        say("件数", "rows")
    )?;
    for bin in &outcomes.calibration {
        let rows = bin.observed.whole;
        let observed = share(&bin.observed, tongue);
        writeln!(text, "{:>9.4} {observed:>24} {rows:>6}", bin.predicted)?;
    }
    writeln!(
        text,
        "{:<24} {:>6} {:>24} {:>24}",
        say("黄级及以上", "at yellow or higher"),
        say("件数", "rows"),
        say("属实者中", "of the positive"),
        say("其他中", "of the others")
    )?;
    for group in &outcomes.errors {
        let name = format!("{} {}", group.by, group.name);
        let (found, alarmed) = (share(&group.found, tongue), share(&group.alarmed, tongue));
        writeln!(
            text,
            "{name:<24} {:>6} {found:>24} {alarmed:>24}",
            group.rows
        )?;
    }
    Ok(())
}

fn share(share: &Share, tongue: Tongue) -> String {
    let to = match tongue {
        Tongue::Chinese => "至",
        Tongue::Both | Tongue::English => "to",
    };
    match share.whole {
        0 => "—".to_owned(),
        _ => format!(
            "{:.3} ({:.3} {to} {:.3})",
            share.value(),
            share.low,
            share.high
        ),
    }
}
