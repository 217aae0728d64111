//! Knowledge, personality and talk become words, and the words are checked.
//!
//! In reading order: what is asked for ([`Ask`]) and who answers ([`Assistant`]); the shop's knowledge as
//! passages that can be found ([`Library`]); the language models behind one trait ([`Model`]) and what they
//! cost ([`ModelPrices`]); and a shop as a folder of files ([`read_shop_folder`]).

mod ask;
mod assistant;
mod checks;
mod knowledge;
mod model;
mod personality_file;
mod prices;
mod prompt;
mod sample;
mod shop_folder;
mod words;
mod writing;

pub(crate) use knowledge::{answers as knowledge_answers, is_when as knowledge_when};

pub use ask::{Answered, Ask, CustomerProfile, ModelAllowance, ModelFailure, Said};
pub use assistant::Assistant;
pub use knowledge::Library;
pub use model::{
    Dialect, Gemini, GeminiSettings, Model, ModelError, OpenAi, OpenAiSettings, Prompt, Written,
};
pub use prices::ModelPrices;
pub use sample::sample_shop;
pub use shop_folder::{
    ShopError, read_knowledge_file, read_knowledge_folder, read_personality_file, read_shop_folder,
    write_personality,
};
