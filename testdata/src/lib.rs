//! A simulated city: what its 42 units deliver about enterprises that live, and
//! some that raise money illegally.
//!
//! Everything is a pure function of [`CityParams`]: the same seed gives the same
//! bytes on every machine and with any number of threads, and nothing is held per
//! enterprise. So nothing here uses floating point, the clock, or a hash map.
//!
//! The way of a row: [`world`] says what an enterprise is, [`life`], [`money`]
//! and [`scheme`] what happens to it in a month, as [`event`]s; [`feeds`] says
//! which agency sees which event, when, and how it writes it down. Feeds are
//! declared in `testdata/city/feeds`, one file a unit. The engine never reads
//! [`City::truth`]; evaluation may.
//!
//! [`write_load`] is the benchmark's flat load, declared in `testdata/bench`.

#![cfg_attr(test, allow(clippy::unwrap_used))]
#![allow(rustdoc::private_intra_doc_links)]

mod bulk;
mod calendar;
mod city;
mod code;
mod event;
mod feeds;
mod life;
mod load;
mod money;
mod pack;
mod random;
mod scheme;
mod truth;
mod world;

pub use bulk::{Stats, write_city};
pub use city::{City, CityError, CityParams, Delivery};
pub use feeds::FeedFault;
pub use load::{LoadStats, write_load};
pub use pack::pack_city;
pub use scheme::{Role, Typology};
pub use truth::{Scheme, Truth, write_truth};
