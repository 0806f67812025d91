//! Why not: the cheapest evidence that would bring an enterprise to the next
//! level, its threshold and its gates.
//!
//! A change is one feature whose value moves to the border of another bin, the
//! way that more evidence moves it (up; down for *minimum* and *days since*; either
//! way for what a later record replaces), or one more record of another agency
//! that leaves the bin as it is. Among all sets of at most [`MAX_CHANGES`] changes
//! the search finds one with the fewest changes, of these one that crosses the
//! fewest borders, of these the one that adds the least to the score. It is exact
//! over the bins of the card, with its pairs and under caps: sets are left out only
//! when no completion of them could reach the score or beat the best. Context (R), categories and findings
//! that make red by themselves are not what it looks among.

use crate::config::{Aggregate, Feature};
use serde::Serialize;
use std::collections::HashMap;
use tocsin_alerts::level::{Assessment, Level, Policy, level_of};
use tocsin_ingest::fact::VALUE_SCALE;
use tocsin_models::{Artifact, BoundModel, CardFeature, Category, FeatureKind};

/// Changes in a set at most.
pub const MAX_CHANGES: usize = 4;
/// Steps of the search at most: some tenths of a second.
const MAX_STEPS: usize = 1_000_000;
/// What judging a set costs beside a step of the search.
const JUDGING: usize = 8;

/// A change of one feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The value afterwards, stored units.
    pub value: i64,
    /// Borders that it crosses; 0: the bin stays, another agency says it too.
    pub borders: u32,
    /// What it adds to the score by itself, micro-log-odds.
    pub gain: i64,
    /// The most that it adds, whatever else changes: pairs and caps make that
    /// another number.
    pub most: i64,
}

/// What stands behind a feature, and could.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Behind {
    /// The bit of its category; 0: it opens no gate.
    pub category: u16,
    /// Agencies that say something of it now.
    pub held: u64,
    /// Agencies that could.
    pub possible: u64,
    /// Where its value may move.
    pub moves: Vec<Move>,
}

/// Where to, from where.
pub struct Question<'a> {
    /// What scores.
    pub model: &'a BoundModel,
    /// The values now, in feature order.
    pub row: &'a [Option<i64>],
    /// In feature order.
    pub features: &'a [Behind],
    /// Thresholds and gates.
    pub policy: &'a Policy,
    /// The level to reach.
    pub target: Level,
}

/// A set of changes that reaches the level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Feature, its change, and the agency of which a record would have to come
    /// for the gate of agencies, where it matters.
    pub changes: Vec<(usize, Move, Option<u8>)>,
    /// What they come to.
    pub figures: Assessment,
}

/// What a search ended with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The cheapest set; none: none was found.
    pub found: Option<Found>,
    /// Whether all sets of at most [`MAX_CHANGES`] were considered.
    pub complete: bool,
}

/// The places of a feature's values between borders: from (included), to.
pub type Ranges = Vec<(Option<i64>, Option<i64>)>;

/// The ranges of every number of a card, rising: between two borders neither its
/// own weight changes nor what it says with others. A forest has none.
pub fn ranges(card: &Artifact) -> HashMap<String, Ranges> {
    let Artifact::Scorecard(card) = card else {
        return HashMap::new();
    };
    let of_feature = |feature: &CardFeature| {
        let spec = feature.spec();
        let borders = card.borders(&spec.name);
        let from = std::iter::once(None).chain(borders.iter().copied().map(Some));
        let to = borders.iter().copied().map(Some).chain([None]);
        let ranges: Ranges = match spec.kind {
            FeatureKind::Number => from.zip(to).collect(),
            FeatureKind::Category => Vec::new(),
        };
        (spec.name.clone(), ranges)
    };
    card.features().iter().map(of_feature).collect()
}

/// Where more evidence could move a feature's value.
pub fn moves(
    place: usize,
    feature: &Feature,
    ranges: &Ranges,
    (model, row): (&BoundModel, &[Option<i64>]),
) -> Vec<Move> {
    if feature.hard || feature.spec.category == Category::R {
        return Vec::new();
    }
    let (up, down) = match feature.aggregate {
        Aggregate::Minimum | Aggregate::DaysSince => (false, true),
        Aggregate::Latest | Aggregate::Mean => (true, true),
        _ => (true, false),
    };
    let now = row[place];
    let at = now.and_then(|value| {
        ranges
            .iter()
            .rposition(|(from, _)| from.is_none_or(|from| from <= value))
    });
    let mut moves = Vec::new();
    for (bin, range) in ranges.iter().enumerate() {
        let borders = match at {
            Some(at) if bin > at && up => bin - at,
            Some(at) if bin < at && down => at - bin,
            // From nothing to something is one border, however far.
            None => 1,
            _ => continue,
        };
        let value = match at {
            None => first_evidence(feature, range),
            Some(at) => at_border(feature, range, bin > at),
        };
        let Some(value) = value else {
            continue;
        };
        let mut then = row.to_vec();
        then[place] = Some(value);
        let gain = model.score(&then).log_odds - model.score(row).log_odds;
        moves.push(Move {
            value,
            borders: borders as u32,
            gain,
            most: model.most_gain(place, now, Some(value)).unwrap_or(gain),
        });
    }
    if let Some(value) = now {
        moves.push(Move {
            value,
            borders: 0,
            gain: 0,
            most: 0,
        });
    }
    moves
}

