//! The hidden truth, as evaluation may see it.

use std::io::{self, Write};

use jiff::Span;
use jiff::civil::Date;

use crate::city::CityParams;
use crate::event::NEVER;
use crate::scheme::{Role, Typology};
use crate::world::World;
use crate::world::class::Class;

/// What one enterprise really is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// Its credit code.
    pub uscc: String,
    /// Its part in a scheme; none for the lawful.
    pub scheme: Option<Scheme>,
    /// What makes a lawful one look alike; empty for those in a scheme.
    pub class: &'static str,
}

/// An enterprise's part in a scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    /// The scheme's number: the enterprises of a ring have the same.
    pub number: u32,
    /// How it attracts money.
    pub typology: Typology,
    /// What the enterprise does in it.
    pub role: Role,
    /// How much of it agencies can see, in per cent.
    pub visible: u32,
    /// When it starts to promote itself.
    pub start: Date,
    /// When the first complaint reaches an agency, if one ever does.
    pub first_complaint: Option<Date>,
    /// When it stops paying; may lie beyond the simulated time.
    pub collapse: Date,
}

/// Everybody in a scheme and every lawful one that looks alike.
pub(crate) fn truths(world: &World) -> impl Iterator<Item = Truth> {
    (0..world.total).filter_map(|index| truth(world, index))
}

fn truth(world: &World, index: u32) -> Option<Truth> {
    let of = world.enterprise(index);
    if of.class == Class::Ordinary {
        return None;
    }
    let scheme = of.plan.map(|plan| Scheme {
        number: plan.number,
        typology: plan.typology,
        role: plan.role(index),
        visible: plan.visible,
        start: date(plan.promotion),
        first_complaint: (plan.first_complaint != NEVER).then(|| date(plan.first_complaint)),
        collapse: date(plan.collapse),
    });
    let uscc = of.uscc().iter().map(|byte| char::from(*byte)).collect();
    Some(Truth {
        uscc,
        scheme,
        class: of.class.lawful_name(),
    })
}

fn date(day: i32) -> Date {
    jiff::civil::date(1970, 1, 1).saturating_add(Span::new().days(day))
}

/// Writes the truth about a city as CSV and returns how many rows it has. It
/// belongs beside the landing folder, never inside.
///
/// # Errors
/// When `to` refuses.
pub fn write_truth(to: &mut impl Write, params: &CityParams) -> io::Result<u64> {
    writeln!(
        to,
        "uscc,scheme,typology,role,class,visible,start,first_complaint,collapse"
    )?;
    let mut rows = 0;
    for truth in truths(&World::new(params)) {
        rows += 1;
        let Truth {
            uscc,
            scheme,
            class,
        } = truth;
        let Some(scheme) = scheme else {
            writeln!(to, "{uscc},,,,{class},,,,")?;
            continue;
        };
        let complaint = scheme
            .first_complaint
            .map_or(String::new(), |day| day.to_string());
        writeln!(
            to,
            "{uscc},{},{},{},,{},{},{complaint},{}",
            scheme.number,
            scheme.typology.name(),
            scheme.role.name(),
            scheme.visible,
            scheme.start,
            scheme.collapse
        )?;
    }
    Ok(rows)
}
