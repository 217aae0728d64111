//! HPKE base mode over a webhook (RFC 9180): X25519, HKDF-SHA256, ChaCha20-Poly1305.

use std::convert::Infallible;

use hpke::{
    Deserializable, OpModeR, OpModeS, Serializable as _,
    aead::{AeadCtxS, AeadTag, ChaCha20Poly1305},
    inout::InOutBuf,
    kdf::HkdfSha256,
    rand_core::{TryCryptoRng, TryRng},
    setup_receiver, setup_sender_with_rng,
};

use crate::{Envelope, Heading, KeyId, OwnerKeys, RelayError, SealingPublic, Webhook};

pub(crate) type Kem = hpke::kem::X25519HkdfSha256;

/// Separates these seals from any other use of the same keys.
const INFO: &[u8] = b"sala relay webhook 1";

/// Poly1305's tag, in bytes, at the end of the ciphertext.
const TAG: usize = 16;

/// A seal made ready for one webhook. Making it ready is the slow half (two multiplications on the curve) and
/// needs no heading, so that many can be made at once; pressing it is quick and happens in the order of the
/// chain.
pub struct Sealer {
    sealed_to: KeyId,
    encapsulated: Vec<u8>,
    context: AeadCtxS<ChaCha20Poly1305, HkdfSha256, Kem>,
}

impl Sealer {
    /// `Malformed` when the key is no point that X25519 accepts.
    pub fn ready(owner: &SealingPublic, rng: &mut impl rand::CryptoRng) -> Result<Self, RelayError> {
        let weak = RelayError::Malformed("the sealing key cannot be sealed to");
        let Ok(public) = <Kem as hpke::Kem>::PublicKey::from_bytes(owner.as_bytes()) else {
            return Err(weak);
        };
        match setup_sender_with_rng::<ChaCha20Poly1305, HkdfSha256, Kem>(
            &OpModeS::Base,
            &public,
            INFO,
            &mut Entropy(rng),
        ) {
            Ok((encapsulated, context)) => Ok(Self {
                sealed_to: owner.key_id(),
                encapsulated: encapsulated.to_bytes().to_vec(),
                context,
            }),
            Err(_) => Err(weak),
        }
    }

    pub fn sealed_to(&self) -> KeyId {
        self.sealed_to
    }

    /// Seals the bytes of [`Webhook::to_bytes`] in place.
    pub fn press(mut self, heading: Heading, mut contents: Vec<u8>) -> Result<Envelope, RelayError> {
        let associated = heading.associated_data();
        let tag = self
            .context
            .seal_inout_detached(InOutBuf::from(contents.as_mut_slice()), &associated)
            .map_err(|_| RelayError::Malformed("too long to be sealed"))?;
        contents.extend_from_slice(&tag.to_bytes());
        Ok(Envelope {
            heading,
            sealed_to: self.sealed_to,
            encapsulated: self.encapsulated,
            ciphertext: contents,
        })
    }
}

/// Seals one webhook; its method and path are the heading's.
pub fn seal(
    owner: &SealingPublic,
    heading: Heading,
    webhook: &Webhook,
    rng: &mut impl rand::CryptoRng,
) -> Result<Envelope, RelayError> {
    Sealer::ready(owner, rng)?.press(heading, webhook.to_bytes())
}

/// `OtherKey` when sealed to an earlier pairing's key, `Tampered` when anything was changed.
pub fn open(keys: &OwnerKeys, envelope: &Envelope) -> Result<Webhook, RelayError> {
    if envelope.sealed_to != keys.sealing_public().key_id() {
        return Err(RelayError::OtherKey);
    }
    let contents = unseal(keys, envelope).ok_or(RelayError::Tampered)?;
    Webhook::from_bytes(&envelope.heading.method, envelope.heading.path, &contents)
}

fn unseal(keys: &OwnerKeys, envelope: &Envelope) -> Option<Vec<u8>> {
    let encapsulated = <Kem as hpke::Kem>::EncappedKey::from_bytes(&envelope.encapsulated).ok()?;
    let mut context = setup_receiver::<ChaCha20Poly1305, HkdfSha256, Kem>(
        &OpModeR::Base,
        &keys.sealing_secret(),
        &encapsulated,
        INFO,
    )
    .ok()?;
    let (contents, tag) =
        envelope.ciphertext.split_at_checked(envelope.ciphertext.len().checked_sub(TAG)?)?;
    let tag = AeadTag::<ChaCha20Poly1305>::from_bytes(tag).ok()?;
    let mut contents = contents.to_vec();
    let associated = envelope.heading.associated_data();
    context.open_inout_detached(InOutBuf::from(contents.as_mut_slice()), &associated, &tag).ok()?;
    Some(contents)
}

/// Our randomness in the shape that the HPKE library asks for (its trait is one version ahead of ours).
struct Entropy<'r, R>(&'r mut R);

impl<R: rand::CryptoRng> TryRng for Entropy<'_, R> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl<R: rand::CryptoRng> TryCryptoRng for Entropy<'_, R> {}