/// The value of a feature of which nothing is known once something is, in a range:
/// one, or what of the range is nearest to it. Evidence of nothing is none.
fn first_evidence(feature: &Feature, range: &(Option<i64>, Option<i64>)) -> Option<i64> {
    let (from, to) = *range;
    let from = from.unwrap_or(i64::MIN).max(VALUE_SCALE);
    let range = (Some(from), to.map(|to| to.max(from)));
    match to.is_some_and(|to| to <= from) {
        // Less than one: as much as the range allows, if that is anything.
        true => at_border(feature, &(Some(1), to), false).filter(|value| *value > 0),
        false => at_border(feature, &range, true),
    }
}

/// The value nearest to where it comes from that a feature can have in a range.
fn at_border(
    feature: &Feature,
    (from, to): &(Option<i64>, Option<i64>),
    rising: bool,
) -> Option<i64> {
    let whole = feature.per.is_none()
        && match feature.aggregate {
            Aggregate::Count => feature.half_life.is_none(),
            Aggregate::Present | Aggregate::Distinct | Aggregate::DaysSince => true,
            _ => false,
        };
    let last = to.map(|to| to - 1);
    let value = match (rising, from, last) {
        (true, Some(from), _) => *from,
        (true, None, Some(last)) => last.min(0),
        (true, None, None) => 0,
        (false, _, last) => last?,
    };
    let value = match (whole, rising) {
        (false, _) => value,
        (true, true) => {
            value.div_euclid(VALUE_SCALE) * VALUE_SCALE
                + if value.rem_euclid(VALUE_SCALE) > 0 {
                    VALUE_SCALE
                } else {
                    0
                }
        }
        (true, false) => value.div_euclid(VALUE_SCALE) * VALUE_SCALE,
    };
    let inside = from.is_none_or(|from| from <= value) && last.is_none_or(|last| value <= last);
    let possible = match feature.aggregate {
        Aggregate::Present => (0..=VALUE_SCALE).contains(&value),
        Aggregate::Count | Aggregate::Distinct | Aggregate::DaysSince => value >= 0,
        _ => true,
    };
    (inside && possible).then_some(value)
}

/// What a set of changes costs: how many, borders crossed, log-odds added.
type Cost = (usize, u32, i64);

struct Search<'a> {
    question: &'a Question<'a>,
    /// Features with moves, those that can add the most first.
    order: Vec<usize>,
    /// The most that each of them can add.
    most: Vec<i64>,
    /// What is missing to the score.
    needed: i64,
    /// Categories that have evidence now.
    categories: u16,
    /// How many more features must have a value.
    uncovered: usize,
    chosen: Vec<(usize, usize)>,
    best: Option<(Cost, Found)>,
    steps: usize,
}

/// The cheapest set of changes that reaches a level.
pub fn cheapest(question: &Question<'_>) -> Answer {
    let threshold = question.policy.thresholds.of(question.target) * 100;
    let unreachable = Answer {
        found: None,
        complete: true,
    };
    let Some(at_least) = question.model.log_odds_at(threshold) else {
        return unreachable;
    };
    let most = |place: &usize| {
        let moves = question.features[*place].moves.iter();
        moves.map(|step| step.most).max().unwrap_or(0).max(0)
    };
    let all = 0..question.features.len();
    let mut order: Vec<usize> = all
        .filter(|place| !question.features[*place].moves.is_empty())
        .collect();
    order.sort_by_key(|place| (std::cmp::Reverse(most(place)), *place));
    let mut weights = Vec::new();
    question.model.contributions(question.row, &mut weights);
    let counting = question.features.iter().zip(&weights);
    let counting = counting.filter(|(_, weight)| **weight > 0);
    let mut search = Search {
        categories: counting.fold(0, |all, (behind, _)| all | behind.category),
        uncovered: uncovered(question),
        most: order.iter().map(most).collect(),
        order,
        needed: at_least - question.model.score(question.row).log_odds,
        question,
        chosen: Vec::new(),
        best: None,
        steps: 0,
    };
    for count in 1..=MAX_CHANGES {
        search.choose(0, count);
        if search.best.is_some() || search.steps >= MAX_STEPS {
            break;
        }
    }
    Answer {
        complete: search.steps < MAX_STEPS,
        found: search.best.map(|(_, found)| found),
    }
}

