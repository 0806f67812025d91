//! What a record says of how large a scheme is: how much was taken in, from how
//! many, how much is lost. It adds to no score; explanations hold it against the
//! thresholds of the law.

use super::scope::Scope;
use crate::declaration::Section;
use crate::sql::{Expression, Wanted};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QuantityKind {
    /// Money taken in, fen.
    Amount,
    /// People it was taken from.
    People,
    /// Their direct loss, fen.
    Loss,
}

impl QuantityKind {
    /// All of them, in the order of the law.
    pub const ALL: [QuantityKind; 3] = [
        QuantityKind::Amount,
        QuantityKind::People,
        QuantityKind::Loss,
    ];

    /// The word that declares it.
    pub fn name(self) -> &'static str {
        match self {
            QuantityKind::Amount => "amount",
            QuantityKind::People => "people",
            QuantityKind::Loss => "loss",
        }
    }

    const WORDS: [(&'static str, QuantityKind); 3] = [
        ("amount", QuantityKind::Amount),
        ("people", QuantityKind::People),
        ("loss", QuantityKind::Loss),
    ];
}

/// Which end of the interval a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bound {
    /// It is so much or more.
    AtLeast,
    /// Of what is reported it is so much or less.
    AtMost,
}

/// How the figures of a source's records become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Combine {
    /// They add up: each record is of other money, of other people.
    Sum,
    /// The greatest counts: the same may be in several records.
    Maximum,
}

/// A declared quantity.
#[derive(Debug, Clone)]
pub struct Quantity {
    /// What is measured.
    pub of: QuantityKind,
    /// Which end of the interval it is.
    pub says: Bound,
    /// How records become one figure.
    pub combine: Combine,
    /// Of which records it is asked; of all, where absent.
    pub when: Option<Expression>,
    /// The figure: fen or people; null says nothing.
    pub value: Expression,
}

pub(super) fn read_quantity(section: &Section<'_>, scope: &Scope<'_>) -> Option<Quantity> {
    let of = section.required_choice("of", &QuantityKind::WORDS);
    let bounds = [("at_least", Bound::AtLeast), ("at_most", Bound::AtMost)];
    let says = section.required_choice("says", &bounds);
    let ways = [("sum", Combine::Sum), ("maximum", Combine::Maximum)];
    let combine = section.choice("combine", &ways);
    let when = scope.expression(section, "when", Wanted::Condition);
    let value = scope.required_expression(section, "value", Wanted::Number);
    section.finish();
    Some(Quantity {
        of: of?,
        says: says?,
        combine: combine.unwrap_or(Combine::Sum),
        when,
        value: value?,
    })
}
