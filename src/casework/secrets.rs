//! Passwords by Argon2id, and random secrets for sessions and tokens.

use anyhow::{Context, Result, anyhow, bail};
use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use std::io::Read;
use tocsin_alerts::docket::{Credential, CredentialKind, Secret};

/// The shortest password, in characters.
const MIN_CHARACTERS: usize = 12;
/// The longest, in bytes.
const MAX_BYTES: usize = 256;
/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;
/// Random bytes of a public id.
const ID_BYTES: usize = 9;

/// A password's hash, in the text form that names its parameters.
///
/// # Errors
/// When the password is too short or too long.
pub fn hash(password: &str) -> Result<String> {
    let characters = password.chars().count();
    if characters < MIN_CHARACTERS || password.len() > MAX_BYTES {
        bail!(
            "a password of {characters} characters; allowed are {MIN_CHARACTERS} characters to {MAX_BYTES} bytes"
        );
    }
    let salt = SaltString::encode_b64(&random::<16>()?).map_err(|fault| anyhow!("{fault}"))?;
    let hashed = Argon2::default().hash_password(password.as_bytes(), &salt);
    Ok(hashed.map_err(|fault| anyhow!("{fault}"))?.to_string())
}

/// Whether a password is the one of a hash. Takes as long where there is none, so
/// that the time says nothing about who has an account.
pub fn verify(password: &str, hashed: Option<&str>) -> bool {
    // Of no password: 16 zero bytes of salt, 32 of hash.
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let parsed = PasswordHash::new(hashed.unwrap_or(NOBODY));
    let Ok(parsed) = parsed else { return false };
    let right = Argon2::default().verify_password(password.as_bytes(), &parsed);
    right.is_ok() && hashed.is_some()
}

/// A new secret as its owner gets it.
///
/// # Errors
/// When the machine gives no random bytes.
pub fn secret() -> Result<(String, Secret)> {
    let text = hex(&random::<SECRET_BYTES>()?);
    Ok((text.clone(), Secret::new(text)))
}

/// A new public id.
///
/// # Errors
/// When the machine gives no random bytes.
pub fn id() -> Result<String> {
    Ok(hex(&random::<ID_BYTES>()?))
}

/// A password as it is kept: until another is set.
pub fn password(person: &str, hash: String, now_ms: i64) -> Credential {
    Credential {
        id: String::new(),
        person: person.to_owned(),
        kind: CredentialKind::Password,
        hash,
        since_ms: now_ms,
        used_ms: now_ms,
        expires_ms: i64::MAX,
    }
}

/// A new token: what its owner gets, and what is kept of it.
///
/// # Errors
/// When the machine gives no random bytes.
pub fn token(person: &str, now_ms: i64, expires_ms: i64) -> Result<(String, Credential)> {
    let (text, secret) = secret()?;
    let credential = Credential {
        id: id()?,
        person: person.to_owned(),
        kind: CredentialKind::Token,
        hash: secret.hash(),
        since_ms: now_ms,
        used_ms: now_ms,
        expires_ms,
    };
    Ok((text, credential))
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut random| random.read_exact(&mut bytes))
        .context("no random bytes")?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_verified_and_nobody_has_none() {
        let hashed = hash("correct horse 电池").unwrap();
        assert!(hashed.starts_with("$argon2id$"));
        assert!(verify("correct horse 电池", Some(&hashed)));
        assert!(!verify("correct horse", Some(&hashed)));
        assert!(!verify("correct horse 电池", None));
        assert!(!verify("x", Some("no hash")));
        assert_ne!(hashed, hash("correct horse 电池").unwrap());
        assert!(hash("short").is_err() && hash(&"x".repeat(300)).is_err());
    }

    #[test]
    fn secrets_are_long_and_different() {
        let (text, one) = secret().unwrap();
        let (_, other) = secret().unwrap();
        assert_eq!(text.len(), 64);
        assert_ne!(one.hash(), other.hash());
        assert_ne!(one.hash(), one.form_token());
    }
}