/// How many more features must have a value for the target.
fn uncovered(question: &Question<'_>) -> usize {
    if question.target != Level::Red {
        return 0;
    }
    let (all, valued) = (question.row.len(), question.row.iter().flatten().count());
    let wanted = usize::from(question.policy.red_min_coverage_per_mille());
    (wanted * all).div_ceil(1_000).saturating_sub(valued)
}

impl Search<'_> {
    /// Tries every completion of what is chosen by `left` of the features from
    /// `first` on.
    fn choose(&mut self, first: usize, left: usize) {
        if left == 0 {
            self.judge();
            return;
        }
        let gates = self.gates();
        if gates.exceed(left) {
            return;
        }
        for place in first..self.order.len() {
            // The features that follow add no more than these.
            let reach: i64 = self.most[place..].iter().take(left).sum();
            if self.reach() + reach < self.needed || self.steps >= MAX_STEPS {
                return;
            }
            let feature = self.order[place];
            if !gates.served_by(
                left,
                &self.question.features[feature],
                self.question.row[feature],
            ) {
                continue;
            }
            for step in 0..self.question.features[feature].moves.len() {
                self.steps += 1;
                self.chosen.push((feature, step));
                if !self.is_dearer() {
                    self.choose(place + 1, left - 1);
                }
                self.chosen.pop();
            }
        }
    }

    /// What the gates lack at least, whatever the changes still to be chosen.
    fn gates(&self) -> Gates {
        let features = self.question.features;
        let chosen = self.chosen.iter().map(|(place, _)| *place);
        let categories = chosen
            .clone()
            .fold(self.categories, |all, place| all | features[place].category);
        let filled = chosen.filter(|place| self.question.row[*place].is_none());
        let wanted = u32::from(self.question.policy.min_categories.of(self.question.target));
        Gates {
            categories,
            missing: wanted.saturating_sub(categories.count_ones()) as usize,
            uncovered: self.uncovered.saturating_sub(filled.count()),
        }
    }

    fn step(&self, (feature, step): (usize, usize)) -> &Move {
        &self.question.features[feature].moves[step]
    }

    /// The most that what is chosen adds.
    fn reach(&self) -> i64 {
        self.chosen
            .iter()
            .map(|chosen| self.step(*chosen).most)
            .sum()
    }

    fn borders(&self) -> u32 {
        self.chosen
            .iter()
            .map(|chosen| self.step(*chosen).borders)
            .sum()
    }

    /// Whether what is chosen crosses more borders than the best set already.
    fn is_dearer(&self) -> bool {
        let best = self.best.as_ref();
        best.is_some_and(|((_, borders, _), _)| self.borders() > *borders)
    }

    /// Keeps what is chosen if it reaches the level and is the cheapest so far.
    fn judge(&mut self) {
        if self.reach() < self.needed {
            return;
        }
        self.steps += JUDGING;
        let (figures, agencies) = self.figures();
        if level_of(&figures, self.question.policy) < self.question.target {
            return;
        }
        let cost = (self.chosen.len(), self.borders(), figures.log_odds);
        let mut by_place = self.chosen.clone();
        by_place.sort_unstable();
        let is_better = self.best.as_ref().is_none_or(|(best, found)| {
            let places = |found: &Found| -> Vec<usize> {
                found.changes.iter().map(|(place, ..)| *place).collect()
            };
            let ours: Vec<usize> = by_place.iter().map(|(place, _)| *place).collect();
            (cost, ours) < (*best, places(found))
        });
        if is_better {
            let changes = by_place.iter().map(|(place, step)| {
                let agency = agencies.get(place).copied();
                (*place, self.step((*place, *step)).clone(), agency)
            });
            let changes = changes.collect();
            self.best = Some((cost, Found { changes, figures }));
        }
    }

    /// What the chosen changes come to, and which agency each of them brings in.
    fn figures(&self) -> (Assessment, HashMap<usize, u8>) {
        let Question {
            model,
            row,
            features,
            ..
        } = self.question;
        let mut then = row.to_vec();
        for chosen in &self.chosen {
            then[chosen.0] = Some(self.step(*chosen).value);
        }
        let score = model.score(&then);
        let mut weights = Vec::new();
        model.contributions(&then, &mut weights);
        let mut figures = Assessment {
            log_odds: score.log_odds,
            index: score.index,
            subtotals: score.subtotals,
            coverage: (then.iter().flatten().count() * 1_000)
                .checked_div(then.len())
                .unwrap_or(0) as u16,
            ..Assessment::default()
        };
        for (behind, weight) in features.iter().zip(&weights) {
            if *weight > 0 && behind.category != 0 {
                figures.categories |= behind.category;
                figures.agencies |= behind.held;
            }
        }
        let open = |place: usize| match weights.get(place) {
            Some(weight) if *weight > 0 => features[place].possible & !figures.agencies,
            _ => 0,
        };
        let wants: Vec<(usize, u64)> = self.chosen.iter().map(|(p, _)| (*p, open(*p))).collect();
        let matched = matched(&wants);
        for agency in matched.values() {
            figures.agencies |= 1 << agency;
        }
        (figures, matched)
    }
}

