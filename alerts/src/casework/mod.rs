//! From an alert to an outcome that an official can be held to account for.
//!
//! Pure: no clock, no IO. What was done is a list of [`Deed`]s; everything else
//! follows from it. [`Fold::apply`] is the one place that decides whether a deed
//! may be done and what it makes: who wants to do something asks it, and whoever
//! reads the log later judges every deed again by the same rules.
//!
//! `case` has the stages, `steps` what each action makes of them, `outcome` how cases end, `clock` and
//! `calendar` by when, `jurisdiction` whose they are, `measure` and `approval`
//! what needs a second person, `rule` and `authority` who may do what and when, `suppression` what is
//! not shown for a while.

pub mod approval;
pub mod authority;
pub mod calendar;
pub mod case;
pub mod clock;
pub mod deed;
pub mod fold;
pub mod jurisdiction;
pub mod measure;
pub mod outcome;
pub mod person;
pub mod place;
pub mod retention;
pub mod rule;
mod steps;
pub mod suppression;

pub use authority::Role;
pub use calendar::Calendar;
pub use case::{Case, Side, Stage};
pub use clock::{Clock, Kind, Term, Terms};
pub use deed::{Action, Actor, CaseAction, Deed, PersonAction, SuppressionAction};
pub use fold::Fold;
pub use measure::Measure;
pub use outcome::{Outcome, Reason};
pub use person::Person;
pub use place::{Place, Seen};
pub use rule::{Refusal, Rule};
pub use suppression::Suppression;
