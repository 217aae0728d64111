//! What can be asked on the command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::{Autonomy, ChannelId, Door, DraftId, Platform};

/// Answers the fan pages of a small shop, on this machine alone.
///
/// Environment: SALA_HOME is the folder of the data (usually ~/.local/share/sala). SALA_VAULT says where secrets
/// lie: unset for the OS keyring, file:PATH for a passphrase file, whose passphrase is SALA_PASSPHRASE or is asked
/// for. SALA_LOG filters what is written to SALA_HOME/logs (info when unset).
#[derive(Debug, Parser)]
#[command(name = "sala", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the house without a window, until SIGINT or SIGTERM
    Run(Run),
    /// Write to the shop as a customer, and see what every room makes of it
    ///
    /// Opens a house of its own with the sample shop in a fresh temporary folder, which is deleted at the end. Its
    /// database is encrypted like any other; the key lies in a vault file there under a random passphrase that is
    /// kept in memory alone, so no keyring is needed and nothing readable stays behind, even after a crash.
    Playground(Playground),
    /// Look at vault, database, relay, channels, model, disk and clock; exit code 1 when something needs you
    Doctor(Doctor),
    /// Add, list, test, point and remove channels
    #[command(subcommand)]
    Channel(Channel),
    /// Pair this house with a relay
    Pair(Pair),
    /// Give the assistant knowledge
    #[command(subcommand)]
    Knowledge(Knowledge),
    /// Personalities in and out, as personality.json
    #[command(subcommand)]
    Personality(Personality),
    /// Choose and test the language model
    #[command(subcommand)]
    Model(Model),
    /// List the conversations, newest first
    Inbox(Inbox),
    /// Search everything that was said
    Search(Search),
    /// List the drafts that wait for you
    Drafts(Listed),
    /// Send a draft, as it is or in your words
    Approve(Approve),
    /// Refuse a draft
    Refuse(Refuse),
    /// Messages to understandings: JSON lines in and out
    Classify,
    /// A webhook on stdin to events: JSON lines out; exit code 3 = bad signature, 4 = malformed
    Parse(Parse),
    /// Dialogues to answers of the built-in assistant: JSON lines in and out
    Talk(Talk),
}

