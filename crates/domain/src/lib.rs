//! The nouns and the rules: no I/O, no async, no clock, no randomness.
