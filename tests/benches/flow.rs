//! The way of a message, from the envelope to the platform.

use std::{
    collections::BTreeMap,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use pipeline::{Clock, House};

use crate::{
    Sizes, Spread, instant,
    stage::{Asked, Stage},
};

/// Messages a second while latency is measured.
const STEADY: u32 = 50;

/// Doors that hand in at the same time.
const HANDS: usize = 64;

pub(crate) struct Figures {
    pub(crate) steady: Spread,
    pub(crate) rush_per_second: f64,
    /// Of what waited: verified, read and kept as messages.
    pub(crate) taken_per_second: f64,
    /// Of what waited: answered.
    pub(crate) answered_per_second: f64,
    sizes: Sizes,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {STEADY}/s, {} messages              {}", self.sizes.steady, self.steady)?;
        writeln!(
            f,
            "  a rush of {} customers          {:.0} messages/s",
            self.sizes.rush, self.rush_per_second
        )?;
        write!(
            f,
            "  {} envelopes waiting           taken in {:.0}/s, answered {:.0}/s",
            self.sizes.waiting, self.taken_per_second, self.answered_per_second
        )
    }
}

pub(crate) async fn measure(stage: &mut Stage, sizes: Sizes) -> anyhow::Result<Figures> {
    let house = stage.open().await?;
    // What is made at the first use (connections, statements) is no one's latency.
    rush(stage, &house, 100).await?;
    let steady = steady(stage, &house, sizes.steady).await?;
    let rush_per_second = rush(stage, &house, sizes.rush).await?;
    house.stop().await;
    let (taken_per_second, answered_per_second) = drain(stage, sizes.waiting).await?;
    Ok(Figures { steady, rush_per_second, taken_per_second, answered_per_second, sizes })
}

/// From the moment a message should have come (a late hand-in counts as latency) to LINE's taking over.
async fn steady(stage: &mut Stage, house: &House, messages: u32) -> anyhow::Result<Spread> {
    let clock = Clock::machine();
    let before = stage.ledger.accepted_count();
    let crowd = stage.crowd(messages);
    let mut came: BTreeMap<String, i64> = BTreeMap::new();
    let mut beat = tokio::time::interval(Duration::from_secs(1) / STEADY);
    let begun = clock.now().millis();
    let channel = stage.channel();
    for (nth, asked) in (0_i64..).zip(&crowd) {
        beat.tick().await;
        came.insert(asked.by.clone(), begun + nth * 1_000 / i64::from(STEADY));
        house.hand_in(channel, &asked.hook(&clock)).await?;
    }
    stage.until_answered(before + crowd.len()).await?;
    let took = stage
        .ledger
        .accepted()
        .into_iter()
        .filter_map(|accepted| Some(accepted.at_ms - came.remove(&accepted.to)?))
        .map(|millis| Duration::from_millis(millis.max(0).unsigned_abs()))
        .collect();
    Spread::of(took)
}

/// As fast as they go.
async fn rush(stage: &mut Stage, house: &House, messages: u32) -> anyhow::Result<f64> {
    let before = stage.ledger.accepted_count();
    let crowd = stage.crowd(messages);
    let begun = instant();
    hand_in(stage, house, &crowd).await?;
    stage.until_answered(before + crowd.len()).await?;
    Ok(f64::from(messages) / begun.elapsed().as_secs_f64())
}

async fn hand_in(stage: &Stage, house: &House, crowd: &[Asked]) -> anyhow::Result<()> {
    let clock = Clock::machine();
    let channel = stage.channel();
    stream::iter(crowd)
        .map(Ok)
        .try_for_each_concurrent(HANDS, async |asked| house.hand_in(channel, &asked.hook(&clock)).await)
        .await
        .context("a message could not be handed in")
}

/// What came while no room was at work, from the opening of the house on.
async fn drain(stage: &mut Stage, messages: u32) -> anyhow::Result<(f64, f64)> {
    let before = stage.ledger.accepted_count();
    let crowd = stage.crowd(messages);
    let quiet = stage.open_quietly().await?;
    hand_in(stage, &quiet, &crowd).await?;
    quiet.stop().await;
    let begun = instant();
    let house = Arc::new(stage.open().await?);
    let taken = tokio::spawn(taken_in(house.clone(), begun));
    stage.until_answered(before + crowd.len()).await?;
    let answered = begun.elapsed();
    let taken = taken.await??;
    if let Some(house) = Arc::into_inner(house) {
        house.stop().await;
    }
    let rate = |span: Duration| f64::from(messages) / span.as_secs_f64();
    Ok((rate(taken), rate(answered)))
}

/// Until no envelope waits.
async fn taken_in(house: Arc<House>, begun: Instant) -> anyhow::Result<Duration> {
    while !house.read().waiting_envelopes(0, 1).await?.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(begun.elapsed())
}
