//! What travels between the relay and the laptop: envelope, sealing, cursor, and the laptop's small client.
