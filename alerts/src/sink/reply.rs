//! What came of an attempt to deliver, in words that every channel shares.

use std::time::Duration;

/// What a receiver made of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It has taken it.
    Taken,
    /// It was reached and will not have it as it is: after some attempts it is a
    /// dead letter, and the next event's turn comes.
    Refused(String),
    /// It could not be reached, or asks for patience: everything waits.
    Away {
        /// What was found.
        reason: String,
        /// How long it asks to be left alone.
        after: Option<Duration>,
    },
    /// It wants nothing more, ever: the sink is switched off.
    Gone(String),
}

impl Reply {
    /// Away, for as long as the courier thinks right.
    pub fn away(reason: impl Into<String>) -> Reply {
        Reply::Away {
            reason: reason.into(),
            after: None,
        }
    }
}
