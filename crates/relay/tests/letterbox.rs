//! What every letterbox must keep, whatever it is made of. Another store joins by adding itself to `each`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{collections::BTreeMap, path::Path};

use relay::{
    Fault, Letterbox,
    letterbox::{CodeOffer, Confirmation, Kept, PathRecord, Redemption, Tally, sqlite::SqliteLetterbox},
};
use relay_protocol::{
    ChannelPath, Digest, Envelope, Heading, KeyId, OwnerId, PathKind, PathRegistration, Position, RelayId,
    SealingPublic, SigningPublic,
};

const RELAY: RelayId = RelayId::from_bytes([1; 16]);
const MALI: OwnerId = OwnerId::from_bytes([2; 16]);
const SOMCHAI: OwnerId = OwnerId::from_bytes([3; 16]);
const LINE: ChannelPath = ChannelPath::from_bytes([4; 20]);
const META: ChannelPath = ChannelPath::from_bytes([5; 20]);

async fn sqlite(folder: &Path) -> Box<dyn Letterbox> {
    let file = folder.join("letterbox.sqlite");
    Box::new(SqliteLetterbox::open(&file, 64 * 1024 * 1024, RELAY).await.unwrap())
}

/// Each promise, on a fresh letterbox that can be closed and opened again.
macro_rules! each {
    ($($promise:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $promise() {
                let folder = tempfile::tempdir().unwrap();
                promises::$promise(async || sqlite(folder.path()).await).await;
            }
        )+
    };
}

each!(
    keeps_its_name_and_its_last_sign_of_life,
    spends_a_code_once_and_in_time,
    replaces_the_keys_of_an_owner_who_pairs_again,
    keeps_paths_and_forgets_removed_ones,
    hands_over_in_order_exactly_what_was_kept,
    keeps_a_large_batch_in_order,
    takes_a_sequence_once_and_a_batch_whole,
    forgets_what_is_confirmed_and_nothing_else,
    stands_where_the_chain_ended_after_all_is_forgotten,
    throws_away_by_age,
    gives_no_more_than_asked_for,
    holds_all_of_it_after_being_opened_again,
);

mod promises {
    use pretty_assertions::assert_eq;

    use super::*;

    pub(super) async fn keeps_its_name_and_its_last_sign_of_life(open: impl AsyncFn() -> Box<dyn Letterbox>) {
        let letterbox = open().await;
        assert_eq!(letterbox.relay().await.unwrap(), RELAY);
        assert_eq!(letterbox.note_alive(100).await.unwrap(), None);
        assert_eq!(letterbox.note_alive(200).await.unwrap(), Some(100));
    }

    pub(super) async fn spends_a_code_once_and_in_time(open: impl AsyncFn() -> Box<dyn Letterbox>) {
        let letterbox = open().await;
        let digest = Digest::of(b"7K2QM9TV");
        letterbox.offer_code(&CodeOffer { digest, owner: None, expires_ms: 1_000 }).await.unwrap();
        let redemption = redemption(digest, 1_000);
        assert_eq!(letterbox.redeem_code(&redemption).await.unwrap(), None, "too late");
        let in_time = Redemption { now_ms: 999, ..redemption };
        let wrong = Redemption { digest: Digest::of(b"00000000"), ..in_time };
        assert_eq!(letterbox.redeem_code(&wrong).await.unwrap(), None);
        let redeemed = letterbox.redeem_code(&in_time).await.unwrap().unwrap();
        assert_eq!((redeemed.owner, redeemed.position), (MALI, Position::START));
        assert_eq!(letterbox.redeem_code(&in_time).await.unwrap(), None, "spent");
    }

    pub(super) async fn replaces_the_keys_of_an_owner_who_pairs_again(
        open: impl AsyncFn() -> Box<dyn Letterbox>,
    ) {
        let letterbox = open().await;
        pair(&*letterbox, MALI).await;
        let batch = chain(MALI, LINE, Position::START, 2, 100);
        letterbox.settle(&batch, &[]).await.unwrap();
        let digest = Digest::of(b"second");
        letterbox.offer_code(&CodeOffer { digest, owner: Some(MALI), expires_ms: 1_000 }).await.unwrap();
        let again = Redemption {
            newcomer: SOMCHAI,
            signing_key: SigningPublic::from_bytes([77; 32]),
            ..redemption(digest, 5)
        };
        let redeemed = letterbox.redeem_code(&again).await.unwrap().unwrap();
        assert_eq!((redeemed.owner, redeemed.position), (MALI, Position::START), "before what waits");
        let owners = letterbox.owners().await.unwrap();
        assert_eq!(owners.len(), 1);
        assert_eq!(owners[0].signing_key, SigningPublic::from_bytes([77; 32]));
        assert_eq!(owners[0].head, head(&batch), "the chain goes on");
    }

