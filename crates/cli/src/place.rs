//! Where the house lies, and how it is opened: by the environment, read once here.

use std::{
    env,
    io::{self, IsTerminal as _, Read as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use api::{House, Opening, SecretString, VaultPlace};

/// `SALA_HOME`, else the system's place for an application's data.
pub(crate) fn home() -> anyhow::Result<PathBuf> {
    match env::var_os("SALA_HOME").filter(|value| !value.is_empty()) {
        Some(home) => Ok(PathBuf::from(home)),
        None => api::house::default_home(|name| env::var_os(name))
            .context("There is no home folder here. Say where data shall lie with SALA_HOME."),
    }
}

/// What the environment says; asks for the passphrase where one is needed and none is set.
pub(crate) fn opening() -> anyhow::Result<Opening> {
    let setting = env::var("SALA_VAULT").ok();
    let mut opening = Opening::new(home()?);
    opening.vault = VaultPlace::from_setting(setting.as_deref()).map_err(api::Error::from)?;
    if let VaultPlace::File(file) = &opening.vault {
        opening.passphrase = passphrase(file)?;
    }
    Ok(opening)
}

/// Opens the house without starting its rooms, for looking and setting up.
pub(crate) async fn open_quietly() -> anyhow::Result<House> {
    Ok(House::open_quietly(&opening()?).await?)
}

fn passphrase(file: &Path) -> anyhow::Result<Option<SecretString>> {
    if let Some(given) = env::var("SALA_PASSPHRASE").ok().filter(|given| !given.is_empty()) {
        return Ok(Some(given.into()));
    }
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    let question = if file.exists() { "Passphrase: " } else { "Choose a passphrase: " };
    let given = rpassword::prompt_password(question).context("The passphrase could not be asked for")?;
    if !file.exists() && rpassword::prompt_password("Once more: ")? != given {
        anyhow::bail!("The two passphrases differ. Nothing was made; try again.");
    }
    Ok(Some(given.into()))
}

/// A secret typed at the terminal; none when there is no terminal to ask at.
pub(crate) fn ask_secret(name: &str) -> anyhow::Result<Option<SecretString>> {
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    let given = rpassword::prompt_password(format!("{name}: "))
        .with_context(|| format!("{name} could not be asked for"))?;
    Ok((!given.trim().is_empty()).then(|| given.trim().to_owned().into()))
}

/// All of stdin, at the most so many bytes.
pub(crate) fn stdin_whole(most: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(most + 1).read_to_end(&mut bytes).context("stdin could not be read")?;
    anyhow::ensure!(u64::try_from(bytes.len())? <= most, "stdin holds more than {most} bytes");
    Ok(bytes)
}
