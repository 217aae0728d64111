//! The kill harness: a house, a relay and played platforms as processes, customers who keep writing, and a hand
//! that shoots; afterwards every acknowledged message is looked for.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::{Author, DeliveryState, StuckReason, TurnState};
use pipeline::{Clock, House};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use relay::Letterbox;
use serde_json::{Value, json};
use store::{DeliveryRow, Durability};
use testkit::Ledger;
use tokio::{sync::Semaphore, task::JoinHandle, time::Instant};

use crate::{
    fakes::FarFakes,
    house::{TunnelDoor, config_in},
    processes::{Process, binary, free_port},
    shop::{ASKS_CROISSANT, ASKS_LATTE},
    wait::look_until,
};

/// Where everything of one run lies.
pub struct Scene {
    pub fakes: Arc<FarFakes>,
    ledger: PathBuf,
    pub relay_data: PathBuf,
    relay_port: u16,
    relay: Option<Process>,
    home: PathBuf,
    durability: &'static str,
    house: Option<Process>,
    /// Where the platforms deliver.
    doors: Value,
    /// Start to `serving`, one for every start of the house.
    pub starts: Vec<Duration>,
}

/// A message whose webhook was answered with 200: (platform, person, words).
pub type Acknowledged = BTreeSet<(String, String, String)>;

/// What was found at the end.
#[derive(Debug, Default)]
pub struct Found {
    pub acknowledged: usize,
    /// Acknowledged and not in the database.
    pub lost: Vec<(String, String, String)>,
    /// In the database and neither answered nor decided otherwise.
    pub undecided: Vec<String>,
    /// Taken by a platform more than once.
    pub doubles: usize,
    pub answered: usize,
    /// Nobody can tell whether these arrived; the owner decides.
    pub parked: BTreeMap<&'static str, usize>,
    /// Why the database is not sound; none: it is.
    pub unsound: Option<String>,
}

impl Scene {
    /// Platforms, relay and a house that is set up and stopped. `home`: on the disk that may lose its power.
    pub fn set(folder: &Path, home: &Path) -> Self {
        let ledger = folder.join("ledger.jsonl");
        let fakes = FarFakes::start(&ledger);
        let mut scene = Self {
            ledger,
            relay_data: folder.join("relay"),
            relay_port: free_port(),
            relay: None,
            home: home.to_owned(),
            durability: "full",
            house: None,
            doors: Value::Null,
            starts: Vec::new(),
            fakes: Arc::new(fakes),
        };
        let said = scene.start_relay();
        let code =
            said.and_then(|line| Some(line.strip_prefix("pairing code ")?.split(' ').next()?.to_owned()));
        let mut command = Command::new(binary("journeys", "crash-house"));
        command.arg("set-up").arg("--home").arg(home);
        command.args(["--relay", &scene.relay_address(), "--code", &code.expect("a pairing code")]);
        command.args(["--fakes", &scene.fakes.introduction.to_string()]);
        let mut setting_up = Process::start(command);
        scene.doors = serde_json::from_str(&setting_up.line()).expect("the doors");
        assert!(setting_up.wait(), "the house is set up");
        scene
    }

    pub fn relay_address(&self) -> String {
        format!("http://127.0.0.1:{}", self.relay_port)
    }

    fn door(&self, platform: &str) -> String {
        self.doors.get(platform).and_then(Value::as_str).expect("a door").to_owned()
    }

    /// Echoes of what Messenger takes come back through the relay, as in life.
    pub async fn echo(&self) {
        let order = json!({ "do": "echo", "url": self.door("facebook"), "timing": "after_response" });
        self.fakes.order(&order).await.expect("echoes");
    }

    /// The second line of a relay that has no owner yet: its pairing code.
    pub fn start_relay(&mut self) -> Option<String> {
        let mut command = Command::new(binary("relay", "sala-relay"));
        command.arg("--data").arg(&self.relay_data);
        command.args(["--listen", &format!("127.0.0.1:{}", self.relay_port)]);
        command.args(["--source-per-minute", "0", "--log", "error"]);
        let mut relay = Process::start(command);
        relay.line();
        let code = self.doors.is_null().then(|| relay.line());
        self.relay = Some(relay);
        code
    }

    /// How the next starts commit: `full` or `off`.
    pub fn commit(&mut self, durability: &'static str) {
        self.durability = durability;
    }

    pub fn start_house(&mut self) {
        let mut command = Command::new(binary("journeys", "crash-house"));
        command.arg("run").arg("--home").arg(&self.home).args(["--durability", self.durability]);
        let started = Instant::now();
        let mut house = Process::start(command);
        assert_eq!(house.line(), "serving");
        self.starts.push(started.elapsed());
        self.house = Some(house);
    }

    pub fn kill_house(&mut self) {
        self.house.take().expect("a house to kill").kill();
    }

    pub fn kill_relay(&mut self) {
        self.relay.take().expect("a relay to kill").kill();
    }

