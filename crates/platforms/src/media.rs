//! Files from outside: fetched only from where the platform keeps them, never from a private address, never
//! more than the cap, and named and typed by what they are.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use domain::{Attachment, safe_file_name};
use http::Method;
use reqwest::{
    Client, RequestBuilder, Response,
    dns::{Addrs, Name, Resolve, Resolving},
};
use url::{Host, Url};

use crate::{
    ConfigError, FetchError, Fetched,
    http::{Api, Base, Cut, plain_client, read_capped},
    sniff::{extensions, sniff},
};

const LARGEST_FILE: usize = 25 * 1024 * 1024;
const MOST_REDIRECTS: usize = 3;

/// Fetches public files of one platform.
pub(crate) struct Media {
    client: Client,
    /// Host names, each with everything below it.
    hosts: &'static [&'static str],
    /// Where the platform's API is a fake on this machine, its files are there too.
    local: Option<Api>,
}

impl Media {
    pub(crate) fn new(hosts: &'static [&'static str], base: &Base) -> Result<Self, ConfigError> {
        let client = plain_client()
            .https_only(true)
            .no_proxy()
            .dns_resolver(Arc::new(PublicOnly))
            .build()
            .map_err(|_| ConfigError::NoClient)?;
        let local = if base.is_loopback() { Some(Api::new(base.clone())?) } else { None };
        Ok(Self { client, hosts, local })
    }

    /// The file at this attachment's address. Carries no token: CDNs are not told who we are.
    pub(crate) async fn fetch(&self, file: &Attachment) -> Result<Fetched, FetchError> {
        let mut url =
            file.url.as_deref().and_then(|url| Url::parse(url).ok()).ok_or(FetchError::NotAllowed)?;
        for _ in 0..=MOST_REDIRECTS {
            let response = self.request(&url)?.send().await.map_err(|_| FetchError::Unreachable)?;
            if !response.status().is_redirection() {
                return fetched(response, file).await;
            }
            let to = response.headers().get("location").and_then(|to| to.to_str().ok());
            url = to.and_then(|to| url.join(to).ok()).ok_or(FetchError::Gone)?;
        }
        Err(FetchError::NotAllowed)
    }

    fn request(&self, url: &Url) -> Result<RequestBuilder, FetchError> {
        if let Some(api) = self.local.as_ref().filter(|api| api.base().serves(url)) {
            return Ok(api.request(Method::GET, url.clone()));
        }
        if self.allows(url) { Ok(self.client.get(url.clone())) } else { Err(FetchError::NotAllowed) }
    }

    fn allows(&self, url: &Url) -> bool {
        let Some(Host::Domain(host)) = url.host() else { return false };
        let listed = self.hosts.iter().any(|allowed| {
            host == *allowed || host.strip_suffix(allowed).is_some_and(|below| below.ends_with('.'))
        });
        listed
            && url.scheme() == "https"
            && matches!(url.port(), None | Some(443))
            && url.username().is_empty()
            && url.password().is_none()
    }
}

/// The content of an answer, by status; shared with platforms that serve files from their API.
pub(crate) async fn fetched(response: Response, file: &Attachment) -> Result<Fetched, FetchError> {
    let status = response.status().as_u16();
    match status {
        200 => {}
        202 => return Err(FetchError::NotReady),
        404 | 410 => return Err(FetchError::Gone),
        401 => return Err(FetchError::Reconnect { why: "token refused".to_owned() }),
        429 => {
            let wait =
                response.headers().get("retry-after").and_then(|wait| wait.to_str().ok()?.parse().ok());
            return Err(FetchError::RetryAfter(std::time::Duration::from_secs(wait.unwrap_or(30))));
        }
        500.. => return Err(FetchError::Unreachable),
        _ => return Err(FetchError::Refused { code: status.to_string() }),
    }
    let bytes = read_capped(response, LARGEST_FILE).await.map_err(|cut| match cut {
        Cut::TooLong => FetchError::TooLarge { most: LARGEST_FILE as u64 },
        Cut::Broken => FetchError::Unreachable,
    })?;
    let mime = sniff(&bytes);
    Ok(Fetched { mime, name: name(file.name.as_deref(), mime), bytes })
}

/// Safe on every disk, and with an ending that tells the truth where the type is known.
fn name(given: Option<&str>, mime: &str) -> String {
    let safe = safe_file_name(given.unwrap_or("file"));
    let ending = safe.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
    let known = extensions(mime);
    match known.first() {
        Some(first) if !ending.is_some_and(|ending| known.contains(&ending.as_str())) => {
            format!("{safe}.{first}")
        }
        _ => safe,
    }
}

/// Resolves names as the connection is made and leaves out every address that is not public, so that no answer
/// of a name server, first or later, leads inside.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0))
                .await?
                .filter(|address| is_public(address.ip()))
                .collect();
            if found.is_empty() {
                return Err("no public address".into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocols = a == 192 && b == 0 && c == 0;
    let benchmarks = a == 198 && (b == 18 || b == 19);
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || shared
        || protocols
        || benchmarks)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = ip.segments();
    let embedded = |high: u16, low: u16| {
        let ([p, q], [r, s]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(p, q, r, s))
    };
    match (a, b, c, d, e, f) {
        // v4-mapped, NAT64 and 6to4 reach the IPv4 address inside.
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => embedded(g, h),
        (0x2002, ..) => embedded(b, c),
        // Teredo, documentation.
        (0x2001, 0 | 0xdb8, ..) => false,
        // Global unicast is 2000::/3; everything else is local, reserved or multicast.
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media() -> Media {
        let base = Base::new("api_base", Some("https://graph.facebook.com"), "").unwrap();
        Media::new(&["fbcdn.net", "fbsbx.com"], &base).unwrap()
    }

    #[test]
    fn only_the_platforms_own_hosts_over_https_are_allowed() {
        let allows = |url: &str| media().allows(&Url::parse(url).unwrap());
        assert!(allows("https://scontent.xx.fbcdn.net/v/t39/slip.jpg?oh=1"));
        assert!(allows("https://lookaside.fbsbx.com/x"));
        for evil in [
            "http://scontent.xx.fbcdn.net/x",
            "https://evilfbcdn.net/x",
            "https://fbcdn.net.evil.example/x",
            "https://scontent.fbcdn.net:8443/x",
            "https://mali@scontent.fbcdn.net/x",
            "https://127.0.0.1/x",
            "https://[::1]/x",
            "https://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
        ] {
            assert!(!allows(evil), "{evil}");
        }
    }

    #[test]
    fn no_private_address_is_public_in_any_disguise() {
        for private in [
            "10.1.2.3",
            "127.0.0.1",
            "169.254.169.254",
            "192.168.0.1",
            "172.16.0.9",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "198.18.0.1",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["31.13.70.1", "2a03:2880:f003::1", "::ffff:31.13.70.1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_resolved() {
        let found = PublicOnly.resolve("localhost".parse().unwrap()).await;
        assert!(found.is_err());
    }

    #[test]
    fn a_file_is_named_for_what_it_is() {
        assert_eq!(name(Some("../../สลิป.jpg"), "image/jpeg"), "สลิป.jpg");
        assert_eq!(name(Some("menu.exe"), "application/pdf"), "menu.exe.pdf");
        assert_eq!(name(None, "image/png"), "file.png");
        assert_eq!(name(Some("x"), "application/octet-stream"), "x");
    }
}