    pub(super) async fn keeps_paths_and_forgets_removed_ones(open: impl AsyncFn() -> Box<dyn Letterbox>) {
        let letterbox = open().await;
        pair(&*letterbox, MALI).await;
        let line = PathRecord {
            path: LINE,
            owner: MALI,
            registration: PathRegistration { kind: PathKind::Line, verify_token_sha256: None },
        };
        let registration =
            PathRegistration { kind: PathKind::Meta, verify_token_sha256: Some(Digest::of(b"t")) };
        let meta = PathRecord { path: META, owner: MALI, registration };
        letterbox.put_path(&line, 1).await.unwrap();
        letterbox.put_path(&meta, 2).await.unwrap();
        assert_eq!(letterbox.paths().await.unwrap(), [line, meta]);
        let changed = PathRecord { registration, ..line };
        letterbox.put_path(&changed, 3).await.unwrap();
        letterbox.remove_path(&META).await.unwrap();
        assert_eq!(letterbox.paths().await.unwrap(), [changed]);
    }

    pub(super) async fn hands_over_in_order_exactly_what_was_kept(
        open: impl AsyncFn() -> Box<dyn Letterbox>,
    ) {
        let letterbox = open().await;
        pair(&*letterbox, MALI).await;
        pair(&*letterbox, SOMCHAI).await;
        let malis = chain(MALI, LINE, Position::START, 3, 100);
        let somchais = chain(SOMCHAI, META, Position::START, 2, 200);
        let mixed: Vec<_> =
            [&malis[0], &somchais[0], &malis[1], &somchais[1], &malis[2]].map(Kept::clone).to_vec();
        letterbox.settle(&mixed, &[]).await.unwrap();
        assert_eq!(read(&*letterbox, MALI, 0).await, envelopes(&malis));
        assert_eq!(read(&*letterbox, MALI, 2).await, envelopes(&malis[2..]));
        assert_eq!(read(&*letterbox, SOMCHAI, 0).await, envelopes(&somchais));
        assert_eq!(read(&*letterbox, MALI, 3).await, []);
        assert_eq!(letterbox.oldest_ms(&MALI).await.unwrap(), Some(100));
        assert_eq!(letterbox.tallies().await.unwrap(), [tally(&malis), tally(&somchais)]);
    }

    pub(super) async fn keeps_a_large_batch_in_order(open: impl AsyncFn() -> Box<dyn Letterbox>) {
        let letterbox = open().await;
        pair(&*letterbox, MALI).await;
        let batch = chain(MALI, LINE, Position::START, 100, 100);
        letterbox.settle(&batch, &[]).await.unwrap();
        assert_eq!(read(&*letterbox, MALI, 0).await, envelopes(&batch));
        assert_eq!(letterbox.owners().await.unwrap()[0].head, head(&batch));
    }

    pub(super) async fn takes_a_sequence_once_and_a_batch_whole(open: impl AsyncFn() -> Box<dyn Letterbox>) {
        let letterbox = open().await;
        pair(&*letterbox, MALI).await;
        let batch = chain(MALI, LINE, Position::START, 2, 100);
        letterbox.settle(&batch, &[]).await.unwrap();
        let more = chain(MALI, LINE, head(&batch), 1, 300);
        let taken = [more[0].clone(), batch[1].clone()];
        let refused = letterbox.settle(&taken, &[Confirmation { owner: MALI, upto: 2 }]).await;
        assert!(matches!(refused, Err(Fault::Letterbox(_))), "{refused:?}");
        assert_eq!(
            read(&*letterbox, MALI, 0).await,
            envelopes(&batch),
            "nothing of the batch, confirming included"
        );
        assert_eq!(letterbox.owners().await.unwrap()[0].head, head(&batch));
        letterbox.settle(&more, &[]).await.unwrap();
        assert_eq!(read(&*letterbox, MALI, 2).await, envelopes(&more));
    }

