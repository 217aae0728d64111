//! Hands: one folder per platform, the same files each.
