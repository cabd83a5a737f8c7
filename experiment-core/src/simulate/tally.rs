//! What the replicates of one row add up to.

/// A mean in the making.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Mean {
    pub(super) n: u64,
    sum: f64,
}

impl Mean {
    pub(super) fn add(&mut self, value: f64) {
        self.n += 1;
        self.sum += value;
    }

    fn merge(&mut self, other: &Mean) {
        self.n += other.n;
        self.sum += other.sum;
    }

    /// `None` of nothing.
    pub(super) fn get(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum / self.n as f64)
    }
}

/// What one replicate showed of one method.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Outcome {
    /// Whether a true hypothesis was rejected, or the share of the rejections that were false.
    pub(super) false_rejection: Option<f64>,
    /// Whether a false hypothesis was rejected, or the share of those that were.
    pub(super) true_rejection: Option<f64>,
    /// Whether the interval, at every look at which there was one, held what is true.
    pub(super) covered: Option<bool>,
    /// Share of the planned customers who were mature at the decision.
    pub(super) sample: f64,
    /// (what shipping was expected to lose, what it loses).
    pub(super) loss: Option<(f64, f64)>,
}

/// Sums over replicates.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) runs: u64,
    pub(super) not_estimable: u64,
    pub(super) false_rejections: Mean,
    pub(super) true_rejections: Mean,
    pub(super) covered: Mean,
    pub(super) sample: Mean,
    pub(super) expected_loss: Mean,
    pub(super) realised_loss: Mean,
}

impl Tally {
    /// Takes in a replicate; `None` is one of which the method could say nothing.
    pub(super) fn add(&mut self, outcome: Option<Outcome>) {
        self.runs += 1;
        let Some(outcome) = outcome else {
            self.not_estimable += 1;
            return;
        };
        if let Some(share) = outcome.false_rejection {
            self.false_rejections.add(share);
        }
        if let Some(share) = outcome.true_rejection {
            self.true_rejections.add(share);
        }
        if let Some(covered) = outcome.covered {
            self.covered.add(f64::from(u8::from(covered)));
        }
        self.sample.add(outcome.sample);
        if let Some((expected, realised)) = outcome.loss {
            self.expected_loss.add(expected);
            self.realised_loss.add(realised);
        }
    }

    pub(super) fn merge(&mut self, other: &Tally) {
        self.runs += other.runs;
        self.not_estimable += other.not_estimable;
        self.false_rejections.merge(&other.false_rejections);
        self.true_rejections.merge(&other.true_rejections);
        self.covered.merge(&other.covered);
        self.sample.merge(&other.sample);
        self.expected_loss.merge(&other.expected_loss);
        self.realised_loss.merge(&other.realised_loss);
    }
}
