//! A simulated city: what a dozen agencies deliver, day by day, about
//! enterprises that live, and some that raise money illegally.
//!
//! Everything is a pure function of [`CityParams`] and the day: the same seed
//! gives the same bytes on every machine, and a day can be asked for alone, in
//! any order, again. So nothing here uses floating point, the clock, or a hash
//! map. The engine never reads [`City::truth`]; evaluation may.
//!
//! The city's own sources, features and first model are declared in
//! `testdata/city`; [`write_load`] has its own in `testdata/bench`.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod agency;
mod calendar;
mod city;
mod code;
mod deliver;
mod enterprise;
mod event;
mod load;
mod random;
mod scheme;
mod sheet;
mod words;

pub use city::{City, CityParams, Delivery};
pub use deliver::{DayStats, write_day};
pub use load::{LoadStats, write_load};
pub use scheme::{Scheme, Typology};
