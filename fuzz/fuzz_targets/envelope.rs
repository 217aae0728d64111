//! A sealed webhook: its contents, its seal opened with right and wrong keys, and the chain it stands in. The first
//! byte says which of them is read.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rand::{SeedableRng, rngs::StdRng};
use relay_protocol::{
    Chain, ChannelPath, Digest, Envelope, Heading, OwnerId, OwnerKeys, Position, RelayError, RelayId, Sealer,
    Webhook, open,
};

static KEYS: LazyLock<OwnerKeys> = LazyLock::new(|| OwnerKeys::from_seeds([1; 32], [2; 32]));
static OTHERS: LazyLock<OwnerKeys> = LazyLock::new(|| OwnerKeys::from_seeds([3; 32], [4; 32]));

const PATH: ChannelPath = ChannelPath::from_bytes([7; 20]);

fn heading() -> Heading {
    Heading {
        relay: RelayId::from_bytes([5; 16]),
        owner: OwnerId::from_bytes([6; 16]),
        sequence: 1,
        arrived_ms: 1_795_168_800_000,
        method: "POST".to_owned(),
        path: PATH,
        previous: Digest::NOTHING,
    }
}

/// As what was sealed.
fn contents(bytes: &[u8]) {
    if let Ok(webhook) = Webhook::from_bytes("POST", PATH, bytes) {
        let again = Webhook::from_bytes("POST", PATH, &webhook.to_bytes());
        assert_eq!(again.as_ref().ok(), Some(&webhook));
        assert_eq!(webhook.to_bytes(), bytes, "one webhook has one form");
    }
}

/// Sealed as they are: opened to the same, or refused as malformed, never as tampered.
fn sealed(bytes: &[u8]) {
    let mut rng = StdRng::seed_from_u64(1);
    let sealer = Sealer::ready(&KEYS.sealing_public(), &mut rng).expect("a good key");
    let envelope = sealer.press(heading(), bytes.to_vec()).expect("short enough");
    match (open(&KEYS, &envelope), Webhook::from_bytes("POST", PATH, bytes)) {
        (Ok(opened), Ok(read)) => assert_eq!(opened, read),
        (Err(RelayError::Malformed(_)), Err(_)) => {}
        (opened, read) => panic!("{opened:?} and {read:?}"),
    }
    assert!(matches!(open(&OTHERS, &envelope), Err(RelayError::OtherKey)));
}

/// As the seal itself.
fn forged(bytes: &[u8]) {
    let (encapsulated, ciphertext) = bytes.split_at(bytes.len().min(32));
    let forged = Envelope {
        heading: heading(),
        sealed_to: KEYS.sealing_public().key_id(),
        encapsulated: encapsulated.to_vec(),
        ciphertext: ciphertext.to_vec(),
    };
    assert!(matches!(open(&KEYS, &forged), Err(RelayError::Tampered)), "a seal was guessed");
}

/// As the JSON of an envelope.
fn json(bytes: &[u8]) {
    let Ok(envelope) = serde_json::from_slice::<Envelope>(bytes) else { return };
    let _ = open(&KEYS, &envelope);
    let written = serde_json::to_vec(&envelope).expect("an envelope is JSON");
    let again: Envelope = serde_json::from_slice(&written).expect("it reads back");
    assert_eq!(again, envelope);
    assert_eq!(again.hash(), envelope.hash());
    let mut chain = Chain::new(envelope.heading.relay, envelope.heading.owner, Position::START);
    let _ = chain.follow(&envelope);
    let _ = chain.follow(&envelope);
}

// The curve is slow, so it is not in the way of every input.
fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    match first % 32 {
        0 => sealed(rest),
        1 => forged(rest),
        2..=15 => json(rest),
        _ => contents(rest),
    }
});