    pub(super) async fn forgets_what_is_confirmed_and_nothing_else(
        open: impl AsyncFn() -> Box<dyn Letterbox>,
    ) {
        let letterbox = open().await;
        pair(&*letterbox, MALI).await;
        pair(&*letterbox, SOMCHAI).await;
        let malis = chain(MALI, LINE, Position::START, 3, 100);
        let somchais = chain(SOMCHAI, META, Position::START, 3, 100);
        letterbox.settle(&malis, &[]).await.unwrap();
        let confirm = [Confirmation { owner: MALI, upto: 2 }];
        let forgotten = letterbox.settle(&somchais, &confirm).await.unwrap();
        assert_eq!(forgotten, [tally(&malis[..2])]);
        assert_eq!(read(&*letterbox, MALI, 0).await, envelopes(&malis[2..]));
        assert_eq!(read(&*letterbox, SOMCHAI, 0).await, envelopes(&somchais));
        assert_eq!(letterbox.settle(&[], &confirm).await.unwrap(), [], "again is harmless");
        let backwards = [Confirmation { owner: MALI, upto: 1 }];
        letterbox.settle(&[], &backwards).await.unwrap();
        let acked: BTreeMap<_, _> = letterbox
            .owners()
            .await
            .unwrap()
            .iter()
            .map(|record| (record.owner, record.acked_upto))
            .collect();
        assert_eq!(acked, BTreeMap::from([(MALI, 2), (SOMCHAI, 0)]));
        letterbox.tidy().await.unwrap();
        assert_eq!(read(&*letterbox, MALI, 0).await, envelopes(&malis[2..]));
    }

    pub(super) async fn stands_where_the_chain_ended_after_all_is_forgotten(
        open: impl AsyncFn() -> Box<dyn Letterbox>,
    ) {
        let letterbox = open().await;
        pair(&*letterbox, MALI).await;
        let batch = chain(MALI, LINE, Position::START, 3, 100);
        letterbox.settle(&batch, &[]).await.unwrap();
        let digest = Digest::of(b"halfway");
        letterbox.settle(&[], &[Confirmation { owner: MALI, upto: 1 }]).await.unwrap();
        letterbox.offer_code(&CodeOffer { digest, owner: Some(MALI), expires_ms: 1_000 }).await.unwrap();
        let redeemed = letterbox.redeem_code(&redemption(digest, 5)).await.unwrap().unwrap();
        assert_eq!(redeemed.position, head(&batch[..1]));
        letterbox.settle(&[], &[Confirmation { owner: MALI, upto: 3 }]).await.unwrap();
        letterbox.offer_code(&CodeOffer { digest, owner: Some(MALI), expires_ms: 1_000 }).await.unwrap();
        let redeemed = letterbox.redeem_code(&redemption(digest, 5)).await.unwrap().unwrap();
        assert_eq!(redeemed.position, head(&batch));
    }

    pub(super) async fn throws_away_by_age(open: impl AsyncFn() -> Box<dyn Letterbox>) {
        let letterbox = open().await;
        pair(&*letterbox, MALI).await;
        let batch = chain(MALI, LINE, Position::START, 4, 100);
        letterbox.settle(&batch, &[]).await.unwrap();
        let digest = Digest::of(b"code");
        letterbox.offer_code(&CodeOffer { digest, owner: None, expires_ms: 50 }).await.unwrap();
        assert_eq!(letterbox.expire(102, 50).await.unwrap(), [tally(&batch[..2])]);
        assert_eq!(read(&*letterbox, MALI, 0).await, envelopes(&batch[2..]));
        assert_eq!(letterbox.owners().await.unwrap()[0].expired, 2);
        assert_eq!(letterbox.redeem_code(&redemption(digest, 49)).await.unwrap(), None, "codes end too");
        assert_eq!(letterbox.expire(i64::MIN, 0).await.unwrap(), []);
    }

    pub(super) async fn gives_no_more_than_asked_for(open: impl AsyncFn() -> Box<dyn Letterbox>) {
        let letterbox = open().await;
        pair(&*letterbox, MALI).await;
        let batch = chain(MALI, LINE, Position::START, 4, 100);
        letterbox.settle(&batch, &[]).await.unwrap();
        let one = batch[0].envelope.size();
        let got = async |max, bytes| letterbox.read(&MALI, 0, max, bytes).await.unwrap().len();
        assert_eq!(got(2, u64::MAX).await, 2);
        assert_eq!(got(9, 3 * one).await, 3);
        assert_eq!(got(9, 3 * one - 1).await, 2);
        assert_eq!(got(9, 0).await, 1);
        assert_eq!(letterbox.read(&MALI, u64::MAX, 9, u64::MAX).await.unwrap(), []);
    }

