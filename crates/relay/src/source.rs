//! Where a request came from and which public address it called, as far as the reverse proxy can be believed.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::{HeaderMap, Uri, header};

use crate::Settings;

/// The address that limits are counted against. An IPv6 customer has a whole /64, so that is one source.
pub(crate) fn source(settings: &Settings, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
    let told = believed(settings, peer)
        .then(|| headers.get_all("x-forwarded-for").iter().next_back())
        .flatten()
        .and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    match told.unwrap_or(peer.ip()) {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => IpAddr::V4(address),
            None => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        },
    }
}

/// The exact public address that was called, which Twilio signs.
pub(crate) fn public_url(
    settings: &Settings,
    peer: SocketAddr,
    headers: &HeaderMap,
    uri: &Uri,
) -> Option<String> {
    let target = uri.path_and_query().map_or(uri.path(), |target| target.as_str());
    if let Some(base) = &settings.public_url {
        return Some(format!("{}{target}", base.trim_end_matches('/')));
    }
    let first = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?;
        value.split(',').next().map(str::trim).filter(|value| !value.is_empty())
    };
    let believed = believed(settings, peer);
    let host =
        believed.then(|| first("x-forwarded-host")).flatten().or_else(|| first(header::HOST.as_str()))?;
    let scheme = believed.then(|| first("x-forwarded-proto")).flatten().unwrap_or("http");
    Some(format!("{scheme}://{host}{target}"))
}

fn believed(settings: &Settings, peer: SocketAddr) -> bool {
    peer.ip().to_canonical().is_loopback() || settings.trusted_proxy.contains(&peer.ip().to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use clap::Parser as _;

    use super::*;
    use crate::settings::Cli;

    fn settings(args: &[&str]) -> Settings {
        Cli::parse_from(std::iter::once("sala-relay").chain(args.iter().copied())).settings
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn only_a_trusted_proxy_may_say_where_a_request_came_from() {
        let told = headers(&[("x-forwarded-for", "198.51.100.1, 203.0.113.9")]);
        let caddy = "127.0.0.1:50000".parse().unwrap();
        let stranger = "203.0.113.50:50000".parse().unwrap();
        let settings = settings(&[]);
        assert_eq!(source(&settings, caddy, &told).to_string(), "203.0.113.9");
        assert_eq!(source(&settings, stranger, &told).to_string(), "203.0.113.50");
        let six = "[2001:db8:1:2:3:4:5:6]:1".parse().unwrap();
        assert_eq!(source(&settings, six, &HeaderMap::new()).to_string(), "2001:db8:1:2::");
    }

    #[test]
    fn the_public_address_is_what_the_platform_called() {
        let uri: Uri = "/w/abc?bodySHA256=1&x=%20".parse().unwrap();
        let caddy = "127.0.0.1:50000".parse().unwrap();
        let stranger = "203.0.113.50:50000".parse().unwrap();
        let told = headers(&[
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "relay.example"),
            ("host", "127.0.0.1:8787"),
        ]);
        let url = |args: &[&str], peer| public_url(&settings(args), peer, &told, &uri).unwrap();
        assert_eq!(url(&[], caddy), "https://relay.example/w/abc?bodySHA256=1&x=%20");
        assert_eq!(url(&[], stranger), "http://127.0.0.1:8787/w/abc?bodySHA256=1&x=%20");
        assert_eq!(
            url(&["--public-url", "https://sala.example/relay/"], stranger),
            "https://sala.example/relay/w/abc?bodySHA256=1&x=%20"
        );
    }
}
