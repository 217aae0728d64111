//! The six rooms, their workers, and the composition root.
