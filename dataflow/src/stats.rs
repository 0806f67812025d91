//! What the engine holds, by the business's names.

/// One arrangement, over all workers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrangementStats {
    /// Its name.
    pub name: &'static str,
    /// Updates held.
    pub rows: usize,
    /// Bytes held: an estimate.
    pub bytes: usize,
}

/// What the engine holds and how often it has run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EngineStats {
    /// In the order of the dataflow.
    pub arrangements: Vec<ArrangementStats>,
    /// How often workers have stepped or parked since they started.
    pub steps: u64,
}

impl EngineStats {
    /// Adds what another process's workers hold: name, rows and bytes.
    pub fn absorb(&mut self, held: &[(String, usize, usize)], steps: u64) {
        self.steps += steps;
        for (name, rows, bytes) in held {
            let known = self.arrangements.iter_mut().find(|s| s.name == name);
            if let Some(stats) = known {
                stats.rows += rows;
                stats.bytes += bytes;
            }
        }
    }

    /// Adds what one worker has measured.
    pub(crate) fn add(&mut self, measured: Vec<(&'static str, usize, usize)>, steps: u64) {
        self.steps += steps;
        for (name, rows, bytes) in measured {
            let known = self
                .arrangements
                .iter_mut()
                .find(|stats| stats.name == name);
            match known {
                Some(stats) => {
                    stats.rows += rows;
                    stats.bytes += bytes;
                }
                None => self
                    .arrangements
                    .push(ArrangementStats { name, rows, bytes }),
            }
        }
    }
}
