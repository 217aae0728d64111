//! What an operator decides, by flag or by environment.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use relay_protocol::calls::QuotaLimits;

/// The letterbox of Sala: keeps sealed webhooks for laptops that sleep.
#[derive(Debug, Parser)]
#[command(name = "sala-relay", version, about)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub settings: Settings,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Take webhooks and hand them over (the default).
    Serve,
    /// Print a pairing code, good for one laptop within 15 minutes.
    PairCode {
        /// Pair a new laptop for this owner; the old laptop then loses its rights.
        #[arg(long, value_name = "ID")]
        owner: Option<String>,
    },
    /// List the owners paired here, one id a line.
    Owners,
}

#[derive(Clone, Debug, Args)]
pub struct Settings {
    /// Address to listen on. TLS is the reverse proxy's.
    #[arg(long, env = "SALA_RELAY_LISTEN", default_value = "127.0.0.1:8787", value_name = "ADDRESS")]
    pub listen: SocketAddr,

    /// Folder of the letterbox; made when missing.
    #[arg(
        long,
        env = "SALA_RELAY_DATA",
        default_value = "sala-relay-data",
        value_name = "FOLDER",
        global = true
    )]
    pub data: PathBuf,

    /// The address that platforms call, as in https://relay.example. Without it the X-Forwarded headers of a
    /// trusted proxy are believed.
    #[arg(long, env = "SALA_RELAY_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,

    /// A reverse proxy whose X-Forwarded headers are believed; loopback always is. May be repeated.
    #[arg(long, env = "SALA_RELAY_TRUSTED_PROXY", value_name = "IP", value_delimiter = ',')]
    pub trusted_proxy: Vec<IpAddr>,

    /// How much to tell on stderr.
    #[arg(long, env = "SALA_RELAY_LOG", default_value = "info", value_enum, global = true)]
    pub log: LogLevel,

    #[command(flatten)]
    pub quotas: Quotas,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    /// Our own crates only: what a library says at debug level may contain what passes through it.
    pub fn filter(self) -> &'static str {
        match self {
            Self::Error => "off,relay=error,sala_relay=error",
            Self::Warn => "off,relay=warn,sala_relay=warn",
            Self::Info => "off,relay=info,sala_relay=info",
            Self::Debug => "off,relay=debug,sala_relay=debug",
            Self::Trace => "off,relay=trace,sala_relay=trace",
        }
    }
}

/// Beyond any of these a platform gets 503 with Retry-After, never a 200 for something that is not kept.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Quotas")]
pub struct Quotas {
    /// Unconfirmed envelopes a path may hold.
    #[arg(long, env = "SALA_RELAY_PATH_ENVELOPES", default_value_t = 50_000, value_name = "N")]
    pub path_envelopes: u64,

    /// Unconfirmed envelopes an owner may hold.
    #[arg(long, env = "SALA_RELAY_OWNER_ENVELOPES", default_value_t = 200_000, value_name = "N")]
    pub owner_envelopes: u64,

    /// Bytes of unconfirmed envelopes an owner may hold.
    #[arg(long, env = "SALA_RELAY_OWNER_BYTES", default_value_t = 2 * 1024 * 1024 * 1024, value_name = "BYTES")]
    pub owner_bytes: u64,

    /// Paths an owner may register.
    #[arg(long, env = "SALA_RELAY_OWNER_PATHS", default_value_t = 200, value_name = "N")]
    pub owner_paths: u64,

    /// Webhooks a minute from one source address (an IPv6 /64 is one source); 0 for no limit.
    #[arg(long, env = "SALA_RELAY_SOURCE_PER_MINUTE", default_value_t = 60_000, value_name = "N")]
    pub source_per_minute: u32,

    /// Bytes the letterbox may take on the disk.
    #[arg(long, env = "SALA_RELAY_DISK_BYTES", default_value_t = 20 * 1024 * 1024 * 1024, value_name = "BYTES")]
    pub disk_bytes: u64,

    /// Bytes of webhooks being taken at the same moment.
    #[arg(long, env = "SALA_RELAY_MEMORY_BYTES", default_value_t = 96 * 1024 * 1024, value_name = "BYTES")]
    pub memory_bytes: u64,

    /// Days that an unconfirmed envelope is kept.
    #[arg(long, env = "SALA_RELAY_KEEP_DAYS", default_value_t = 14, value_name = "DAYS")]
    pub keep_days: u32,
}

impl Quotas {
    pub fn limits(&self) -> QuotaLimits {
        QuotaLimits {
            path_envelopes: self.path_envelopes,
            owner_envelopes: self.owner_envelopes,
            owner_bytes: self.owner_bytes,
            owner_paths: self.owner_paths,
            keep_days: self.keep_days,
        }
    }

    pub fn keep_ms(&self) -> i64 {
        i64::from(self.keep_days).saturating_mul(24 * 60 * 60 * 1_000)
    }
}
