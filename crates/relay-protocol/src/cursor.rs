//! Two numbers per pull: what was received, and what was committed and may be forgotten (Telegram's getUpdates
//! semantics, with the confirmation spelled out). <https://core.telegram.org/bots/api#getupdates>

use serde::{Deserialize, Serialize};

/// `ack_upto` never passes `after`: nothing is confirmed that was not received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    after: u64,
    ack_upto: u64,
}

impl Cursor {
    /// After a start: everything up to here is committed, all behind it is asked for again.
    pub fn resume(committed: u64) -> Self {
        Self { after: committed, ack_upto: committed }
    }

    /// Hand over envelopes with a higher sequence than this.
    pub fn after(&self) -> u64 {
        self.after
    }

    /// Forget envelopes up to and including this sequence.
    pub fn ack_upto(&self) -> u64 {
        self.ack_upto
    }

    /// An envelope is in our hands, but not yet in our database.
    pub fn received(&mut self, sequence: u64) {
        self.after = self.after.max(sequence);
    }

    /// Our database has committed every envelope up to here; the next pull confirms them.
    pub fn committed(&mut self, sequence: u64) {
        self.ack_upto = self.ack_upto.max(sequence.min(self.after));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_confirmed_before_the_laptop_has_committed_it() {
        let mut cursor = Cursor::resume(4);
        cursor.received(9);
        assert_eq!((cursor.after(), cursor.ack_upto()), (9, 4));
        cursor.committed(7);
        assert_eq!((cursor.after(), cursor.ack_upto()), (9, 7));
        cursor.committed(50);
        assert_eq!(cursor.ack_upto(), 9);
    }
}
