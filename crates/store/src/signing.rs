//! Signing with SM2 (GB/T 32918, SM3 digest): short proofs that a person shows and anybody checks with the public key, without asking us.
//!
//! The signing keys stand in the key file beside the keys of sealed fields, each with a number that a signature names. **Rotation**
//! ([`Keys::rotate_signing`], then save, then restart): new proofs are signed by the new key, old ones are good as long as their key is in
//! the file, which is as long as a proof may last; then [`Keys::retire_signing`] forgets it. **Loss** costs only the proofs that are out.

use sm2::dsa::signature::{Signer, Verifier};
use sm2::dsa::{Signature, SigningKey, VerifyingKey};
use sm2::{FieldBytes, SecretKey};
use zeroize::Zeroizing;

use crate::error::{Result, StoreError};
use crate::keys::{Keys, random};

/// The signer's name inside every SM2 signature: the standard's default, which checkers assume.
const DISTINGUISHED: &str = "1234567812345678";
pub(crate) const SIGN_KEY_BYTES: usize = 32;

/// A private key of the file.
pub(crate) struct SignKey {
    pub id: u32,
    pub key: Zeroizing<[u8; SIGN_KEY_BYTES]>,
    /// Unix milliseconds.
    pub created_at: i64,
}

/// A signature and the number of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Number of the key in the file.
    pub key: u32,
    /// r and s, 32 bytes each.
    pub signature: Vec<u8>,
}

/// What checkers need of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// Number of the key.
    pub id: u32,
    /// The point, uncompressed: 04 and two coordinates, 130 hexadecimal digits.
    pub point: String,
    /// When it was made, unix milliseconds.
    pub created_at: i64,
}

impl SignKey {
    /// A new key from the system's randomness.
    pub(crate) fn generate(id: u32) -> Result<SignKey> {
        loop {
            let key = random::<SIGN_KEY_BYTES>()?;
            // All but one in 2^32 numbers are keys.
            if SecretKey::from_slice(key.as_slice()).is_ok() {
                return Ok(SignKey { id, key, created_at: crate::machine_now() });
            }
        }
    }

    pub(crate) fn is_sound(&self) -> bool {
        self.signing().is_ok()
    }

    fn signing(&self) -> Result<SigningKey> {
        SigningKey::from_bytes(DISTINGUISHED, &FieldBytes::from(*self.key)).map_err(|_| {
            StoreError::Keys(format!("第 {} 号签名密钥损坏，请从备份的副本恢复密钥文件", self.id))
        })
    }
}

impl Keys {
    /// Sign with the newest key.
    ///
    /// # Errors
    /// The file has no signing key.
    pub fn sign(&self, message: &[u8]) -> Result<Signed> {
        let newest =
            self.signs().last().ok_or_else(|| StoreError::Keys("密钥文件里没有签名密钥".to_owned()))?;
        let signature: Signature =
            newest.signing()?.try_sign(message).map_err(|_| StoreError::Keys("签名没有成功".to_owned()))?;
        Ok(Signed { key: newest.id, signature: signature.to_bytes().to_vec() })
    }

    /// Whether a message was signed by one of the keys of the file.
    #[must_use]
    pub fn is_signed(&self, message: &[u8], signed: &Signed) -> bool {
        let Some(key) = self.signs().iter().find(|key| key.id == signed.key) else { return false };
        let (Ok(signing), Ok(signature)) = (key.signing(), Signature::from_slice(&signed.signature)) else {
            return false;
        };
        let verifying: &VerifyingKey = signing.verifying_key();
        verifying.verify(message, &signature).is_ok()
    }

    /// The public halves of all signing keys, oldest first.
    ///
    /// # Errors
    /// A key is damaged.
    pub fn public_keys(&self) -> Result<Vec<PublicKey>> {
        self.signs()
            .iter()
            .map(|key| {
                let signing = key.signing()?;
                let point = hex::encode(signing.verifying_key().to_sec1_bytes());
                Ok(PublicKey { id: key.id, point, created_at: key.created_at })
            })
            .collect()
    }

    /// Add a signing key, which signs from now on.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn rotate_signing(&mut self) -> Result<()> {
        let id = self.signs().last().map_or(0, |newest| newest.id) + 1;
        let key = SignKey::generate(id)?;
        self.signs_mut().push(key);
        Ok(())
    }

    /// From when on no proof of an older key can be good any more, unix milliseconds, if proofs last `lasting_ms` and every server was
    /// started anew within `restarted_ms` of the rotation; none while there is one key.
    #[must_use]
    pub fn older_signing_over_at(&self, lasting_ms: i64, restarted_ms: i64) -> Option<i64> {
        let (newest, older) = self.signs().split_last()?;
        (!older.is_empty()).then(|| newest.created_at.saturating_add(lasting_ms).saturating_add(restarted_ms))
    }

    /// Forget all signing keys but the newest: once no proof of theirs is good any more ([`Keys::older_signing_over_at`]).
    pub fn retire_signing(&mut self) {
        let old = self.signs().len().saturating_sub(1);
        self.signs_mut().drain(..old);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_message_and_key_alone() {
        let keys = Keys::generate().unwrap();
        let signed = keys.sign("现为低保对象".as_bytes()).unwrap();
        assert_eq!(signed.signature.len(), 64);
        assert!(keys.is_signed("现为低保对象".as_bytes(), &signed));
        assert!(!keys.is_signed("现为特困人员".as_bytes(), &signed));
        assert!(!Keys::generate().unwrap().is_signed("现为低保对象".as_bytes(), &signed));
        for index in (0..signed.signature.len()).step_by(5) {
            let mut altered = signed.clone();
            altered.signature[index] ^= 1;
            assert!(!keys.is_signed("现为低保对象".as_bytes(), &altered), "byte {index}");
        }
        let short = Signed { signature: signed.signature[..63].to_vec(), ..signed.clone() };
        assert!(!keys.is_signed("现为低保对象".as_bytes(), &short));
        let elsewhere = Signed { key: signed.key + 1, ..signed };
        assert!(!keys.is_signed("现为低保对象".as_bytes(), &elsewhere));
    }

    #[test]
    fn rotation_keeps_the_old_good_until_it_is_retired() {
        let mut keys = Keys::generate().unwrap();
        let old = keys.sign(b"x").unwrap();
        keys.rotate_signing().unwrap();
        let new = keys.sign(b"x").unwrap();
        assert_ne!(old.key, new.key);
        assert_eq!(keys.public_keys().unwrap().len(), 2);
        assert!(keys.is_signed(b"x", &old) && keys.is_signed(b"x", &new));
        let made = keys.public_keys().unwrap()[1].created_at;
        assert_eq!(keys.older_signing_over_at(60, 7), Some(made + 67));
        keys.retire_signing();
        assert_eq!(keys.older_signing_over_at(60, 7), None, "nothing is left to retire");
        assert!(!keys.is_signed(b"x", &old) && keys.is_signed(b"x", &new));
    }

    #[test]
    fn a_file_of_before_gets_a_signing_key_and_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let mut keys = Keys::generate().unwrap();
        keys.signs_mut().clear();
        keys.save(&path).unwrap();
        assert!(Keys::load(&path).unwrap().sign(b"x").is_err());
        let opened = Keys::load_or_create(&path).unwrap();
        let signed = opened.sign(b"x").unwrap();
        assert!(Keys::load_or_create(&path).unwrap().is_signed(b"x", &signed));
        assert_eq!(opened.public_keys().unwrap()[0].point.len(), 130);
    }
}
