//! Fake platforms at the wire, a scripted model, a hand-wound clock; for tests and the demo.
