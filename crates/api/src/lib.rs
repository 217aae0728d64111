//! What a screen or a script may ask, in its own words.
