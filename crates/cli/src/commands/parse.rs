//! `sala parse`: a webhook on stdin to events.

use std::process::ExitCode;

use api::{
    Code, SecretString,
    offline::{self, Delivered},
};
use domain::Platform;

use crate::{args, out, place};

/// No platform sends more.
const MOST: u64 = 64 * 1024 * 1024;

const BAD_SIGNATURE: u8 = 3;
const MALFORMED: u8 = 4;

pub(crate) fn run(asked: args::Parse) -> anyhow::Result<ExitCode> {
    let secret = signing_secret(asked.platform, &asked.secrets);
    let body = place::stdin_whole(MOST)?;
    let delivered = Delivered { url: asked.url, headers: asked.headers, body, arrived: None };
    match offline::parse(asked.platform, secret.as_ref(), delivered) {
        Ok(events) => {
            for event in &events {
                out::json(event)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(error) if error.code == Code::Signature => {
            out::complain(&error.into());
            Ok(ExitCode::from(BAD_SIGNATURE))
        }
        Err(error) if error.code == Code::BadInput => {
            out::complain(&error.into());
            Ok(ExitCode::from(MALFORMED))
        }
        Err(error) => Err(error.into()),
    }
}

/// Bare, or under its name among several.
fn signing_secret(platform: Platform, given: &[String]) -> Option<SecretString> {
    let name = offline::signing_secret(platform);
    let named = given.iter().find_map(|one| one.strip_prefix(name)?.strip_prefix('='));
    let known = offline::secret_names(platform);
    let bare = given
        .iter()
        .map(String::as_str)
        .find(|one| one.split_once('=').is_none_or(|(before, _)| !known.contains(&before)));
    named.or(bare).map(|secret| secret.to_owned().into())
}
