//! Whole-house stories.
