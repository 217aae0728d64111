//! Everything together: played platforms, a relay, and a house that can be closed and opened again, under one
//! clock that is wound by hand.

use std::{collections::BTreeMap, time::Duration};

use domain::{
    Author, Autonomy, ChannelId, ConversationId, DeliveryState, Door, Platform, Settings, Timestamp,
};
use pipeline::{Clock, Hand, House};
use secrecy::SecretString;
use store::{ConversationRow, DeliveryRow, DraftRow, KnowledgePiece, views::Spoken};
use testkit::{
    Fakes, HandClock, Ledger, Person, Posted, Postman, SignedWebhook, control::Ports, ledger::Accepted,
};

use crate::{
    house::{Home, TunnelDoor},
    letterbox::Letterbox,
    shop,
    wait::{PATIENCE, look_until},
};

/// The stage of a story.
pub struct Stage {
    pub fakes: Fakes,
    pub relay: Letterbox,
    pub home: Home,
    clock: Clock,
    hand: Hand,
    postman: Postman,
    house: Option<api::House>,
    tunnel: TunnelDoor,
}

/// A channel that is connected, and where its platform delivers.
#[derive(Debug, Clone)]
pub struct Connected {
    pub channel: ChannelId,
    pub platform: Platform,
    /// Empty where the platform is polled.
    pub url: String,
}

impl Connected {
    /// The platform's id of a person.
    pub fn id_of(&self, person: &Person) -> String {
        match self.platform {
            Platform::Line => person.line_id(),
            Platform::Facebook => person.psid(),
            Platform::Telegram => person.telegram_id().to_string(),
            other @ (Platform::Instagram
            | Platform::Whatsapp
            | Platform::Sms
            | Platform::Email
            | Platform::Discord
            | Platform::X
            | Platform::Linkedin
            | Platform::Playground) => panic!("{other} is not played"),
        }
    }
}

impl Stage {
    /// The café, paired with its relay, with no channel yet.
    pub async fn set() -> Self {
        Self::set_with(shop::cafe(), TunnelDoor::Shut).await
    }

    /// The same with the tunnel door open.
    pub async fn set_with_tunnel() -> Self {
        Self::set_with(shop::cafe(), TunnelDoor::Open).await
    }

    pub async fn set_with(knowledge: Vec<KnowledgePiece>, tunnel: TunnelDoor) -> Self {
        let watch = HandClock::new();
        let fakes = Fakes::start(Ports::default(), 1, &watch, &Ledger::new()).await.expect("the fakes");
        let relay = Letterbox::open(&watch).await;
        let (clock, hand) = Clock::by_hand(watch.now());
        let home = Home::new();
        let house = House::open(home.config(clock.clone(), tunnel)).await.expect("a house");
        house.keep_knowledge(knowledge).await.expect("knowledge");
        house.pair(relay.address(), &relay.code().await).await.expect("a pairing");
        let postman = Postman::new().expect("a postman");
        Self { fakes, relay, home, clock, hand, postman, house: Some(house.into()), tunnel }
    }

    /// The flow itself, where it opens, acts and is read.
    pub fn house(&self) -> &House {
        self.api().as_ref()
    }

    /// What a screen asks.
    pub fn api(&self) -> &api::House {
        self.house.as_ref().expect("the house is open")
    }

