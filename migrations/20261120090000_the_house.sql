-- The first schema: everything from a customer's message to an answer.
--
-- Ids are UUIDv7 text; times are UTC milliseconds; states are the names of the domain's enums.
-- Columns in JSON hold one value of the domain as serde writes it, read whole and never searched in.

-- Settings and other single values.
CREATE TABLE setting (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE workspace (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    -- IANA name; days of the figures are counted in it.
    timezone   TEXT    NOT NULL,
    settings   TEXT    NOT NULL,
    -- What is true of the shop as a whole (JSON of ShopFacts).
    facts      TEXT    NOT NULL,
    -- Grows by one with every change of facts, articles, prices or quick replies.
    knowledge_version INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE personality (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL REFERENCES workspace (id),
    name         TEXT    NOT NULL,
    version      INTEGER NOT NULL,
    body         TEXT    NOT NULL,
    is_default   INTEGER NOT NULL DEFAULT 0,
    updated_at   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX personality_default ON personality (workspace_id) WHERE is_default = 1;

-- Every version ever saved, for restoring and for receipts.
CREATE TABLE personality_version (
    personality_id TEXT    NOT NULL REFERENCES personality (id),
    version        INTEGER NOT NULL,
    body           TEXT    NOT NULL,
    saved_at       INTEGER NOT NULL,
    PRIMARY KEY (personality_id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE channel (
    id             TEXT    NOT NULL PRIMARY KEY,
    workspace_id   TEXT    NOT NULL REFERENCES workspace (id),
    platform       TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    account        TEXT,
    door           TEXT    NOT NULL,
    -- The random path of this channel at the relay or the tunnel door.
    path           TEXT    UNIQUE,
    settings       TEXT    NOT NULL,
    health         TEXT    NOT NULL,
    autonomy       TEXT,
    personality_id TEXT    REFERENCES personality (id),
    -- Where polling goes on.
    cursor         TEXT,
    last_event_at  INTEGER,
    refused        INTEGER NOT NULL DEFAULT 0,
    created_at     INTEGER NOT NULL,
    removed_at     INTEGER
) STRICT;

CREATE TABLE customer (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL REFERENCES workspace (id),
    name         TEXT,
    language     TEXT,
    picture      TEXT,
    notes        TEXT    NOT NULL DEFAULT '',
    autonomy     TEXT,
    lead_stage   TEXT    NOT NULL DEFAULT 'new',
    satisfaction REAL,
    created_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE handle (
    id          TEXT    NOT NULL PRIMARY KEY,
    customer_id TEXT    NOT NULL REFERENCES customer (id),
    channel_id  TEXT    NOT NULL REFERENCES channel (id),
    -- The platform's id of the person.
    peer        TEXT    NOT NULL,
    blocked_at  INTEGER,
    -- When the platform was asked for the person's name and picture.
    asked_at    INTEGER,
    created_at  INTEGER NOT NULL,
    UNIQUE (channel_id, peer)
) STRICT;
CREATE INDEX handle_unasked ON handle (created_at) WHERE asked_at IS NULL;
CREATE INDEX handle_customer ON handle (customer_id);

CREATE TABLE conversation (
    id            TEXT    NOT NULL PRIMARY KEY,
    workspace_id  TEXT    NOT NULL REFERENCES workspace (id),
    channel_id    TEXT    NOT NULL REFERENCES channel (id),
    customer_id   TEXT    NOT NULL REFERENCES customer (id),
    kind          TEXT    NOT NULL,
    -- The platform's key of the talk.
    thread        TEXT    NOT NULL,
    keeper        TEXT    NOT NULL DEFAULT 'assistant',
    keeper_until  INTEGER,
    -- Another application of the platform holds the talk.
    other_app     INTEGER NOT NULL DEFAULT 0,
    state         TEXT    NOT NULL DEFAULT 'open',
    snoozed_until INTEGER,
    unread        INTEGER NOT NULL DEFAULT 0,
    -- An episode begins with the first message after a resolved talk or a day of silence.
    episode       INTEGER NOT NULL DEFAULT 1,
    answers_in_episode INTEGER NOT NULL DEFAULT 0,
    handed_back_episode INTEGER,
    -- The closed period in which the away text went out.
    away_period   INTEGER,
    last_message_at  INTEGER NOT NULL,
    last_inbound_at  INTEGER,
    last_outbound_at INTEGER,
    -- What lets the next answer out free of charge, once.
    reply_token       TEXT,
    reply_token_until INTEGER,
    read_token        TEXT,
    read_upto         INTEGER NOT NULL DEFAULT 0,
    created_at        INTEGER NOT NULL,
    UNIQUE (channel_id, thread)
) STRICT;
CREATE INDEX conversation_newest ON conversation (workspace_id, state, last_message_at DESC);
CREATE INDEX conversation_keeper ON conversation (workspace_id, keeper, last_message_at DESC);
CREATE INDEX conversation_customer ON conversation (customer_id);

-- A webhook as it came; durable before anything is acknowledged.
CREATE TABLE envelope (
    row        INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id TEXT    NOT NULL REFERENCES channel (id),
    door       TEXT    NOT NULL,
    -- The relay's number; the same number never comes in twice.
    relay_seq  INTEGER UNIQUE,
    arrived_at INTEGER NOT NULL,
    -- JSON of the request without its body.
    request    TEXT    NOT NULL,
    body       BLOB    NOT NULL,
    state      TEXT    NOT NULL DEFAULT 'waiting',
    -- Why it is parked.
    reason     TEXT
) STRICT;
CREATE INDEX envelope_waiting ON envelope (row) WHERE state = 'waiting';
CREATE INDEX envelope_parked ON envelope (channel_id, row) WHERE state = 'parked';

-- (channel, platform event id) is unique for ever: rows of this table are never deleted.
CREATE TABLE event (
    channel_id TEXT    NOT NULL REFERENCES channel (id),
    key        TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (channel_id, key)
) STRICT, WITHOUT ROWID;

-- Events kept because nobody knew what to do with them, or because they are only to be counted.
CREATE TABLE kept_event (
    row        INTEGER PRIMARY KEY,
    channel_id TEXT    NOT NULL REFERENCES channel (id),
    at         INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    body       TEXT    NOT NULL
) STRICT;
CREATE INDEX kept_event_channel ON kept_event (channel_id, row);

-- Receipts, edits, unsends and reactions that came before what they refer to.
CREATE TABLE early_event (
    row        INTEGER PRIMARY KEY,
    channel_id TEXT    NOT NULL REFERENCES channel (id),
    -- The platform's id of the message that is awaited.
    message    TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    body       TEXT    NOT NULL
) STRICT;
CREATE INDEX early_event_message ON early_event (channel_id, message);

CREATE TABLE message (
    -- Ascending with arrival: search goes newest first by it.
    row             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT    NOT NULL UNIQUE,
    workspace_id    TEXT    NOT NULL,
    channel_id      TEXT    NOT NULL REFERENCES channel (id),
    conversation_id TEXT    NOT NULL REFERENCES conversation (id),
    author          TEXT    NOT NULL,
    -- The platform's message id.
    remote          TEXT,
    parts           TEXT    NOT NULL,
    text            TEXT    NOT NULL,
    -- The text folded for search.
    folded          TEXT    NOT NULL,
    reply_to        TEXT,
    -- Of our own messages: the delivery that carried it.
    delivery_id     TEXT,
    turn_id         TEXT,
    said_at         INTEGER NOT NULL,
    arrived_at      INTEGER NOT NULL,
    -- Local day of `said_at` in the workspace's zone, in days since 1970.
    day             INTEGER NOT NULL,
    addressed       INTEGER NOT NULL DEFAULT 1,
    from_history    INTEGER NOT NULL DEFAULT 0,
    understood      INTEGER NOT NULL DEFAULT 0,
    edited_at       INTEGER,
    unsent_at       INTEGER,
    delivered_at    INTEGER,
    read_at         INTEGER,
    failed          TEXT,
    reactions       TEXT    NOT NULL DEFAULT '{}'
) STRICT;
CREATE UNIQUE INDEX message_remote ON message (channel_id, remote) WHERE remote IS NOT NULL;
CREATE INDEX message_talk ON message (conversation_id, said_at, row);
CREATE INDEX message_to_understand ON message (row) WHERE understood = 0;
CREATE INDEX message_turn ON message (turn_id) WHERE turn_id IS NOT NULL;

CREATE VIRTUAL TABLE message_fts USING fts5 (
    folded, content = 'message', content_rowid = 'row', tokenize = 'trigram'
);
CREATE TRIGGER message_fts_insert AFTER INSERT ON message BEGIN
    INSERT INTO message_fts (rowid, folded) VALUES (new.row, new.folded);
END;
CREATE TRIGGER message_fts_update AFTER UPDATE OF folded ON message BEGIN
    INSERT INTO message_fts (message_fts, rowid, folded) VALUES ('delete', old.row, old.folded);
    INSERT INTO message_fts (rowid, folded) VALUES (new.row, new.folded);
END;
CREATE TRIGGER message_fts_delete AFTER DELETE ON message BEGIN
    INSERT INTO message_fts (message_fts, rowid, folded) VALUES ('delete', old.row, old.folded);
END;

CREATE TABLE understanding (
    message_id   TEXT    NOT NULL PRIMARY KEY REFERENCES message (id),
    intent       TEXT    NOT NULL,
    confidence   REAL    NOT NULL,
    language     TEXT    NOT NULL,
    sentiment    TEXT    NOT NULL,
    score        REAL    NOT NULL,
    priority     INTEGER NOT NULL,
    lead         INTEGER NOT NULL,
    body         TEXT    NOT NULL,
    -- The owner's corrections.
    true_intent    TEXT,
    true_sentiment TEXT
) STRICT;

CREATE TABLE turn (
    id              TEXT    NOT NULL PRIMARY KEY,
    workspace_id    TEXT    NOT NULL,
    conversation_id TEXT    NOT NULL REFERENCES conversation (id),
    state           TEXT    NOT NULL,
    opened_at       INTEGER NOT NULL,
    last_message_at INTEGER NOT NULL,
    -- Gathering: when the decision is due. Ready: not before this.
    due_at          INTEGER NOT NULL,
    priority        INTEGER NOT NULL,
    -- Grows when words join: an answer written for an older revision is dropped.
    revision        INTEGER NOT NULL DEFAULT 1,
    answer_as       TEXT,
    attempts        INTEGER NOT NULL DEFAULT 0,
    error           TEXT,
    -- Why it ended without an answer.
    because         TEXT,
    closed_at       INTEGER
) STRICT;
-- At most one open turn in a conversation.
CREATE UNIQUE INDEX turn_open ON turn (conversation_id) WHERE state IN ('gathering', 'ready', 'writing');
CREATE INDEX turn_due ON turn (due_at) WHERE state = 'gathering';
CREATE INDEX turn_ready ON turn (priority DESC, due_at) WHERE state = 'ready';
CREATE INDEX turn_writing ON turn (id) WHERE state = 'writing';
CREATE INDEX turn_talk ON turn (conversation_id, opened_at);

-- The receipt of every run of the assistant.
CREATE TABLE run (
    id              TEXT    NOT NULL PRIMARY KEY,
    workspace_id    TEXT    NOT NULL,
    conversation_id TEXT    NOT NULL REFERENCES conversation (id),
    turn_id         TEXT    NOT NULL REFERENCES turn (id),
    at              INTEGER NOT NULL,
    provider        TEXT    NOT NULL,
    model           TEXT    NOT NULL,
    prompt          TEXT    NOT NULL,
    response        TEXT    NOT NULL,
    tokens_in       INTEGER,
    tokens_cached   INTEGER,
    tokens_out      INTEGER,
    cost_micro_usd  INTEGER,
    millis          INTEGER NOT NULL,
    -- Passages, checks, versions, where it went (JSON of Run without the texts above).
    details         TEXT    NOT NULL,
    error           TEXT
) STRICT;
CREATE INDEX run_turn ON run (turn_id);
CREATE INDEX run_at ON run (workspace_id, at);

CREATE TABLE draft (
    id              TEXT    NOT NULL PRIMARY KEY,
    workspace_id    TEXT    NOT NULL,
    conversation_id TEXT    NOT NULL REFERENCES conversation (id),
    turn_id         TEXT    NOT NULL REFERENCES turn (id),
    run_id          TEXT    REFERENCES run (id),
    kind            TEXT    NOT NULL,
    words           TEXT    NOT NULL,
    confidence      REAL    NOT NULL,
    created_at      INTEGER NOT NULL,
    -- When the platform's window for answering closes; drafts are shown by it.
    window_until    INTEGER,
    -- waiting, approved, edited, refused, withdrawn
    state           TEXT    NOT NULL DEFAULT 'waiting',
    why             TEXT,
    ruled_at        INTEGER
) STRICT;
CREATE UNIQUE INDEX draft_waiting ON draft (conversation_id) WHERE state = 'waiting';
CREATE INDEX draft_turn ON draft (turn_id);

CREATE TABLE reply (
    id              TEXT    NOT NULL PRIMARY KEY,
    workspace_id    TEXT    NOT NULL,
    conversation_id TEXT    NOT NULL REFERENCES conversation (id),
    turn_id         TEXT    REFERENCES turn (id),
    draft_id        TEXT    REFERENCES draft (id),
    run_id          TEXT    REFERENCES run (id),
    author          TEXT    NOT NULL,
    -- answer, hand_over, away
    purpose         TEXT    NOT NULL,
    words           TEXT    NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX reply_talk ON reply (conversation_id, created_at);
CREATE INDEX reply_turn ON reply (turn_id) WHERE turn_id IS NOT NULL;

-- The outbox: one row per call to the platform. Its id is the idempotency key.
CREATE TABLE delivery (
    -- The lane's order.
    row             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT    NOT NULL UNIQUE,
    reply_id        TEXT    NOT NULL REFERENCES reply (id),
    conversation_id TEXT    NOT NULL REFERENCES conversation (id),
    channel_id      TEXT    NOT NULL REFERENCES channel (id),
    parts           TEXT    NOT NULL,
    state           TEXT    NOT NULL DEFAULT 'waiting',
    -- Not before this: the hold, then the backoff.
    due_at          INTEGER NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    -- Frozen before the first byte leaves: what evidence is looked for later.
    frozen          TEXT,
    first_tried_at  INTEGER,
    -- How often evidence was looked for.
    looks           INTEGER NOT NULL DEFAULT 0,
    reason          TEXT,
    sent_at         INTEGER,
    way             TEXT
) STRICT;
CREATE INDEX delivery_lane ON delivery (conversation_id, row)
    WHERE state IN ('waiting', 'sending', 'unsure', 'stuck');
CREATE INDEX delivery_due ON delivery (due_at) WHERE state IN ('waiting', 'unsure');
CREATE INDEX delivery_sending ON delivery (row) WHERE state = 'sending';
CREATE INDEX delivery_reply ON delivery (reply_id);
CREATE INDEX delivery_channel_sent ON delivery (channel_id, sent_at) WHERE sent_at IS NOT NULL;

CREATE TABLE escalation (
    id              TEXT    NOT NULL PRIMARY KEY,
    workspace_id    TEXT    NOT NULL,
    conversation_id TEXT    NOT NULL REFERENCES conversation (id),
    turn_id         TEXT    REFERENCES turn (id),
    rule            TEXT    NOT NULL,
    priority        INTEGER NOT NULL,
    raised_at       INTEGER NOT NULL,
    alerted_at      INTEGER,
    alerts          INTEGER NOT NULL DEFAULT 0,
    seen_at         INTEGER,
    taken_at        INTEGER,
    ended_at        INTEGER,
    -- resolved, handed_back, answered
    outcome         TEXT
) STRICT;
CREATE UNIQUE INDEX escalation_open ON escalation (conversation_id) WHERE ended_at IS NULL;
CREATE INDEX escalation_urgent ON escalation (workspace_id, priority DESC, raised_at) WHERE ended_at IS NULL;
CREATE INDEX escalation_talk ON escalation (conversation_id, raised_at);
CREATE INDEX escalation_raised ON escalation (workspace_id, raised_at);

CREATE TABLE lesson (
    id              TEXT    NOT NULL PRIMARY KEY,
    workspace_id    TEXT    NOT NULL,
    conversation_id TEXT    REFERENCES conversation (id),
    message_id      TEXT    REFERENCES message (id),
    draft_id        TEXT    REFERENCES draft (id),
    kind            TEXT    NOT NULL,
    body            TEXT    NOT NULL,
    at              INTEGER NOT NULL
) STRICT;
CREATE INDEX lesson_message ON lesson (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX lesson_kind ON lesson (workspace_id, kind, at);

CREATE TABLE article (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL REFERENCES workspace (id),
    slug         TEXT    NOT NULL,
    body         TEXT    NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (workspace_id, slug)
) STRICT;

CREATE TABLE price (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL REFERENCES workspace (id),
    sku          TEXT    NOT NULL,
    body         TEXT    NOT NULL,
    position     INTEGER NOT NULL,
    UNIQUE (workspace_id, sku)
) STRICT;

CREATE TABLE quick_reply (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL REFERENCES workspace (id),
    code         TEXT    NOT NULL,
    body         TEXT    NOT NULL,
    UNIQUE (workspace_id, code)
) STRICT;

-- Figures: how often something happened on a channel on a local day, and in an hour (UTC, hours since 1970).
-- Kept in the same transaction as the rows they count.
CREATE TABLE figure_day (
    channel_id TEXT    NOT NULL,
    day        INTEGER NOT NULL,
    figure     TEXT    NOT NULL,
    value      INTEGER NOT NULL,
    PRIMARY KEY (figure, day, channel_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE figure_hour (
    channel_id TEXT    NOT NULL,
    hour       INTEGER NOT NULL,
    figure     TEXT    NOT NULL,
    value      INTEGER NOT NULL,
    PRIMARY KEY (figure, hour, channel_id)
) STRICT, WITHOUT ROWID;

-- The names and columns that other tools in this field expect.
CREATE VIEW ai_response_queue AS
SELECT
    turn.id                   AS id,
    turn.workspace_id         AS workspace_id,
    conversation.customer_id  AS contact_id,
    (SELECT message.id FROM message WHERE message.turn_id = turn.id ORDER BY message.row DESC LIMIT 1)
                              AS message_id,
    CASE turn.state
        WHEN 'gathering' THEN 'pending'
        WHEN 'ready' THEN 'pending'
        WHEN 'writing' THEN 'processing'
        WHEN 'answered' THEN 'complete'
        ELSE CASE WHEN turn.error IS NULL THEN 'complete' ELSE 'error' END
    END                       AS status,
    turn.attempts             AS attempts,
    turn.error                AS error,
    turn.opened_at            AS created_at,
    turn.closed_at            AS processed_at
FROM turn
JOIN conversation ON conversation.id = turn.conversation_id;

CREATE VIEW ai_response_logs AS
SELECT
    run.id                                        AS id,
    run.workspace_id                              AS workspace_id,
    run.turn_id                                   AS queue_id,
    run.provider                                  AS provider,
    run.model                                     AS model,
    run.prompt                                    AS prompt,
    run.response                                  AS response,
    COALESCE(run.tokens_in, 0) + COALESCE(run.tokens_out, 0) AS tokens_used,
    COALESCE(run.cost_micro_usd, 0) / 1000000.0   AS cost,
    run.at                                        AS created_at
FROM run;