impl Command {
    /// Whether it works in SALA_HOME, where its log is kept.
    pub(crate) const fn opens_the_house(&self) -> bool {
        match self {
            Self::Run(_)
            | Self::Doctor(_)
            | Self::Channel(_)
            | Self::Pair(_)
            | Self::Knowledge(_)
            | Self::Personality(_)
            | Self::Model(_)
            | Self::Inbox(_)
            | Self::Search(_)
            | Self::Drafts(_)
            | Self::Approve(_)
            | Self::Refuse(_) => true,
            Self::Playground(_) | Self::Classify | Self::Parse(_) | Self::Talk(_) => false,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Open the tunnel door here (loopback only; port 0 = any), for cloudflared, ngrok or Tailscale Funnel
    #[arg(long, value_name = "127.0.0.1:PORT")]
    pub(crate) tunnel: Option<SocketAddr>,
}

#[derive(Debug, Args)]
pub(crate) struct Playground {
    /// Another shop than the sample: a folder with shop.json, prices.csv, knowledge/*.md and the rest
    #[arg(long, value_name = "DIR")]
    pub(crate) shop: Option<PathBuf>,
    /// The name of the customer
    #[arg(long = "as", value_name = "NAME", default_value = "Mali")]
    pub(crate) name: String,
    /// Answers become drafts that wait for you
    #[arg(long)]
    pub(crate) draft: bool,
    /// How long the house waits for the customer to go on writing
    #[arg(long, value_name = "MS", default_value_t = 400)]
    pub(crate) gap: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// One JSON object per finding
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Channel {
    /// Connect an account; new channels start in Draft
    Add(AddChannel),
    /// List the channels, with the addresses to give to the platforms
    List(Listed),
    /// Ask the platform who we are there, and whether all is well
    Test { id: ChannelId },
    /// Tell the platform where to deliver
    Point(Point),
    /// New secrets for a channel that must be connected again
    Reconnect {
        id: ChannelId,
        #[command(flatten)]
        secrets: Secrets,
    },
    /// Stop serving it; its conversations stay
    Remove { id: ChannelId },
    /// How much the assistant may do there
    Autonomy {
        id: ChannelId,
        #[arg(value_enum)]
        autonomy: HowMuch,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AddChannel {
    /// line, facebook, telegram or playground
    pub(crate) platform: Platform,
    /// How it is called here
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// How events come in
    #[arg(long, value_enum)]
    pub(crate) door: Option<Way>,
    /// A setting that is no secret: api_base, human_agent, username…
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) settings: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) secrets: Secrets,
}

#[derive(Debug, Args)]
pub(crate) struct Secrets {
    /// A secret; other programs of this machine can see it while this runs, so rather let it be asked
    #[arg(long = "secret", value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) given: Vec<(String, String)>,
    /// Read the secrets from stdin, as one JSON object {"name": "value"}
    #[arg(long)]
    pub(crate) secrets_from_stdin: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Point {
    pub(crate) id: ChannelId,
    /// The outside address of your tunnel, such as https://shop.example.com; the relay's when missing
    #[arg(long, value_name = "URL", conflicts_with = "polling")]
    pub(crate) tunnel: Option<String>,
    /// No webhook: the house asks the platform
    #[arg(long)]
    pub(crate) polling: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Way {
    Relay,
    Tunnel,
    Polling,
    Local,
}

impl From<Way> for Door {
    fn from(way: Way) -> Self {
        match way {
            Way::Relay => Self::Relay,
            Way::Tunnel => Self::Tunnel,
            Way::Polling => Self::Polling,
            Way::Local => Self::Local,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HowMuch {
    Off,
    Draft,
    Auto,
}

impl From<HowMuch> for Autonomy {
    fn from(much: HowMuch) -> Self {
        match much {
            HowMuch::Off => Self::Off,
            HowMuch::Draft => Self::Draft,
            HowMuch::Auto => Self::Auto,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Pair {
    /// Where the relay is, such as https://relay.example.com
    pub(crate) address: String,
    /// As `sala-relay pair-code` prints it
    pub(crate) code: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Knowledge {
    /// Import a shop's folder, or one .md, .csv, quick_replies.json or shop.json
    Import { path: PathBuf },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Personality {
    /// Save a personality.json as the new version of the personality of its name
    Import { file: PathBuf },
    /// Print a personality as personality.json; the default one when no name is given
    Export { name: Option<String> },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Model {
    /// Choose who answers
    Set(SetModel),
    /// Ask the chosen model one small question
    Test,
}

#[derive(Debug, Args)]
pub(crate) struct SetModel {
    #[arg(value_enum)]
    pub(crate) kind: Answerer,
    /// The model's own name
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// The address of the API, such as http://localhost:11434/v1
    #[arg(long, value_name = "URL")]
    pub(crate) base: Option<String>,
    /// Read the key from stdin instead of asking for it
    #[arg(long)]
    pub(crate) key_from_stdin: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Answerer {
    Gemini,
    OpenaiCompatible,
    BuiltIn,
}

#[derive(Debug, Args)]
pub(crate) struct Listed {
    /// One JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Inbox {
    /// At most so many
    #[arg(long, default_value_t = 50)]
    pub(crate) most: u32,
    #[command(flatten)]
    pub(crate) listed: Listed,
}

#[derive(Debug, Args)]
pub(crate) struct Search {
    /// Thai in mid-sentence is found too
    #[arg(required = true)]
    pub(crate) words: Vec<String>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    pub(crate) most: u32,
    #[command(flatten)]
    pub(crate) listed: Listed,
}

#[derive(Debug, Args)]
pub(crate) struct Approve {
    pub(crate) id: DraftId,
    /// Your words instead of the proposed ones
    #[arg(long)]
    pub(crate) words: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Refuse {
    pub(crate) id: DraftId,
    /// What was wrong with it
    #[arg(long)]
    pub(crate) why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Parse {
    #[arg(long)]
    pub(crate) platform: Platform,
    /// The signing secret (LINE: channel secret, Facebook: app secret, Telegram: webhook secret), bare or as
    /// NAME=VALUE; without one the signature is not looked at
    #[arg(long = "secret", value_name = "[NAME=]VALUE")]
    pub(crate) secrets: Vec<String>,
    /// The full address as the platform called it
    #[arg(long)]
    pub(crate) url: Option<String>,
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub(crate) headers: Vec<(String, String)>,
}

#[derive(Debug, Args)]
pub(crate) struct Talk {
    /// The shop's folder
    #[arg(long, value_name = "DIR")]
    pub(crate) shop: PathBuf,
    /// Answers with less confidence than this are drafts, as in the house
    #[arg(long, value_name = "0..1", default_value_t = 0.8)]
    pub(crate) send_from: f32,
}

fn pair(text: &str) -> Result<(String, String), String> {
    split(text, '=').ok_or_else(|| "it is no NAME=VALUE".to_owned())
}

fn header(text: &str) -> Result<(String, String), String> {
    split(text, ':').ok_or_else(|| "it is no NAME: VALUE".to_owned())
}

fn split(text: &str, at: char) -> Option<(String, String)> {
    let (name, value) = text.split_once(at)?;
    let name = name.trim();
    (!name.is_empty()).then(|| (name.to_owned(), value.trim().to_owned()))
}
