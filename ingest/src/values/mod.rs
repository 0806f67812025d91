//! Values: what one cell of a record says, read strictly and cheaply.
//!
//! Each file is one kind of value with one `parse` (or two near relatives). All
//! take the cell's text as it stands in the record, understand full-width
//! characters and surrounding space, allocate nothing when they succeed on
//! clean text, and answer with a [`Refusal`] that says what would have been
//! allowed. A placeholder such as `N/A` is [`Refusal::Absent`]: the caller
//! makes it null, or rejects the record where the column is required.

mod absent;
pub mod date;
mod decimal;
mod identifier;
pub mod likeness;
pub mod money;
pub mod name;
pub mod number;
mod organisation;
mod refusal;
mod registration;
pub mod subject;
pub mod text;
mod uscc;

pub use absent::is_absent;
pub use identifier::{Identifier, identify};
pub use money::{Currency, Money, Unit};
pub use organisation::OrganisationCode;
pub use refusal::Refusal;
pub use registration::RegistrationNumber;
pub use subject::Pseudonymiser;
pub use uscc::Uscc;