    /// Customers write as they are given turns, each of them up to two times, until they are told to stop.
    pub fn customers(&self, first: u64) -> Customers {
        let customers = Customers {
            acknowledged: Arc::default(),
            stop: Arc::default(),
            turns: Arc::new(Semaphore::new(0)),
            writing: Vec::new(),
        };
        let doors = [("line", self.door("line")), ("facebook", self.door("facebook"))];
        let writing = (0..2_u64)
            .map(|lane| {
                let (fakes, doors) = (self.fakes.clone(), doors.clone());
                let (acknowledged, stop) = (customers.acknowledged.clone(), customers.stop.clone());
                let turns = customers.turns.clone();
                tokio::spawn(async move {
                    let mut nth = first + lane;
                    while !stop.load(Ordering::Relaxed) {
                        let [line, facebook] = &doors;
                        let (platform, url) = if (nth / 2).is_multiple_of(2) { line } else { facebook };
                        let person = format!("guest {nth}");
                        let words = [ASKS_LATTE, ASKS_CROISSANT];
                        for words in words.iter().take(if nth.is_multiple_of(5) { 2 } else { 1 }) {
                            let Ok(turn) = turns.acquire().await else { return };
                            turn.forget();
                            if fakes.writes(platform, &person, words, url).await {
                                let told = ((*platform).to_owned(), person.clone(), (*words).to_owned());
                                acknowledged.lock().unwrap_or_else(PoisonError::into_inner).insert(told);
                            }
                        }
                        nth += 2;
                    }
                })
            })
            .collect();
        Customers { writing, ..customers }
    }

    /// What the platforms took, so far.
    pub fn ledger(&self) -> Ledger {
        self.fakes.ledger(&self.ledger)
    }

    /// The house is opened once more, its clock is wound until nothing is open, and everything is counted.
    pub async fn reckon(&mut self, acknowledged: &Acknowledged) -> Found {
        if let Some(mut house) = self.house.take() {
            house.kill();
        }
        reckon_in(&self.home, &self.relay_data, &self.ledger(), acknowledged).await
    }
}

/// Customers at work.
pub struct Customers {
    acknowledged: Arc<Mutex<Acknowledged>>,
    stop: Arc<AtomicBool>,
    /// So many more messages may be written: faster than they can be answered, and the end would never come.
    turns: Arc<Semaphore>,
    writing: Vec<JoinHandle<()>>,
}

impl Customers {
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Twice so many messages may be written; waits until so many of them have been acknowledged.
    pub async fn more(&self, count: usize) {
        let wanted = self.acknowledged() + count;
        self.turns.add_permits(count * 2);
        look_until(None, Duration::from_secs(60), async || (self.acknowledged() >= wanted).then_some(()))
            .await
            .expect("webhooks are being acknowledged");
    }

