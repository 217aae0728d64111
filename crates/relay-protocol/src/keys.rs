//! The owner's two key pairs, grown from two seeds of 32 bytes that the vault can keep.

use std::fmt;

use ed25519_dalek::{Signer, SigningKey};
use hpke::{Kem as _, Serializable as _};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{SealingPublic, SigningPublic, seal::Kem};

#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct OwnerKeys {
    signing_seed: [u8; 32],
    sealing_seed: [u8; 32],
}

impl OwnerKeys {
    pub fn generate(rng: &mut impl rand::CryptoRng) -> Self {
        let mut keys = Self { signing_seed: [0; 32], sealing_seed: [0; 32] };
        rng.fill_bytes(&mut keys.signing_seed);
        rng.fill_bytes(&mut keys.sealing_seed);
        keys
    }

    /// The signing seed first, then the sealing seed.
    pub fn from_seeds(signing_seed: [u8; 32], sealing_seed: [u8; 32]) -> Self {
        Self { signing_seed, sealing_seed }
    }

    /// For the vault alone: whoever has them reads and confirms in the owner's name.
    pub fn seeds(&self) -> (&[u8; 32], &[u8; 32]) {
        (&self.signing_seed, &self.sealing_seed)
    }

    pub fn signing_public(&self) -> SigningPublic {
        SigningPublic::from_bytes(SigningKey::from_bytes(&self.signing_seed).verifying_key().to_bytes())
    }

    pub fn sealing_public(&self) -> SealingPublic {
        let (_, public) = Kem::derive_keypair(&self.sealing_seed);
        SealingPublic::from_bytes(public.to_bytes().into())
    }

    pub(crate) fn sealing_secret(&self) -> <Kem as hpke::Kem>::PrivateKey {
        Kem::derive_keypair(&self.sealing_seed).0
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        SigningKey::from_bytes(&self.signing_seed).sign(message).to_bytes()
    }
}

impl fmt::Debug for OwnerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnerKeys(redacted, {:?})", self.signing_public())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seeds_grow_the_same_keys() {
        let keys = OwnerKeys::generate(&mut rand::rng());
        let (signing, sealing) = keys.seeds();
        let again = OwnerKeys::from_seeds(*signing, *sealing);
        assert_eq!(again.signing_public(), keys.signing_public());
        assert_eq!(again.sealing_public(), keys.sealing_public());
        assert_ne!(OwnerKeys::generate(&mut rand::rng()).sealing_public(), keys.sealing_public());
    }

    #[test]
    fn keys_do_not_show_themselves_in_debug_output() {
        let keys = OwnerKeys::from_seeds([0xAA; 32], [0xBB; 32]);
        let shown = format!("{keys:?}");
        assert!(!shown.contains("aaaa") && !shown.contains("bbbb") && !shown.contains("170"), "{shown}");
    }
}
