//! Facebook's refusals: the Graph API's table, and the one answer that is none.

use crate::{
    PollError,
    meta::{
        Trouble,
        error::{DUPLICATE, code},
    },
};

/// The platform has this already: nothing went wrong.
pub(super) fn is_duplicate(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Refused(answer) => code(answer) == Some(DUPLICATE),
        Trouble::Lost(_) | Trouble::Wait(_) => false,
    }
}

pub(super) fn poll_error(trouble: Trouble) -> PollError {
    trouble.of_asking().of_polling()
}
