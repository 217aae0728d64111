//! sala-relay: the letterbox on the internet. Take, seal, keep, hand over.

fn main() {}
