//! `sala talk`: dialogues to answers of the built-in assistant, with a shop's folder.

use std::process::ExitCode;

use api::offline::{Dialogue, Shop};

use super::lines::{Lines, Read, Results};
use crate::args;

pub(crate) async fn run(asked: args::Talk) -> anyhow::Result<ExitCode> {
    let shop = Shop::read(&asked.shop)?.sending_from(asked.send_from);
    let mut lines = Lines::of_stdin();
    let mut results = Results::to_stdout();
    loop {
        match lines.next::<Dialogue>()? {
            Read::Line(dialogue) => results.put(&shop.talk(dialogue).await)?,
            Read::Bad(bad) => results.put_bad(&bad)?,
            Read::End => return results.end(),
        }
    }
}