    pub fn ledger(&self) -> &Ledger {
        &self.fakes.ledger
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The house ends in peace.
    pub async fn close(&mut self) {
        if let Some(house) = self.house.take() {
            assert_eq!(house.stop().await.would_not, Vec::<String>::new(), "every worker ends in time");
        }
    }

    pub async fn open(&mut self) {
        assert!(self.house.is_none(), "the house is open already");
        let config = self.home.config(self.clock.clone(), self.tunnel);
        self.house = Some(House::open(config).await.expect("the house opens again").into());
    }

    /// Time passes, for everybody.
    pub fn wind(&self, span: Duration) {
        self.fakes.clock.advance(span);
        self.hand.advance(span);
    }

    // ---- connecting

    pub async fn line(&self, autonomy: Autonomy) -> Connected {
        let line = self.fakes.line.account();
        let base = self.fakes.line.base_url();
        let settings = [("api_base", base.as_str()), ("content_base", base.as_str())];
        let secrets =
            [("channel_secret", &line.channel_secret), ("channel_access_token", &line.access_token)];
        self.connect(Platform::Line, Door::Relay, &settings, &secrets, autonomy).await
    }

    pub async fn facebook(&self, autonomy: Autonomy) -> Connected {
        self.facebook_by(Door::Relay, autonomy).await
    }

    pub async fn facebook_by(&self, door: Door, autonomy: Autonomy) -> Connected {
        let page = self.fakes.graph.account();
        let base = self.fakes.graph.base_url();
        let settings = [("api_base", base.as_str()), ("human_agent", "true")];
        let secrets = [
            ("app_secret", &page.app_secret),
            ("page_access_token", &page.page_token),
            ("verify_token", &page.verify_token),
            ("page_id", &page.page_id),
        ];
        self.connect(Platform::Facebook, door, &settings, &secrets, autonomy).await
    }

    /// By polling, as most owners of a bot have it.
    pub async fn telegram(&self, autonomy: Autonomy) -> Connected {
        let base = self.fakes.telegram.base_url();
        let bot = self.fakes.telegram.account();
        let settings = [("api_base", base.as_str()), ("username", bot.username.as_str())];
        self.connect(Platform::Telegram, Door::Polling, &settings, &[("bot_token", &bot.token)], autonomy)
            .await
    }

    pub async fn connect(
        &self,
        platform: Platform,
        door: Door,
        settings: &[(&str, &str)],
        secrets: &[(&str, &String)],
        autonomy: Autonomy,
    ) -> Connected {
        let house = self.house();
        let settings =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let secrets: BTreeMap<String, SecretString> = secrets
            .iter()
            .map(|(name, value)| ((*name).to_owned(), SecretString::from((*value).clone())))
            .collect();
        let channel =
            house.add_channel(platform, platform.name(), door, settings, secrets).await.expect("a channel");
        house.set_channel_autonomy(channel, Some(autonomy)).await.expect("autonomy");
        let path = house.webhook_paths().await.expect("the paths");
        let path = path.into_iter().find(|(known, _)| *known == channel).map(|(_, path)| path);
        let url = match (door, path) {
            (Door::Relay, Some(path)) => format!("{}/w/{path}", self.relay.address()),
            (Door::Tunnel, Some(path)) => {
                format!("http://{}/w/{path}", house.tunnel().expect("the tunnel door").address)
            }
            (_, _) => String::new(),
        };
        Connected { channel, platform, url }
    }

    pub async fn set_settings(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = (*self.house().settings()).clone();
        change(&mut settings);
        self.house().set_settings(settings).await.expect("settings");
    }

    // ---- what customers do

    /// Carries a webhook to the channel's door.
    pub async fn post(&self, to: &Connected, hook: &SignedWebhook) -> Posted {
        self.postman.post(&to.url, hook).await.expect("somebody opens the door")
    }

    /// Tries to hand in more than the door takes: none when the door was shut before all of it was through.
    pub async fn try_post(&self, to: &Connected, hook: &SignedWebhook) -> Option<u16> {
        self.postman.post(&to.url, hook).await.ok().map(|posted| posted.status)
    }

    /// Meta asks whether this is our door.
    pub async fn get(&self, to: &Connected, query: &[(&str, &str)]) -> Posted {
        self.postman.get(&to.url, query).await.expect("somebody opens the door")
    }

    /// A person writes; the platform was told 200, or polls later.
    pub async fn says(&self, to: &Connected, person: &Person, text: &str) -> String {
        let hook = match to.platform {
            Platform::Line => self.fakes.line.webhook().text(person, text).signed(),
            Platform::Facebook => self.fakes.graph.webhook().text(person, text).signed(),
            Platform::Telegram => {
                let queued = self.fakes.telegram.updates().text(person, text).queued();
                return queued.first().expect("an update").to_string();
            }
            other @ (Platform::Instagram
            | Platform::Whatsapp
            | Platform::Sms
            | Platform::Email
            | Platform::Discord
            | Platform::X
            | Platform::Linkedin
            | Platform::Playground) => panic!("{other} is not played"),
        };
        assert_eq!(self.post(to, &hook).await.status, 200, "the door takes it");
        hook.message_ids.first().cloned().expect("a message")
    }

    /// A person writes and the house has taken it in: it waits in a turn, or its turn has ended.
    pub async fn hears(&self, to: &Connected, person: &Person, text: &str) -> String {
        let before = self.times_heard(to, person, text).await;
        let message = self.says(to, person, text).await;
        self.until(&format!("{} heard saying {text:?}", person.name), async || {
            (self.times_heard(to, person, text).await > before).then_some(())
        })
        .await;
        message
    }

    /// The house has understood these words and put them into a turn.
    pub async fn heard(&self, to: &Connected, person: &Person, text: &str) {
        self.until(&format!("{} heard saying {text:?}", person.name), async || {
            (self.times_heard(to, person, text).await > 0).then_some(())
        })
        .await;
    }

    async fn times_heard(&self, to: &Connected, person: &Person, text: &str) -> usize {
        let talk = self.talk(to, person).await;
        let same = |spoken: &&Spoken| {
            spoken.author == Author::Customer && spoken.text == text && spoken.turn.is_some()
        };
        talk.iter().filter(same).count()
    }

    /// Six quiet seconds: the turn is decided.
    pub fn pause(&self) {
        self.wind(self.house().settings().burst_gap());
    }

    /// The person writes, pauses, and a reply is promised that waits in its hold.
    pub async fn asks(&self, to: &Connected, person: &Person, text: &str) -> DeliveryRow {
        let before = self.deliveries(to, person).await.len();
        self.hears(to, person, text).await;
        self.pause();
        self.until(&format!("a reply promised to {}", person.name), async || {
            self.deliveries(to, person).await.get(before).cloned()
        })
        .await
    }

    /// The person writes and gets an answer at the platform; the words of it.
    pub async fn is_answered(&self, to: &Connected, person: &Person, text: &str) -> Accepted {
        let before = self.replies(to, person).len();
        self.asks(to, person, text).await;
        self.hold_over();
        let sent = self
            .until(&format!("an answer at the platform to {}", person.name), async || {
                self.replies(to, person).get(before).cloned()
            })
            .await;
        self.settled(to, person).await;
        sent
    }

    pub fn hold_over(&self) {
        self.wind(self.house().settings().hold());
    }

    // ---- looking

    /// What the platform accepted for this person.
    pub fn replies(&self, to: &Connected, person: &Person) -> Vec<Accepted> {
        self.ledger().replies_to(&to.id_of(person))
    }

    pub async fn conversation(&self, to: &Connected, person: &Person) -> Option<ConversationRow> {
        let reader = self.house().read();
        let filter = store::views::InboxFilter { channel: Some(to.channel), ..Default::default() };
        let rows = reader.inbox(self.house().workspace(), &filter, None, 1_000).await.expect("the inbox");
        for row in rows {
            let conversation = reader.conversation(row.conversation).await.expect("a conversation");
            if conversation.thread == to.id_of(person) {
                return Some(conversation);
            }
        }
        None
    }

    pub async fn conversation_id(&self, to: &Connected, person: &Person) -> ConversationId {
        self.conversation(to, person).await.expect("a conversation").id
    }

    pub async fn talk(&self, to: &Connected, person: &Person) -> Vec<Spoken> {
        let Some(conversation) = self.conversation(to, person).await else { return Vec::new() };
        let late = self.now() + Duration::from_secs(10 * 366 * 86_400);
        self.house().read().talk(conversation.id, late, 1_000).await.expect("the talk")
    }

    /// A line per message: who, and what.
    pub async fn transcript(&self, to: &Connected, person: &Person) -> Vec<String> {
        let talk = self.talk(to, person).await;
        talk.iter().map(|spoken| format!("{}: {}", spoken.author.name(), spoken.text)).collect()
    }

    pub async fn deliveries(&self, to: &Connected, person: &Person) -> Vec<DeliveryRow> {
        let Some(conversation) = self.conversation(to, person).await else { return Vec::new() };
        self.house().read().deliveries(conversation.id).await.expect("deliveries")
    }

    pub async fn draft(&self, to: &Connected, person: &Person) -> Option<DraftRow> {
        let conversation = self.conversation(to, person).await?.id;
        let drafts = self.house().read().waiting_drafts(self.house().workspace()).await.expect("drafts");
        drafts.into_iter().find(|draft| draft.conversation == conversation)
    }

    /// The rule of the open escalation of this person's conversation.
    pub async fn escalation(&self, to: &Connected, person: &Person) -> Option<domain::EscalationRule> {
        let conversation = self.conversation(to, person).await?.id;
        let open = self.house().read().open_escalations(self.house().workspace()).await.expect("escalations");
        open.into_iter().find(|one| one.conversation == conversation).map(|one| one.rule)
    }

    // ---- waiting

    /// Waits for something that is committed, or happens at a platform; panics naming it when it never comes.
    pub async fn until<T>(&self, what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
        let house = self.house();
        match look_until(Some(house.changes()), PATIENCE, look).await {
            Some(found) => found,
            None => {
                let drafts = house.read().waiting_drafts(house.workspace()).await.unwrap_or_default();
                let drafts: Vec<String> = drafts
                    .iter()
                    .map(|draft| format!("{:?} {} {}", draft.kind, draft.confidence, draft.words.as_str()))
                    .collect();
                panic!(
                    "waited in vain for {what}\ntroubles: {:?}\noutbox: {:?}\nescalations: {:?}\ndrafts: {drafts:#?}\n{}",
                    house.troubles(),
                    house.read().outbox_counts().await,
                    house.read().open_escalations(house.workspace()).await,
                    self.ledger().transcript()
                )
            }
        }
    }

    pub async fn until_draft(&self, to: &Connected, person: &Person) -> DraftRow {
        self.until(&format!("a draft for {}", person.name), async || self.draft(to, person).await).await
    }

    pub async fn until_escalated(&self, to: &Connected, person: &Person) -> domain::EscalationRule {
        self.until(&format!("an escalation of {}", person.name), async || self.escalation(to, person).await)
            .await
    }

    /// Until the newest delivery to this person stands so.
    pub async fn until_delivery(&self, to: &Connected, person: &Person, state: DeliveryState) -> DeliveryRow {
        self.until(&format!("the delivery to {} being {}", person.name, state.name()), async || {
            self.deliveries(to, person).await.last().filter(|one| one.state == state).cloned()
        })
        .await
    }

    /// Until nothing promised to this person is still on its way.
    pub async fn settled(&self, to: &Connected, person: &Person) {
        self.until(&format!("the outbox of {} being empty", person.name), async || {
            let deliveries = self.deliveries(to, person).await;
            let open = |one: &DeliveryRow| {
                matches!(one.state, DeliveryState::Waiting | DeliveryState::Sending | DeliveryState::Unsure)
            };
            (!deliveries.iter().any(open)).then_some(())
        })
        .await;
    }

    /// Until no envelope waits, no message is to be understood, and every turn has ended: whatever was to be decided
    /// is decided.
    pub async fn decided(&self) {
        self.until("everything being decided", async || {
            let reader = self.house().read();
            let arrived = reader.envelope_counts().await.expect("envelopes").0 == 0
                && reader.to_understand(0, 1).await.expect("messages").is_empty();
            (arrived && self.no_turn_is_open().await).then_some(())
        })
        .await;
    }

    async fn no_turn_is_open(&self) -> bool {
        let reader = self.house().read();
        let late = self.now() + Duration::from_secs(10 * 366 * 86_400);
        let rows = reader.inbox(self.house().workspace(), &Default::default(), None, 1_000).await;
        for row in rows.expect("the inbox") {
            for spoken in reader.talk(row.conversation, late, 1_000).await.expect("the talk") {
                let Some(turn) = spoken.turn else { continue };
                if reader.fate(turn).await.expect("a fate").closed_at.is_none() {
                    return false;
                }
            }
        }
        true
    }

    /// Until the relay holds nothing any more: all of it is committed here.
    pub async fn all_confirmed(&self) {
        self.until("the relay having been told that all is kept", async || {
            (self.relay.kept().await == 0).then_some(())
        })
        .await;
    }
}
