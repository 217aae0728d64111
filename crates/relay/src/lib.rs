//! The letterbox on the internet: take, seal, keep, hand over.
