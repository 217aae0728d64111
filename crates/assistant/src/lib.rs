//! Knowledge, personality and talk become words, and the words are checked.
