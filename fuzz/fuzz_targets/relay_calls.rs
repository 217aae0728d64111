//! The JSON between laptop and relay, from either side; the first byte says which call.
#![no_main]

use libfuzzer_sys::fuzz_target;
use relay_protocol::{
    PairAnswer, PathRegistration, PullAnswer, Status,
    calls::{Declined, PairRequest, PathList},
};
use serde::{Serialize, de::DeserializeOwned};

fn there_and_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    let Ok(read) = serde_json::from_slice::<T>(bytes) else { return };
    let written = serde_json::to_vec(&read).expect("what is read can be written");
    assert_eq!(serde_json::from_slice::<T>(&written).expect("and read again"), read);
}

fuzz_target!(|bytes: &[u8]| {
    let Some((first, body)) = bytes.split_first() else { return };
    match first % 7 {
        0 => there_and_back::<PairRequest>(body),
        1 => there_and_back::<PairAnswer>(body),
        2 => there_and_back::<PathRegistration>(body),
        3 => there_and_back::<PathList>(body),
        4 => there_and_back::<PullAnswer>(body),
        5 => there_and_back::<Status>(body),
        _ => there_and_back::<Declined>(body),
    }
});
