//! `[serve]`: how browsers and programs reach the server, and how often they may.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use tocsin_ingest::declaration::Section;

/// Files of the certificate's chain and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM.
    pub certificate: PathBuf,
    /// PEM.
    pub key: PathBuf,
}

/// How often who may ask, once there are accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Requests a minute of an address from which nobody has signed in.
    pub address_per_minute: u32,
    /// Requests a minute by a session or token.
    pub token_per_minute: u32,
    /// Whose `X-Forwarded-For` is believed.
    pub proxies: Vec<Net>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            address_per_minute: 600,
            token_per_minute: 12_000,
            proxies: Vec::new(),
        }
    }
}

/// An address, or all that begin as one does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Net {
    address: IpAddr,
    /// Of so many bits.
    prefix: u32,
}

impl Net {
    /// Whether an address is one of these.
    pub fn contains(self, ip: IpAddr) -> bool {
        let (one, other, bits) = match (self.address, ip) {
            (IpAddr::V4(one), IpAddr::V4(other)) => {
                (u128::from(one.to_bits()), u128::from(other.to_bits()), 32)
            }
            (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits(), other.to_bits(), 128),
            _ => return false,
        };
        // A shift by all 128 bits would be none.
        let beyond = bits - self.prefix;
        (one ^ other).checked_shr(beyond).unwrap_or(0) == 0
    }
}

impl FromStr for Net {
    type Err = ();

    fn from_str(text: &str) -> Result<Net, ()> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(drop)?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(bits), str::parse).map_err(drop)?;
        match prefix <= bits {
            true => Ok(Net { address, prefix }),
            false => Err(()),
        }
    }
}

/// Reads the section.
pub(super) fn read_serve(root: &Section<'_>, folder: &Path) -> (Option<TlsFiles>, Limits) {
    let mut limits = Limits::default();
    let Some(section) = root.section("serve") else {
        return (None, limits);
    };
    let file = |key: &str| section.text(key).map(|file| folder.join(file));
    let (certificate, key) = (file("certificate"), file("key"));
    if certificate.is_some() != key.is_some() {
        section.fault("certificate", "`certificate` and `key` go together");
    }
    let set = |key: &str, limit: &mut u32| {
        if let Some(asked) = section.integer(key, 1..=1_000_000) {
            *limit = asked as u32;
        }
    };
    set("address_per_minute", &mut limits.address_per_minute);
    set("token_per_minute", &mut limits.token_per_minute);
    for text in section.texts("proxies") {
        match text.parse() {
            Ok(net) => limits.proxies.push(net),
            Err(()) => section.fault(
                "proxies",
                format!("`{text}`: allowed are addresses and nets such as 10.0.0.5, 10.1.0.0/16"),
            ),
        }
    }
    section.finish();
    let files = certificate.zip(key);
    (
        files.map(|(certificate, key)| TlsFiles { certificate, key }),
        limits,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_net_is_all_that_begin_as_it_does() {
        let holds = |net: &str, ip: &str| net.parse::<Net>().unwrap().contains(ip.parse().unwrap());
        assert!(holds("10.1.0.0/16", "10.1.255.3") && !holds("10.1.0.0/16", "10.2.0.1"));
        assert!(holds("10.1.2.3", "10.1.2.3") && !holds("10.1.2.3", "10.1.2.2"));
        assert!(holds("0.0.0.0/0", "198.51.100.1") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("::/0", "2001:db8::1") && !holds("2001:db8::/33", "2001:db8:8000::1"));
        for wrong in ["", "10.0.0", "10.0.0.1/33", "::1/129", "host", "10.0.0.1/x"] {
            assert!(wrong.parse::<Net>().is_err(), "{wrong}");
        }
    }
}
