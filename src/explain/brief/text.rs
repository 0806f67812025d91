//! The glance as lines, the same in the terminal and on the page.

use super::extent::{Extent, State};
use super::{Brief, Distance};

/// One line each: what it is about, and what is said of it.
pub fn lines(brief: &Brief) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    for element in &brief.elements {
        let said = match element.evidenced {
            true => format!("有证据 evidenced: {}", element.features.join(", ")),
            false => "缺证据 missing".to_owned(),
        };
        lines.push((
            element.name,
            format!("{} {} {said}", element.mark, element.english),
        ));
    }
    for likely in &brief.typologies {
        let signals = likely.signals.join(" ");
        let said = format!(
            "{} ({}) {:.1} %: {signals}",
            likely.title, likely.id, likely.share
        );
        lines.push(("疑似类型", said));
    }
    lines.extend(
        brief
            .extent
            .iter()
            .map(|extent| ("规模", extent_line(extent))),
    );
    lines.extend(
        brief
            .thresholds
            .iter()
            .map(|distance| ("距追诉标准", distance_line(distance))),
    );
    for check in &brief.next_checks {
        let ask = check.ask.iter().map(|holder| {
            let silent = if holder.silent {
                ", 未报数 silent"
            } else {
                ""
            };
            format!(
                "{} {} ({}{silent})",
                holder.agency, holder.resource, holder.source
            )
        });
        let ask = ask.collect::<Vec<_>>().join("; ");
        let said = format!(
            "{}: {} {} ← {ask}",
            check.missing, check.look_for, check.title
        );
        lines.push(("下一步核查", said));
    }
    lines
}

fn extent_line(extent: &Extent) -> String {
    let end =
        |end: Option<f64>| end.map_or("未知 unknown".to_owned(), |end| figure(end, extent.unit));
    let said = extent.said_by.iter().map(|said| {
        format!(
            "{} {} {}",
            said.source,
            said.says,
            figure(said.value, extent.unit)
        )
    });
    let said = said.collect::<Vec<_>>().join("; ");
    let by = if said.is_empty() {
        said
    } else {
        format!(" ({said})")
    };
    format!(
        "{} {}: 至少 at least {}, 已报 reported at most {}{by}",
        extent.title,
        extent.quantity,
        end(extent.at_least),
        end(extent.at_most)
    )
}

fn distance_line(distance: &Distance) -> String {
    let unit = if distance.quantity == "people" {
        "people"
    } else {
        "yuan"
    };
    let end = |end: Option<f64>| end.map_or("?".to_owned(), |end| figure(end, unit));
    let state = match distance.state {
        State::Reached => "已达 reached".to_owned(),
        State::Unknown if distance.missing_at_most.is_none() => "未知 unknown".to_owned(),
        state => {
            let word = match state {
                State::Possible => "可能已达 possible",
                State::Below => "按已报数未达 below, of what is reported",
                State::Reached | State::Unknown => "未知 unknown",
            };
            format!(
                "{word}: 尚差 missing {} 至 to {}",
                end(distance.missing_at_least),
                end(distance.missing_at_most)
            )
        }
    };
    format!(
        "{} {} {} {}: {state}",
        distance.citation,
        distance.title,
        distance.quantity,
        figure(distance.at, unit)
    )
}

/// Yuan in 万元 where that is shorter; people as they are.
fn figure(value: f64, unit: &str) -> String {
    match unit {
        "people" => format!("{value:.0} 人"),
        _ if value >= 10_000.0 => format!("{} 万元", short(value / 10_000.0)),
        _ => format!("{} 元", short(value)),
    }
}

/// Two digits behind the point, without those that say nothing.
fn short(value: f64) -> String {
    let long = format!("{value:.2}");
    long.trim_end_matches('0').trim_end_matches('.').to_owned()
}