    /// Everything that was acknowledged.
    pub async fn stop(self) -> Acknowledged {
        self.stop.store(true, Ordering::Relaxed);
        self.turns.close();
        for writing in self.writing {
            writing.await.expect("customers end in peace");
        }
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Random shots: the house mostly, the relay now and then, sometimes both.
pub async fn shoot(scene: &mut Scene, customers: &Customers, kills: u64, seed: u64) {
    let mut chance = StdRng::seed_from_u64(seed);
    for _ in 0..kills {
        customers.more(chance.random_range(1..5)).await;
        tokio::time::sleep(Duration::from_millis(chance.random_range(0..120))).await;
        let aim = chance.random_range(0..10);
        if aim >= 7 {
            scene.kill_relay();
        }
        if aim < 7 || aim == 9 {
            scene.kill_house();
        }
        // Down for a moment, so that the other side meets a closed door.
        tokio::time::sleep(Duration::from_millis(chance.random_range(0..60))).await;
        if aim >= 7 {
            scene.start_relay();
        }
        if aim < 7 || aim == 9 {
            scene.start_house();
        }
    }
}

/// Opens the house in `home` with a clock that is wound, lets it finish, and looks everything up.
pub async fn reckon_in(
    home: &Path,
    relay_data: &Path,
    ledger: &Ledger,
    acknowledged: &Acknowledged,
) -> Found {
    let mut found = Found { acknowledged: acknowledged.len(), ..Found::default() };
    let (clock, hand) = Clock::by_hand(Clock::machine().now());
    let house = match House::open(config_in(home, clock, Durability::Full, TunnelDoor::Shut)).await {
        Ok(house) => house,
        Err(error) => {
            found.unsound = Some(error.to_string());
            found.lost = acknowledged.iter().cloned().collect();
            return found;
        }
    };
    // First everything is fetched and decided, at the pace of life; then time flies for what waits for evidence.
    let letterbox = relay_at(relay_data).await;
    let rest = look_until(Some(house.changes()), Duration::from_secs(300), async || {
        let decided = decided(&house).await && kept(letterbox.as_ref()).await == 0;
        hand.advance(if decided { Duration::from_secs(5) } else { Duration::from_millis(100) });
        (decided && at_rest(&house).await).then_some(())
    })
    .await;
    if rest.is_none() {
        let open = house.read().outbox_counts().await;
        found.undecided.push(format!("the house found no rest: {open:?}, {:?}", house.troubles()));
    }
    look_up(&house, acknowledged, &mut found).await;
    found.unsound = integrity(&house).await;
    house.stop().await;
    found.doubles = ledger.double_sends().len();
    found
}

/// What came in is decided.
async fn decided(house: &House) -> bool {
    let reader = house.read();
    let (waiting, _) = reader.envelope_counts().await.expect("envelopes");
    let messages = reader.to_understand(0, 1).await.expect("messages");
    let gathering = reader.next_turn_due(TurnState::Gathering).await.expect("turns");
    let ready = reader.next_turn_due(TurnState::Ready).await.expect("turns");
    waiting == 0 && messages.is_empty() && gathering.is_none() && ready.is_none()
}

/// What was promised has left, or waits for the owner.
async fn at_rest(house: &House) -> bool {
    let outbox = house.read().outbox_counts().await.expect("the outbox");
    !outbox.iter().any(|(state, _)| state == "waiting" || state == "sending" || state == "unsure")
}

async fn relay_at(data: &Path) -> Box<dyn Letterbox> {
    Box::new(relay::visit_letterbox(data).await.expect("the relay's letterbox"))
}

/// Envelopes that are not confirmed yet.
async fn kept(letterbox: &dyn Letterbox) -> u64 {
    let tallies = letterbox.tallies().await.expect("the tallies");
    tallies.iter().map(|tally| tally.envelopes).sum()
}

async fn look_up(house: &House, acknowledged: &Acknowledged, found: &mut Found) {
    let reader = house.read();
    let late = house.clock().now() + Duration::from_secs(366 * 86_400);
    let rows =
        reader.inbox(house.workspace(), &Default::default(), None, 1_000_000).await.expect("the inbox");
    let mut kept = Acknowledged::new();
    for row in rows {
        let conversation = reader.conversation(row.conversation).await.expect("a conversation");
        let talk = reader.talk(row.conversation, late, 1_000).await.expect("the talk");
        let deliveries = reader.deliveries(row.conversation).await.expect("deliveries");
        let said: Vec<_> = talk.iter().filter(|spoken| spoken.author == Author::Customer).collect();
        for spoken in &said {
            kept.insert((row.platform.name().to_owned(), conversation.thread.clone(), spoken.text.clone()));
        }
        let origins = reader.reply_origins(row.conversation).await.expect("origins");
        for spoken in &said {
            let Some(turn) = spoken.turn else {
                found.undecided.push(format!("a message of {} in no turn", row.conversation));
                continue;
            };
            let fate = reader.fate(turn).await.expect("a fate");
            let replies: Vec<_> = origins
                .iter()
                .filter(|origin| origin.turn == Some(turn))
                .map(|origin| origin.reply)
                .collect();
            let left = deliveries.iter().any(|one| replies.contains(&one.reply) && ended_well(one));
            // Everything asked here can be answered: words without an answer are words forgotten.
            if (fate.closed_at.is_none() || !left) && found.undecided.len() < 20 {
                found.undecided.push(format!("turn {turn}: {:?}, {} replies", fate.state, replies.len()));
            }
        }
        found.answered += deliveries.iter().filter(|one| one.state == DeliveryState::Sent).count();
        let parked = deliveries.iter().filter(|one| one.state == DeliveryState::Stuck).count();
        if parked > 0 {
            *found.parked.entry(row.platform.name()).or_default() += parked;
        }
    }
    found.lost = acknowledged
        .iter()
        .filter(|(platform, person, words)| {
            let person = testkit::Person::named(person).expect("a guest");
            let id = if platform == "line" { person.line_id() } else { person.psid() };
            !kept.contains(&(platform.clone(), id, words.clone()))
        })
        .cloned()
        .collect();
}

/// It arrived, or nobody can tell and the owner was asked.
fn ended_well(delivery: &DeliveryRow) -> bool {
    delivery.state == DeliveryState::Sent
        || (delivery.state == DeliveryState::Stuck && delivery.reason == Some(StuckReason::Undecidable))
}

/// `PRAGMA integrity_check`, by way of the store.
async fn integrity(house: &House) -> Option<String> {
    house.read().check_soundness().await.err().map(|error| error.to_string())
}

/// The middle and the worst, for the report.
pub fn figures(starts: &[Duration]) -> String {
    let mut sorted = starts.to_vec();
    sorted.sort();
    let at = |share: usize| {
        sorted.get((sorted.len().saturating_sub(1)) * share / 100).copied().unwrap_or_default()
    };
    let slow = sorted.iter().filter(|span| **span > Duration::from_secs(1)).count();
    format!(
        "{} starts: p50 {:?}, p99 {:?}, max {:?}, over one second {slow}",
        sorted.len(),
        at(50),
        at(99),
        at(100)
    )
}
