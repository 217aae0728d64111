//! Signatures over raw bytes, compared in constant time.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::ReceiveError;

/// Lowercase hex of HMAC-SHA256.
pub(crate) fn hmac_sha256_hex(secret: &SecretString, message: &[u8]) -> String {
    hex::encode(hmac_sha256(secret, message))
}

/// The signature is `base64(HMAC-SHA256(secret, body))`, in exactly this spelling.
pub(crate) fn verify_base64(secret: &SecretString, body: &[u8], given: &[u8]) -> Result<(), ReceiveError> {
    same(STANDARD.encode(hmac_sha256(secret, body)).as_bytes(), given)
}

/// The signature is `sha256=` and the lowercase hex of HMAC-SHA256 under any of the live secrets.
pub(crate) fn verify_meta(secrets: &[SecretString], body: &[u8], given: &[u8]) -> Result<(), ReceiveError> {
    secrets
        .iter()
        .map(|secret| same(format!("sha256={}", hmac_sha256_hex(secret, body)).as_bytes(), given))
        .fold(Err(ReceiveError::BadSignature), Result::or)
}

/// Equal, found out in a time that does not depend on where they differ.
pub(crate) fn same(expected: &[u8], given: &[u8]) -> Result<(), ReceiveError> {
    if bool::from(expected.ct_eq(given)) { Ok(()) } else { Err(ReceiveError::BadSignature) }
}

/// Lowercase hex of SHA-256: the key of an event that has no id.
pub(crate) fn digest(content: &str) -> String {
    hex::encode(Sha256::digest(content.as_bytes()))
}

fn hmac_sha256(secret: &SecretString, message: &[u8]) -> Vec<u8> {
    // HMAC takes a key of any length, so the error cannot happen; an empty digest would match nothing.
    Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .map(|mut mac| {
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        })
        .unwrap_or_default()
}
