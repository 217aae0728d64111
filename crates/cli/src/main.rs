//! sala: the house without a window, and its tools for scripts.

fn main() {}
