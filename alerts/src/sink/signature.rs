//! Signatures as Standard Webhooks 1.0 has them: HMAC-SHA256 of
//! `id.timestamp.body`, in base64, with `v1,` before it; one for every secret,
//! so that a secret can be replaced while receivers know the old one or the new.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;
use std::path::PathBuf;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// How many bytes a secret has.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// A signing key. It never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("Secret(…)")
    }
}

impl Secret {
    /// Reads `whsec_` and base64 of 24 to 64 bytes.
    ///
    /// # Errors
    /// What is wrong with it, never the secret itself.
    pub fn parse(text: &str) -> Result<Secret, String> {
        let coded = text
            .strip_prefix(PREFIX)
            .ok_or_else(|| format!("a secret begins with `{PREFIX}`"))?;
        let key = STANDARD
            .decode(coded)
            .map_err(|_| format!("a secret is base64 behind `{PREFIX}`"))?;
        match LENGTHS.contains(&key.len()) {
            true => Ok(Secret(key)),
            false => Err(format!(
                "a secret has {} bytes; allowed are {} to {}",
                key.len(),
                LENGTHS.start(),
                LENGTHS.end()
            )),
        }
    }
}

/// Where a secret is: never in the configuration's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    /// In an environment variable.
    Environment(String),
    /// In a file, one secret a line.
    File(PathBuf),
}

impl SecretRef {
    /// Reads the lines that are there now: a file that changes counts at once.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn lines(&self) -> Result<Vec<String>, String> {
        let text = match self {
            SecretRef::Environment(name) => std::env::var(name)
                .map_err(|_| format!("environment variable `{name}` is not set"))?,
            SecretRef::File(path) => std::fs::read_to_string(path)
                .map_err(|error| format!("secret file `{}`: {error}", path.display()))?,
        };
        let lines = text.lines().map(str::trim);
        let lines: Vec<String> = lines
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect();
        match lines.is_empty() {
            true => Err(format!("{self} is empty")),
            false => Ok(lines),
        }
    }

    /// The signing keys that are there now.
    ///
    /// # Errors
    /// As [`SecretRef::lines`], or when one is no signing key.
    pub fn secrets(&self) -> Result<Vec<Secret>, String> {
        let lines = self.lines()?;
        let secrets = lines.iter().map(|line| Secret::parse(line));
        secrets
            .collect::<Result<_, _>>()
            .map_err(|fault| format!("{self}: {fault}"))
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretRef::Environment(name) => write!(to, "environment variable `{name}`"),
            SecretRef::File(path) => write!(to, "secret file `{}`", path.display()),
        }
    }
}

/// The header `webhook-signature`: a signature for each secret, in their order.
pub fn sign(secrets: &[Secret], id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let signed = secrets.iter().map(|secret| {
        // HMAC takes keys of any length.
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&secret.0)
            .unwrap_or_else(|_| <Hmac<Sha256> as Mac>::new(&Default::default()));
        mac.update(format!("{id}.{timestamp_s}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    });
    signed.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standard_are_signed_as_it_says() {
        // The vector of the reference implementations.
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        assert_eq!(
            sign(&[secret], id, 1_614_265_330, body),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn every_secret_signs() {
        let secrets = [
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ]
        .map(|text| Secret::parse(text).unwrap());
        let both = sign(&secrets, "a", 1, b"x");
        let one = |place: usize| sign(&secrets[place..=place], "a", 1, b"x");
        assert_eq!(both, format!("{} {}", one(0), one(1)));
        assert_ne!(one(0), one(1));
    }

    #[test]
    fn what_is_no_secret_is_refused_and_never_shown() {
        for (text, says) in [
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "begins with"),
            ("whsec_!!", "base64"),
            ("whsec_c2hvcnQ=", "has 5 bytes"),
        ] {
            let fault = Secret::parse(text).unwrap_err();
            assert!(fault.contains(says) && !fault.contains(text), "{fault}");
        }
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
