//! What can go wrong on the way to a platform, asked for call by call.

use std::{fmt::Debug, sync::Mutex};

use serde::{Deserialize, Serialize};

use crate::wire::held;

/// One thing going wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// The request is read and nothing happens, ever: neither accepted nor answered.
    Hang,
    /// The request is read and the connection drops; nothing was accepted.
    Reset,
    /// Accepted, in the ledger, and no answer ever.
    AcceptThenHang,
    /// Accepted, in the ledger, and the connection drops before the answer.
    AcceptThenReset,
    /// 500; nothing was accepted.
    ErrorBefore,
    /// Accepted, in the ledger, and then 500.
    ErrorAfter,
    /// 429, with `Retry-After` in seconds where given.
    TooMany { retry_after_s: Option<u32> },
    /// The token has expired.
    ExpiredToken,
    /// Answered as always, but so many milliseconds of the machine's time later.
    Slow { millis: u64 },
}

/// The faults that wait for their calls; the first that fits is taken.
#[derive(Debug)]
pub struct Faults<C>(Mutex<Vec<Planned<C>>>);

#[derive(Debug, Clone, Copy)]
struct Planned<C> {
    /// None: any call.
    call: Option<C>,
    fault: Fault,
    /// None: until cleared.
    left: Option<u32>,
}

impl<C: Copy + Eq + Debug> Faults<C> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// The next `call` meets `fault`.
    pub fn once(&self, call: C, fault: Fault) {
        self.plan(Some(call), fault, Some(1));
    }

    /// The next `times` of `call` meet `fault`.
    pub fn times(&self, call: C, times: u32, fault: Fault) {
        self.plan(Some(call), fault, Some(times));
    }

    /// Every `call` meets `fault` until [`Self::clear`].
    pub fn always(&self, call: C, fault: Fault) {
        self.plan(Some(call), fault, None);
    }

    /// Every call of any kind meets `fault` until [`Self::clear`]: the platform is ill as a whole.
    pub fn everywhere(&self, fault: Fault) {
        self.plan(None, fault, None);
    }

    /// `call` none: any; `times` none: until [`Self::clear`].
    pub fn plan(&self, call: Option<C>, fault: Fault, times: Option<u32>) {
        held(&self.0).push(Planned { call, fault, left: times });
    }

    pub fn clear(&self) {
        held(&self.0).clear();
    }

    /// How many counted faults have not happened yet: a story whose fault never fired proves nothing.
    pub fn waiting(&self) -> u32 {
        held(&self.0).iter().filter_map(|planned| planned.left).sum()
    }

    pub(crate) fn take(&self, call: C) -> Option<Fault> {
        let mut planned = held(&self.0);
        let at = planned.iter().position(|one| one.call.is_none_or(|wanted| wanted == call))?;
        let one = planned.get_mut(at)?;
        let fault = one.fault;
        if let Some(left) = &mut one.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                planned.remove(at);
            }
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_meets_the_calls_it_was_planned_for_and_no_other() {
        let faults = Faults::new();
        faults.times('p', 2, Fault::Hang);
        faults.always('r', Fault::Reset);
        assert_eq!(faults.take('x'), None);
        assert_eq!(faults.take('p'), Some(Fault::Hang));
        assert_eq!(faults.waiting(), 1);
        assert_eq!(faults.take('p'), Some(Fault::Hang));
        assert_eq!(faults.take('p'), None);
        assert_eq!(faults.take('r'), Some(Fault::Reset));
        assert_eq!(faults.take('r'), Some(Fault::Reset));
        faults.clear();
        assert_eq!(faults.take('r'), None);
    }

    #[test]
    fn faults_are_written_the_way_the_control_door_reads_them() {
        let read: Fault = serde_json::from_str(r#"{"fault":"too_many","retry_after_s":30}"#).unwrap();
        assert_eq!(read, Fault::TooMany { retry_after_s: Some(30) });
    }
}