/// What the gates lack. A change brings one category and one value at most.
struct Gates {
    categories: u16,
    missing: usize,
    uncovered: usize,
}

impl Gates {
    /// Whether so many changes cannot be enough.
    fn exceed(&self, left: usize) -> bool {
        self.missing > left || self.uncovered > left
    }

    /// Whether a feature is of use where every change that is left has to be.
    fn served_by(&self, left: usize, behind: &Behind, value: Option<i64>) -> bool {
        let new = behind.category & !self.categories != 0;
        (self.missing < left || new) && (self.uncovered < left || value.is_none())
    }
}

/// Gives as many as possible of these an agency of their own among those they
/// could have.
fn matched(wants: &[(usize, u64)]) -> HashMap<usize, u8> {
    fn place(
        at: usize,
        wants: &[(usize, u64)],
        seen: &mut u64,
        taken: &mut HashMap<u8, usize>,
    ) -> bool {
        for agency in 0..64_u8 {
            let bit = 1 << agency;
            if wants[at].1 & bit == 0 || *seen & bit != 0 {
                continue;
            }
            *seen |= bit;
            let held = taken.get(&agency).copied();
            if held.is_none_or(|other| place(other, wants, seen, taken)) {
                taken.insert(agency, at);
                return true;
            }
        }
        false
    }
    let mut taken = HashMap::new();
    for at in 0..wants.len() {
        place(at, wants, &mut 0, &mut taken);
    }
    taken
        .into_iter()
        .map(|(agency, at)| (wants[at].0, agency))
        .collect()
}

/// One change, as people and programs read it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The feature.
    pub feature: String,
    /// What people read.
    pub title: String,
    /// The same in English, where that is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title_en: Option<String>,
    /// Its category.
    pub category: char,
    /// The value now; none: missing.
    pub from: Option<f64>,
    /// The value that it would take.
    pub to: f64,
    /// The bin of that value.
    pub bin: String,
    /// What it adds to the score, micro-log-odds.
    pub gain: i64,
    /// The agency that would have to be the one to say it, where the gate of
    /// agencies lacks one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// The agency in English, where that is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency_en: Option<String>,
}

/// The cheapest evidence that would reach the next level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cheapest {
    /// The changes, all needed; empty: no set of at most `bound` was found.
    pub changes: Vec<Change>,
    /// The index that they come to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<f64>,
    /// Sets of at most so many changes were looked for.
    pub bound: usize,
    /// Whether all of them were considered: nothing is cheaper.
    pub exact: bool,
}

impl Cheapest {
    /// In a line for each change, and one that says how sure that is.
    pub fn lines(&self) -> Vec<String> {
        let change = |change: &Change| {
            let from = change.from.map_or("—".to_owned(), |from| from.to_string());
            let agency = change.agency.as_ref();
            let agency = agency.map_or(String::new(), |agency| format!(", said by {agency}"));
            format!(
                "{:+.6}  {} {} ({}): {from} → {} [{}]{agency}",
                change.gain as f64 / 1e6,
                change.category,
                change.title,
                change.feature,
                change.to,
                change.bin
            )
        };
        let mut lines: Vec<String> = self.changes.iter().map(change).collect();
        let sure = match self.exact {
            true => "all sets were considered",
            false => "the search was cut off: a cheaper one may exist",
        };
        lines.push(match self.index {
            Some(index) => format!("index {index:.2} then; {sure}"),
            None => format!("no set of at most {} changes; {sure}", self.bound),
        });
        lines
    }
}

#[cfg(test)]
mod tests;
