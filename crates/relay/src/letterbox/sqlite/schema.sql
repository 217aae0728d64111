-- The letterbox. Contents are sealed before they come here; what is readable is when, for whom, and on which path.

CREATE TABLE relay (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    id       BLOB    NOT NULL CHECK (length(id) = 16),
    alive_ms INTEGER                                      -- last known to be running; NULL before the first run
) STRICT;

CREATE TABLE owners (
    owner         BLOB    PRIMARY KEY NOT NULL CHECK (length(owner) = 16),
    signing_key   BLOB    NOT NULL CHECK (length(signing_key) = 32),
    sealing_key   BLOB    NOT NULL CHECK (length(sealing_key) = 32),
    paired_ms     INTEGER NOT NULL,
    last_sequence INTEGER NOT NULL,                       -- head of the chain, also when all is confirmed
    last_hash     BLOB    NOT NULL CHECK (length(last_hash) = 32),
    acked_upto    INTEGER NOT NULL,
    expired       INTEGER NOT NULL
) STRICT;

CREATE TABLE pair_codes (
    digest     BLOB    PRIMARY KEY NOT NULL CHECK (length(digest) = 32),
    owner      BLOB,                                      -- NULL: makes a new owner
    expires_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE paths (
    path                BLOB    PRIMARY KEY NOT NULL CHECK (length(path) = 20),
    owner               BLOB    NOT NULL REFERENCES owners (owner),
    kind                TEXT    NOT NULL CHECK (kind IN ('line', 'meta', 'telegram', 'twilio')),
    verify_token_sha256 BLOB    CHECK (length(verify_token_sha256) = 32),
    registered_ms       INTEGER NOT NULL
) STRICT;

CREATE TABLE envelopes (
    id           INTEGER PRIMARY KEY,                     -- arrival order, so that inserts only ever append
    owner        BLOB    NOT NULL,
    sequence     INTEGER NOT NULL,
    arrived_ms   INTEGER NOT NULL,
    size         INTEGER NOT NULL,
    path         BLOB    NOT NULL,
    method       TEXT    NOT NULL,
    previous     BLOB    NOT NULL,
    sealed_to    BLOB    NOT NULL,
    encapsulated BLOB    NOT NULL,
    ciphertext   BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX envelopes_in_order ON envelopes (owner, sequence);
CREATE INDEX envelopes_by_age ON envelopes (arrived_ms);

PRAGMA user_version = 1;
