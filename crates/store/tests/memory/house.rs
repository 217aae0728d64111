//! A house with one shop on LINE, what happens in it told in one line each, and a look into the file itself.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use domain::{
    AnswerAs, AnswerKind, Author, ChannelId, ConversationId, DraftId, Event, EventKind, Incoming, Intent,
    IntentGuess, MessageId, Part, Peer, Platform, ReplyId, SentimentLevel, Settings, Thread, ThreadKind,
    Timestamp, TurnId, Understanding, WorkspaceId,
};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteRow},
};
use store::{
    DatabaseKey, DueTurn, Durability, NewChannel, NewDraft, NewMessage, NewReply, Purpose, SendResult, Store,
    StoreError, Understood,
};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const KEY: [u8; 32] = [0x5a; 32];

/// Noon in Bangkok on 20 November 2026, and so many seconds.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_795_150_800 + seconds)
}

/// Later than anything in these stories.
pub(crate) fn the_end() -> Timestamp {
    at(100_000_000)
}

pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) workspace: WorkspaceId,
    pub(crate) channel: ChannelId,
    pub(crate) folder: TempDir,
}

pub(crate) async fn open(path: &Path) -> Result<Store, StoreError> {
    Store::open(path, &DatabaseKey::new(KEY), Durability::Full).await
}

/// A connection of its own to the encrypted file, for looking at what the store does not tell.
pub(crate) async fn look_into(path: &Path) -> SqliteConnection {
    let hex: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();
    SqliteConnectOptions::new()
        .filename(path)
        .pragma("key", format!("\"x'{hex}'\""))
        .pragma("wal_autocheckpoint", "0")
        .busy_timeout(Duration::from_secs(5))
        .connect()
        .await
        .unwrap()
}

/// What a query of the file itself gives. The connection ends before the process may.
pub(crate) async fn rows(path: &Path, sql: &str) -> Vec<SqliteRow> {
    let mut connection = look_into(path).await;
    let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    rows
}

/// Changes the file behind the store's back.
pub(crate) async fn meddle(path: &Path, sql: &str) -> Result<(), sqlx::Error> {
    let mut connection = look_into(path).await;
    let result = sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await;
    connection.close().await.unwrap();
    result.map(drop)
}

pub(crate) async fn number(path: &Path, sql: &str) -> i64 {
    rows(path, sql).await[0].get(0)
}

pub(crate) async fn text(path: &Path, sql: &str) -> String {
    rows(path, sql).await[0].get(0)
}

/// The file is sound, and the search index says what the messages say.
pub(crate) async fn assert_sound(path: &Path) {
    assert_eq!(text(path, "PRAGMA integrity_check").await, "ok");
    let check = "INSERT INTO message_fts (message_fts, rank) VALUES ('integrity-check', 1)";
    meddle(path, check).await.expect("the search index has drifted from the messages");
}

pub(crate) fn line_channel(workspace: WorkspaceId, name: &str) -> NewChannel {
    NewChannel {
        workspace,
        platform: Platform::Line,
        name: name.to_owned(),
        account: None,
        door: domain::Door::Relay,
        path: None,
        settings: std::collections::BTreeMap::new(),
        autonomy: None,
    }
}

pub(crate) fn meaning(intent: Intent, level: SentimentLevel) -> Understanding {
    let mut meaning = Understanding::of_nothing();
    meaning.intents = vec![IntentGuess { name: intent, confidence: 0.9 }];
    meaning.sentiment.label = level;
    meaning.sentiment.score = level.score();
    meaning
}

pub(crate) fn event(key: &str, when: Timestamp, words: &str) -> Event {
    Event {
        key: key.to_owned(),
        at: when,
        account: None,
        thread: None,
        what: EventKind::Message(Incoming::new(key, vec![Part::text(words)])),
    }
}

