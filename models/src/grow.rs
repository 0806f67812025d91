//! Growing one tree on coded columns.
//!
//! Contract: the same sample and the same random numbers give the same tree.
//! Every split is the best (by Gini impurity) of the borders of a few features
//! drawn for it; missing values stand below all others, so a split can part
//! them from the rest.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::table::Table;
use crate::tally::Tally;

/// What bounds a tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Features looked at for a split.
    pub(crate) tries: usize,
    /// The fewest rows on either side.
    pub(crate) min_leaf: u64,
}

/// A node; the nodes of a tree are in preorder, so the left child is the next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grown {
    /// The rows of the sample that came here.
    pub(crate) tally: Tally,
    /// `None` for a leaf.
    pub(crate) split: Option<Split>,
}

/// Rows with codes up to `last` go left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Split {
    pub(crate) feature: u32,
    pub(crate) last: u8,
    /// Where the right child is.
    pub(crate) right: u32,
}

/// Grows trees; keeps its scratch space between them.
#[derive(Debug)]
pub(crate) struct Grower<'a> {
    table: &'a Table,
    labels: &'a [bool],
    bounds: Bounds,
    order: Vec<u32>,
    /// Codes of the sample by feature: a tree reads them many times, and those of
    /// all rows would not stay in the cache.
    codes: Vec<Vec<u8>>,
    positive: Vec<bool>,
    histogram: Vec<Tally>,
}

/// A border: how pure it leaves both sides, and where it is.
#[derive(Debug, Clone, Copy)]
struct Border {
    purity: f64,
    feature: u32,
    last: u8,
}

/// Rows that are still to be split, and the split whose right side they are.
#[derive(Debug)]
struct Open {
    from: usize,
    to: usize,
    parent: Option<usize>,
}

impl<'a> Grower<'a> {
    pub(crate) fn new(table: &'a Table, labels: &'a [bool], bounds: Bounds) -> Grower<'a> {
        Grower {
            table,
            labels,
            bounds,
            order: (0..table.features() as u32).collect(),
            codes: vec![Vec::new(); table.features()],
            positive: Vec::new(),
            histogram: vec![Tally::default(); 256],
        }
    }

    /// Forgets in which order features were drawn, so that a tree does not
    /// depend on the one before.
    pub(crate) fn forget(&mut self) {
        self.order.sort_unstable();
    }

    /// Grows a tree on `sample`, in which a row may occur several times.
    pub(crate) fn grow(&mut self, sample: &[u32], rng: &mut ChaCha8Rng) -> Vec<Grown> {
        self.gather(sample);
        let mut order: Vec<u32> = (0..sample.len() as u32).collect();
        let mut nodes: Vec<Grown> = Vec::new();
        let mut open = vec![Open {
            from: 0,
            to: sample.len(),
            parent: None,
        }];
        while let Some(Open { from, to, parent }) = open.pop() {
            let place = nodes.len();
            if let Some(split) = parent.and_then(|parent| nodes[parent].split.as_mut()) {
                split.right = place as u32;
            }
            let rows = &mut order[from..to];
            let tally = Tally::of(rows.iter().map(|row| self.positive[*row as usize]));
            let border = self.border(rows, tally, rng);
            nodes.push(Grown {
                tally,
                split: border.map(|border| Split {
                    feature: border.feature,
                    last: border.last,
                    right: 0,
                }),
            });
            if let Some(border) = border {
                let middle = from + self.part(rows, border);
                open.push(Open {
                    from: middle,
                    to,
                    parent: Some(place),
                });
                open.push(Open {
                    from,
                    to: middle,
                    parent: None,
                });
            }
        }
        nodes
    }

    /// Copies what the sample's rows hold; from here on rows are places in it.
    fn gather(&mut self, sample: &[u32]) {
        for (feature, codes) in self.codes.iter_mut().enumerate() {
            let all = &self.table.column(feature).codes;
            codes.clear();
            codes.extend(sample.iter().map(|row| all[*row as usize]));
        }
        self.positive.clear();
        let labels = sample.iter().map(|row| self.labels[*row as usize]);
        self.positive.extend(labels);
    }

    /// The best border of some features drawn at random; more are drawn while
    /// none of them has any.
    fn border(&mut self, rows: &[u32], tally: Tally, rng: &mut ChaCha8Rng) -> Option<Border> {
        let pure = tally.positives == 0 || tally.positives == tally.rows;
        if pure || tally.rows < 2 * self.bounds.min_leaf {
            return None;
        }
        let mut best: Option<Border> = None;
        for tried in 0..self.order.len() {
            if tried >= self.bounds.tries && best.is_some() {
                break;
            }
            let drawn = rng.gen_range(tried..self.order.len());
            self.order.swap(tried, drawn);
            let found = self.best_of(self.order[tried], rows, tally);
            let better = |border: &Border| best.is_none_or(|best| border.purity > best.purity);
            best = found.filter(better).or(best);
        }
        best
    }

    /// The best border of one feature.
    fn best_of(&mut self, feature: u32, rows: &[u32], tally: Tally) -> Option<Border> {
        let codes = &self.codes[feature as usize];
        let (mut low, mut high) = (u8::MAX, 0);
        for row in rows {
            let code = codes[*row as usize];
            (low, high) = (low.min(code), high.max(code));
            self.histogram[usize::from(code)].add(self.positive[*row as usize]);
        }
        let mut best: Option<Border> = None;
        let mut left = Tally::default();
        let mut before = low;
        for code in low..=high {
            let here = std::mem::take(&mut self.histogram[usize::from(code)]);
            if here.rows == 0 {
                continue;
            }
            let right = tally.less(left);
            if left.rows.min(right.rows) >= self.bounds.min_leaf.max(1) {
                let purity = purity(left) + purity(right);
                if best.is_none_or(|best| purity > best.purity) {
                    best = Some(Border {
                        purity,
                        feature,
                        last: between(before, code),
                    });
                }
            }
            left = left.plus(here);
            before = code;
        }
        best
    }

    /// Moves what goes left to the front; how many those are.
    fn part(&self, rows: &mut [u32], border: Border) -> usize {
        let codes = &self.codes[border.feature as usize];
        let mut middle = 0;
        for place in 0..rows.len() {
            if codes[rows[place] as usize] <= border.last {
                rows.swap(place, middle);
                middle += 1;
            }
        }
        middle
    }
}

/// The last code that goes left, halfway between two that occur; what is missing
/// stands alone.
fn between(left: u8, right: u8) -> u8 {
    match left {
        0 => 0,
        _ => left + (right - left - 1) / 2,
    }
}

/// Rows times (1 − Gini impurity).
fn purity(side: Tally) -> f64 {
    let (rows, positives) = (side.rows as f64, side.positives as f64);
    let negatives = rows - positives;
    (positives * positives + negatives * negatives) / rows
}