    pub(super) async fn holds_all_of_it_after_being_opened_again(open: impl AsyncFn() -> Box<dyn Letterbox>) {
        let letterbox = open().await;
        pair(&*letterbox, MALI).await;
        let batch = chain(MALI, LINE, Position::START, 3, 100);
        letterbox.settle(&batch, &[]).await.unwrap();
        letterbox.settle(&[], &[Confirmation { owner: MALI, upto: 1 }]).await.unwrap();
        letterbox.close().await;
        drop(letterbox);
        let letterbox = open().await;
        assert_eq!(read(&*letterbox, MALI, 0).await, envelopes(&batch[1..]));
        let owner = letterbox.owners().await.unwrap()[0];
        assert_eq!((owner.head, owner.acked_upto), (head(&batch), 1));
    }
}

async fn pair(letterbox: &dyn Letterbox, owner: OwnerId) {
    let digest = Digest::of(owner.as_bytes());
    letterbox.offer_code(&CodeOffer { digest, owner: None, expires_ms: 1_000 }).await.unwrap();
    let redemption = Redemption { newcomer: owner, ..redemption(digest, 5) };
    letterbox.redeem_code(&redemption).await.unwrap().unwrap();
}

fn redemption(digest: Digest, now_ms: i64) -> Redemption {
    Redemption {
        digest,
        newcomer: MALI,
        signing_key: SigningPublic::from_bytes([6; 32]),
        sealing_key: SealingPublic::from_bytes([7; 32]),
        now_ms,
    }
}

/// Envelopes one behind the other, a millisecond apart. A letterbox never opens them, so they need no real seal.
fn chain(owner: OwnerId, path: ChannelPath, from: Position, count: u64, arrived_ms: i64) -> Vec<Kept> {
    let mut position = from;
    let mut made = Vec::new();
    for (n, arrived_ms) in (0..count).zip(arrived_ms..) {
        let heading = Heading {
            relay: RELAY,
            owner,
            sequence: position.sequence + 1,
            arrived_ms,
            method: "POST".into(),
            path,
            previous: position.hash,
        };
        let envelope = Envelope {
            heading,
            sealed_to: KeyId::from_bytes([8; 8]),
            encapsulated: vec![9; 32],
            ciphertext: vec![u8::try_from(n).unwrap(); 1_000],
        };
        position = Position { sequence: position.sequence + 1, hash: envelope.hash() };
        made.push(Kept { hash: position.hash, envelope });
    }
    made
}

fn head(kept: &[Kept]) -> Position {
    let last = kept.last().unwrap();
    Position { sequence: last.envelope.heading.sequence, hash: last.hash }
}

fn envelopes(kept: &[Kept]) -> Vec<Envelope> {
    kept.iter().map(|kept| kept.envelope.clone()).collect()
}

fn tally(kept: &[Kept]) -> Tally {
    let heading = &kept[0].envelope.heading;
    Tally {
        owner: heading.owner,
        path: heading.path,
        envelopes: kept.len() as u64,
        bytes: kept.iter().map(|kept| kept.envelope.size()).sum(),
    }
}

async fn read(letterbox: &dyn Letterbox, owner: OwnerId, after: u64) -> Vec<Envelope> {
    letterbox.read(&owner, after, 1_000, u64::MAX).await.unwrap()
}

#[tokio::test]
async fn a_full_file_still_hands_over_and_forgets_and_then_keeps_again() {
    let folder = tempfile::tempdir().unwrap();
    let letterbox = SqliteLetterbox::open(&folder.path().join("letterbox.sqlite"), 1, RELAY).await.unwrap();
    pair(&letterbox, MALI).await;
    let mut position = Position::START;
    let refused = loop {
        let batch = chain(MALI, LINE, position, 20, 100);
        match letterbox.settle(&batch, &[]).await {
            Ok(_) => position = head(&batch),
            Err(fault) => break fault,
        }
        assert!(position.sequence < 1_000, "the file never fills");
    };
    assert!(matches!(refused, Fault::Full), "{refused:?}");
    let kept = read(&letterbox, MALI, 0).await.len() as u64;
    assert_eq!(kept, position.sequence);
    let forgotten = letterbox.settle(&[], &[Confirmation { owner: MALI, upto: kept }]).await.unwrap();
    assert_eq!(forgotten[0].envelopes, kept);
    let batch = chain(MALI, LINE, position, 20, 100);
    letterbox.settle(&batch, &[]).await.unwrap();
    assert_eq!(read(&letterbox, MALI, 0).await, envelopes(&batch));
}