impl House {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::in_folder(folder).await
    }

    pub(crate) async fn in_folder(folder: TempDir) -> Self {
        let store = open(&folder.path().join("sala.db")).await.unwrap();
        let (workspace, channel) = store
            .write(async |tx| {
                let workspace = tx.ensure_workspace("บ้านผ้ามาลี", at(0)).await?;
                let channel = tx.add_channel(&line_channel(workspace, "LINE ของร้าน"), at(0)).await?;
                Ok((workspace, channel))
            })
            .await
            .unwrap();
        Self { store, workspace, channel, folder }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.store.path().to_owned()
    }

    pub(crate) async fn number(&self, sql: &str) -> i64 {
        number(&self.path(), sql).await
    }

    /// A customer's words arrive, once per platform id.
    pub(crate) async fn hears(
        &self,
        who: &str,
        remote: &str,
        words: &str,
        when: Timestamp,
    ) -> (ConversationId, Option<MessageId>) {
        let (workspace, channel) = (self.workspace, self.channel);
        let (who, remote, words) = (who.to_owned(), remote.to_owned(), words.to_owned());
        self.store
            .write(async move |tx| {
                let peer = Peer { id: who.clone(), name: Some(who.as_str().into()), ..Peer::default() };
                let customer = tx.customer_behind(workspace, channel, &peer, when).await?;
                let thread = Thread { key: who, kind: ThreadKind::Direct, peer: None };
                let talk = tx.conversation_of(workspace, channel, &thread, customer, when).await?;
                let new = NewMessage {
                    workspace,
                    channel,
                    conversation: talk,
                    author: Author::Customer,
                    remote: Some(remote),
                    parts: vec![Part::text(words)],
                    reply_to: None,
                    delivery: None,
                    said_at: when,
                    arrived_at: when,
                    addressed: true,
                    from_history: false,
                };
                let message = tx.add_message(&new).await?;
                if message.is_some() {
                    tx.heard(talk, when, None, None).await?;
                }
                Ok((talk, message))
            })
            .await
            .unwrap()
    }

    pub(crate) async fn understands(
        &self,
        talk: ConversationId,
        message: MessageId,
        when: Timestamp,
        meaning: Understanding,
    ) -> bool {
        let channel = self.channel;
        self.store
            .write(async move |tx| {
                tx.understood(&Understood {
                    message,
                    channel,
                    conversation: talk,
                    said_at: when,
                    meaning,
                    priority: 50,
                    lead: 10,
                })
                .await
            })
            .await
            .unwrap()
    }

    pub(crate) async fn gathers(
        &self,
        talk: ConversationId,
        message: MessageId,
        priority: u8,
        when: Timestamp,
    ) -> TurnId {
        let workspace = self.workspace;
        self.store
            .write(async move |tx| {
                let settings = Settings::default();
                tx.gather(workspace, talk, message, when, None, priority, &settings, when).await
            })
            .await
            .unwrap()
    }

    /// Words heard, understood as a question, and gathered into a turn.
    pub(crate) async fn asks(
        &self,
        who: &str,
        remote: &str,
        words: &str,
        when: Timestamp,
    ) -> (ConversationId, TurnId) {
        let (talk, message) = self.hears(who, remote, words, when).await;
        let message = message.expect("a new message");
        let question = meaning(Intent::Question, SentimentLevel::Neutral);
        assert!(self.understands(talk, message, when, question).await);
        (talk, self.gathers(talk, message, 50, when).await)
    }

    /// The turn as whoever decides or answers it sees it.
    pub(crate) async fn due(&self, turn: TurnId) -> Option<DueTurn> {
        let read = self.store.read();
        let mut all = read.turns_to_decide(the_end(), 1_000).await.unwrap();
        all.extend(read.turns_to_answer(the_end(), 1_000).await.unwrap());
        all.into_iter().find(|due| due.turn == turn)
    }

    /// Decided and taken into work; its revision.
    pub(crate) async fn starts_writing(&self, turn: TurnId, when: Timestamp) -> i64 {
        let revision = self.due(turn).await.expect("an open turn").revision;
        self.store
            .write(async move |tx| {
                tx.turn_ready(turn, revision, AnswerAs::Reply, when).await?;
                tx.claim_turn(turn, revision).await
            })
            .await
            .unwrap();
        revision
    }

    pub(crate) fn reply(
        &self,
        talk: ConversationId,
        turn: Option<TurnId>,
        author: Author,
        calls: &[&str],
        due_at: Timestamp,
    ) -> NewReply {
        NewReply {
            workspace: self.workspace,
            channel: self.channel,
            conversation: talk,
            turn,
            draft: None,
            run: None,
            author,
            purpose: Purpose::Answer,
            words: calls.concat(),
            calls: calls.iter().map(|call| (*call).to_owned()).collect(),
            due_at,
        }
    }

    pub(crate) async fn promises(&self, reply: NewReply, when: Timestamp) -> ReplyId {
        self.store.write(async move |tx| tx.promise(&reply, when).await).await.unwrap()
    }

    /// The turn is written for, ended, and the words stand in the outbox.
    pub(crate) async fn answers(
        &self,
        talk: ConversationId,
        turn: TurnId,
        calls: &[&str],
        when: Timestamp,
    ) -> ReplyId {
        let revision = self.starts_writing(turn, when).await;
        let reply = self.reply(talk, Some(turn), Author::Assistant, calls, when);
        self.store
            .write(async move |tx| {
                tx.end_answered(turn, revision, when).await?;
                tx.promise(&reply, when).await
            })
            .await
            .unwrap()
    }

    pub(crate) async fn drafts(
        &self,
        talk: ConversationId,
        turn: TurnId,
        words: &str,
        when: Timestamp,
    ) -> DraftId {
        let revision = self.starts_writing(turn, when).await;
        let draft = NewDraft {
            workspace: self.workspace,
            conversation: talk,
            turn,
            run: None,
            kind: AnswerKind::Answer,
            words: words.into(),
            confidence: 0.7,
            window_until: None,
        };
        self.store
            .write(async move |tx| {
                tx.end_answered(turn, revision, when).await?;
                tx.add_draft(&draft, when).await
            })
            .await
            .unwrap()
    }

    /// The deliveries that may go now.
    pub(crate) async fn heads(&self, now: Timestamp) -> Vec<Uuid> {
        let heads = self.store.read().lane_heads(now, 100).await.unwrap();
        heads.into_iter().map(|(delivery, _, _)| delivery).collect()
    }

    pub(crate) async fn freezes(&self, delivery: Uuid, when: Timestamp) {
        self.store.write(async move |tx| tx.freeze(delivery, "{}", when).await).await.unwrap();
    }

    pub(crate) async fn settles(&self, delivery: Uuid, result: SendResult) {
        self.store.write(async move |tx| tx.settle_send(delivery, &result).await).await.unwrap();
    }

    /// What is said in the talk, `author: words` a line.
    pub(crate) async fn transcript(&self, talk: ConversationId) -> Vec<String> {
        let talk = self.store.read().talk(talk, the_end(), 100).await.unwrap();
        talk.iter().map(|said| format!("{}: {}", said.author.name(), said.text)).collect()
    }
}

pub(crate) fn sent(remotes: &[&str], words: &[&str], when: Timestamp) -> SendResult {
    SendResult::Sent {
        remotes: remotes.iter().map(|remote| (*remote).to_owned()).collect(),
        way: "push".to_owned(),
        parts: words.iter().map(|words| Part::text(*words)).collect(),
        at: when,
    }
}
