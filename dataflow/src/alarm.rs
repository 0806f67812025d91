//! Wakes an operator when a time has passed that something waits for.
//!
//! Contract: holds a capability for the first such time only, so the operator
//! sleeps until the frontier passes it, and nothing later is held back.

use timely::dataflow::operators::{Capability, InputCapability};

use crate::types::Time;

/// The capability for the first time that is waited for.
#[derive(Default)]
pub(crate) struct Alarm {
    capability: Option<Capability<Time>>,
}

impl Alarm {
    /// Sets the alarm to `first`, by the message that brought what waits, unless
    /// it is set to that time or an earlier one.
    pub(crate) fn set(&mut self, first: Option<Time>, from: &InputCapability<Time>) {
        let Some(first) = first else {
            return;
        };
        let late = self.capability.as_ref().is_none_or(|c| first < *c.time());
        if late {
            self.capability = Some(from.delayed(&first, 0));
        }
    }

    /// With what to say what happens at the time it is set to.
    pub(crate) fn capability(&self) -> Option<&Capability<Time>> {
        self.capability.as_ref()
    }

    /// Sets the alarm on to the next time, or off.
    pub(crate) fn set_on(&mut self, next: Option<Time>) {
        match (next, &mut self.capability) {
            (Some(next), Some(capability)) => capability.downgrade(&next),
            _ => self.capability = None,
        }
    }
}
