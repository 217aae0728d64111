//! Whole-house stories: played platforms at the wire, a real relay, a real database, a clock wound by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "stories/autonomy.rs"]
mod autonomy;
#[path = "stories/bursts.rs"]
mod bursts;
#[path = "stories/canary.rs"]
mod canary;
#[path = "stories/delivery.rs"]
mod delivery;
#[path = "stories/escalation.rs"]
mod escalation;
#[path = "stories/keeper.rs"]
mod keeper;
#[path = "stories/line_while_down.rs"]
mod line_while_down;
#[path = "stories/model.rs"]
mod model;
#[path = "stories/relay_door.rs"]
mod relay_door;
#[path = "stories/telegram.rs"]
mod telegram;
#[path = "stories/tunnel_door.rs"]
mod tunnel_door;
