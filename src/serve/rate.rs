//! How often who may ask: by address before somebody has signed in, by session or
//! token after it. A bucket each, filled evenly, that holds a minute's worth.
//!
//! The address is that of the connection; what `X-Forwarded-For` says counts only
//! where the connection is from a declared proxy, and of it only what that proxy
//! and those before it added.

use super::tls::TlsListener;
use crate::config::{Limits, Net};
use axum::extract::connect_info::Connected;
use axum::http::HeaderMap;
use axum::serve::IncomingStream;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use tokio::net::TcpListener;

/// Buckets that are remembered; those that are full again are forgotten first.
const BUCKETS: usize = 65_536;

/// Where a connection is from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Peer {
        Peer(*stream.remote_addr())
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Peer {
        Peer(*stream.remote_addr())
    }
}

/// Whose requests are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Who {
    /// Of an address: nobody has signed in. IPv6 is counted by its first half,
    /// which is what one subscriber gets.
    Address(IpAddr),
    /// By the public id of a session or token.
    Credential(String),
}

impl Who {
    /// The label of the metric.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Who::Address(_) => "address",
            Who::Credential(_) => "token",
        }
    }

    /// Who asks without having signed in.
    pub(super) fn address(peer: Option<Peer>, headers: &HeaderMap, proxies: &[Net]) -> Who {
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        let trusted = |ip: IpAddr| proxies.iter().any(|net| net.contains(ip));
        let (mut found, mut hops) = (peer.to_canonical(), forwarded(headers));
        // From the last: each trusted proxy vouches for who came to it.
        while trusted(found)
            && let Some(hop) = hops.pop()
        {
            match hop {
                Some(ip) => found = ip,
                None => break,
            }
        }
        Who::Address(match found {
            IpAddr::V4(_) => found,
            IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
        })
    }
}

/// The addresses of `X-Forwarded-For`, the last the nearest; `None`: not one.
fn forwarded(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all("x-forwarded-for").iter();
    let texts = lines.filter_map(|line| line.to_str().ok());
    let hops = texts.flat_map(|text| text.split(','));
    hops.map(|hop| hop.trim().parse().ok().map(|ip: IpAddr| ip.to_canonical()))
        .collect()
}

/// What is left to somebody, in requests.
struct Bucket {
    left: f64,
    at: Instant,
}

/// Everybody's buckets.
#[derive(Default)]
pub(super) struct Rates {
    buckets: Mutex<HashMap<Who, Bucket>>,
}

impl Rates {
    /// Counts a request at an instant.
    ///
    /// # Errors
    /// In how many seconds the next one is let in.
    pub(super) fn take(&self, who: Who, limits: &Limits, now: Instant) -> Result<(), u64> {
        let a_minute = match who {
            Who::Address(_) => limits.address_per_minute,
            Who::Credential(_) => limits.token_per_minute,
        };
        let most = f64::from(a_minute);
        let filled = |bucket: &Bucket| {
            let since = now.saturating_duration_since(bucket.at).as_secs_f64();
            (bucket.left + since * most / 60.0).min(most)
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS {
            buckets.retain(|_, bucket| filled(bucket) < most);
            if buckets.len() >= BUCKETS {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(who).or_insert(Bucket {
            left: most,
            at: now,
        });
        let left = filled(bucket);
        *bucket = Bucket {
            left: if left < 1.0 { left } else { left - 1.0 },
            at: now,
        };
        match left < 1.0 {
            true => Err(((1.0 - left) * 60.0 / most).ceil().max(1.0) as u64),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const LIMITS: Limits = Limits {
        address_per_minute: 6,
        token_per_minute: 60,
        proxies: Vec::new(),
    };

    fn who(headers: &[&'static str], proxies: &[&str]) -> Who {
        let mut map = HeaderMap::new();
        for line in headers {
            map.append("x-forwarded-for", line.parse().unwrap());
        }
        let proxies: Vec<Net> = proxies.iter().map(|net| net.parse().unwrap()).collect();
        let peer = Peer("10.0.0.9:4000".parse().unwrap());
        Who::address(Some(peer), &map, &proxies)
    }

    fn address(text: &str) -> Who {
        Who::Address(text.parse().unwrap())
    }

    #[test]
    fn a_bucket_holds_a_minute_and_fills_evenly() {
        let (rates, start) = (Rates::default(), Instant::now());
        let one = || address("192.0.2.1");
        for _ in 0..6 {
            assert_eq!(rates.take(one(), &LIMITS, start), Ok(()));
        }
        assert_eq!(rates.take(one(), &LIMITS, start), Err(10));
        let later = start + Duration::from_secs(9);
        assert_eq!(rates.take(one(), &LIMITS, later), Err(1));
        let later = start + Duration::from_secs(10);
        assert_eq!(rates.take(one(), &LIMITS, later), Ok(()));
        assert!(rates.take(one(), &LIMITS, later).is_err());
        // Nobody else pays for it.
        assert_eq!(rates.take(address("192.0.2.2"), &LIMITS, start), Ok(()));
        let token = Who::Credential("t".to_owned());
        assert_eq!(rates.take(token, &LIMITS, start), Ok(()));
    }

    #[test]
    fn what_is_forwarded_counts_from_declared_proxies_alone() {
        // Anybody can write the header.
        assert_eq!(who(&["203.0.113.7"], &[]), address("10.0.0.9"));
        assert_eq!(who(&["203.0.113.7"], &["10.0.0.8"]), address("10.0.0.9"));
        let proxies = ["10.0.0.0/8", "2001:db8::1"];
        assert_eq!(who(&["203.0.113.7"], &proxies), address("203.0.113.7"));
        // What somebody wrote before it came to the first proxy is theirs.
        assert_eq!(
            who(&["198.51.100.1, 203.0.113.7"], &proxies),
            address("203.0.113.7")
        );
        assert_eq!(
            who(&["198.51.100.1", "203.0.113.7, 10.1.2.3"], &proxies),
            address("203.0.113.7")
        );
        assert_eq!(who(&["nonsense"], &proxies), address("10.0.0.9"));
        assert_eq!(who(&[], &proxies), address("10.0.0.9"));
        // A subscriber has as many addresses of IPv6 as they like.
        assert_eq!(
            who(&["2001:db8:1:2:3:4:5:6"], &proxies),
            address("2001:db8:1:2::")
        );
    }
}
