//! The service as it is reached from outside, over a small world.

mod client;
mod http;
pub(super) mod samples;
mod stream;
mod world;
