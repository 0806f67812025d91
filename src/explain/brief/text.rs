//! The glance as lines, the same in the terminal and on the page.

use super::extent::{Extent, State};
use super::{Brief, Distance};

/// In which language the glance is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    /// One beside the other, as in the terminal.
    Both,
    /// On a page in Chinese.
    Chinese,
    /// On a page in English.
    English,
}

impl Tongue {
    /// Words in it.
    pub fn say(self, chinese: &str, english: &str) -> String {
        match self {
            Tongue::Both => format!("{chinese} {english}"),
            Tongue::Chinese => chinese.to_owned(),
            Tongue::English => english.to_owned(),
        }
    }

    /// A declared title: in the terminal beside its name in English.
    fn title(self, chinese: &str, english: Option<&str>) -> String {
        match (self, english) {
            (Tongue::Both, Some(english)) => format!("{chinese} {english}"),
            (Tongue::English, Some(english)) => english.to_owned(),
            _ => chinese.to_owned(),
        }
    }

    /// The same where something in English stands beside it in any case.
    fn named(self, chinese: &str, english: Option<&str>) -> String {
        match self {
            Tongue::Both => chinese.to_owned(),
            Tongue::Chinese | Tongue::English => self.title(chinese, english),
        }
    }

    /// An element or a category, of which only elements have two names.
    fn element(self, missing: &str) -> &str {
        match self {
            Tongue::English => super::elements::english(missing).unwrap_or(missing),
            Tongue::Both | Tongue::Chinese => missing,
        }
    }

    /// What a line is about: in the terminal in Chinese.
    fn about(self, chinese: &'static str, english: &'static str) -> &'static str {
        match self {
            Tongue::Both | Tongue::Chinese => chinese,
            Tongue::English => english,
        }
    }
}

/// One line each: what it is about, and what is said of it.
pub fn lines(brief: &Brief) -> Vec<(&'static str, String)> {
    lines_in(brief, Tongue::Both)
}

/// The same, in one language or both.
pub fn lines_in(brief: &Brief, tongue: Tongue) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    for element in &brief.elements {
        let said = match element.evidenced {
            true => format!(
                "{}: {}",
                tongue.say("有证据", "evidenced"),
                element.features.join(", ")
            ),
            false => tongue.say("缺证据", "missing"),
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
            tongue.named(&likely.title, likely.title_en.as_deref()),
            likely.id,
            likely.share
        );
        lines.push((tongue.about("疑似类型", "likely scheme"), said));
    }
    lines.extend(
        brief
            .extent
            .iter()
            .map(|extent| (tongue.about("规模", "extent"), extent_line(extent, tongue))),
    );
    lines.extend(brief.thresholds.iter().map(|distance| {
        (
            tongue.about("距追诉标准", "to the threshold"),
            distance_line(distance, tongue),
        )
    }));
    for check in &brief.next_checks {
        let ask = check.ask.iter().map(|holder| {
            let silent = match holder.silent {
                true => format!(", {}", tongue.say("未报数", "silent")),
                false => String::new(),
            };
            format!(
                "{} {} ({}{silent})",
                tongue.named(&holder.agency, holder.agency_en.as_deref()),
                tongue.named(&holder.resource, holder.resource_en.as_deref()),
                holder.source
            )
        });
        let ask = ask.collect::<Vec<_>>().join("; ");
        let said = format!(
            "{}: {} {} ← {ask}",
            tongue.element(&check.missing),
            check.look_for,
            tongue.title(&check.title, check.title_en.as_deref())
        );
        lines.push((tongue.about("下一步核查", "check next"), said));
    }
    lines
}

fn extent_line(extent: &Extent, tongue: Tongue) -> String {
    let end = |end: Option<f64>| {
        end.map_or_else(
            || tongue.say("未知", "unknown"),
            |end| figure(end, extent.unit, tongue),
        )
    };
    let said = extent.said_by.iter().map(|said| {
        format!(
            "{} {} {}",
            said.source,
            said.says,
            figure(said.value, extent.unit, tongue)
        )
    });
    let said = said.collect::<Vec<_>>().join("; ");
    let by = if said.is_empty() {
        said
    } else {
        format!(" ({said})")
    };
    format!(
        "{}: {} {}, {} {}{by}",
        tongue.say(extent.title, extent.quantity),
        tongue.say("至少", "at least"),
        end(extent.at_least),
        tongue.say("已报", "reported at most"),
        end(extent.at_most)
    )
}

fn distance_line(distance: &Distance, tongue: Tongue) -> String {
    let unit = if distance.quantity == "people" {
        "people"
    } else {
        "yuan"
    };
    let end = |end: Option<f64>| end.map_or("?".to_owned(), |end| figure(end, unit, tongue));
    let state = match distance.state {
        State::Reached => tongue.say("已达", "reached"),
        State::Unknown if distance.missing_at_most.is_none() => tongue.say("未知", "unknown"),
        state => {
            let word = match state {
                State::Possible => tongue.say("可能已达", "possible"),
                State::Below => tongue.say("按已报数未达", "below, of what is reported"),
                State::Reached | State::Unknown => tongue.say("未知", "unknown"),
            };
            format!(
                "{word}: {} {} {} {}",
                tongue.say("尚差", "missing"),
                end(distance.missing_at_least),
                tongue.say("至", "to"),
                end(distance.missing_at_most)
            )
        }
    };
    format!(
        "{} {} {} {}: {state}",
        distance.citation,
        tongue.title(&distance.title, distance.title_en.as_deref()),
        tongue.say(
            super::extent::title_of(distance.quantity),
            distance.quantity
        ),
        figure(distance.at, unit, tongue)
    )
}

/// Yuan in 万元 where that is shorter; people as they are.
fn figure(value: f64, unit: &str, tongue: Tongue) -> String {
    match unit {
        "people" if tongue == Tongue::English => format!("{value:.0}"),
        "people" => format!("{value:.0} 人"),
        _ if tongue == Tongue::English => format!("{} yuan", short(value)),
        _ if value >= 10_000.0 => format!("{} 万元", short(value / 10_000.0)),
        _ => format!("{} 元", short(value)),
    }
}

/// Two digits behind the point, without those that say nothing.
fn short(value: f64) -> String {
    let long = format!("{value:.2}");
    long.trim_end_matches('0').trim_end_matches('.').to_owned()
}
