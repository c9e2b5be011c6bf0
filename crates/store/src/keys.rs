//! The keys of sealed fields: citizen ids, account and phone numbers, free-text health.
//!
//! A sealed field is SM4-GCM (RFC 8998) under the newest key; beside it stands a *blind index*, HMAC-SM3 of the value, by
//! which it can be found without being read. The keys live in one file (JSON, mode 0600), never in the database and never
//! in its backups: a stolen backup shows no citizen id.
//!
//! **Keep** a printed or offline copy of the file in the safe, apart from the backups. **Loss**: what is sealed is lost
//! for good; the numbers must be collected again. A database refuses to open with another key file. **Rotation**
//! ([`Keys::rotate`], then save, then restart): new values are sealed by the new key, old ones stay readable as long as
//! their key is in the file; a job that reads and writes every sealed column again lets the old key be retired
//! ([`Keys::retire`]). The blind key does not rotate with them: changing it means computing every index anew, offline.
//! One key seals at most 2^32 values (random nonces of 96 bits); a city needs a thousandth of it.

use std::fmt;
use std::path::Path;

use aes_gcm::AesGcm;
use aes_gcm::aead::array::Array;
use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sm3::Sm3;
use sm4::Sm4;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Result, StoreError};
use crate::signing::SignKey;

type Sm4Gcm = AesGcm<Sm4, U12>;

/// The first byte of every sealed value.
const FORMAT: u8 = 1;
const HEADER_BYTES: usize = 5;
const NONCE_BYTES: usize = 12;
const SEAL_KEY_BYTES: usize = 16;
const BLIND_KEY_BYTES: usize = 32;

/// The keys of one database.
pub struct Keys {
    blind: Zeroizing<[u8; BLIND_KEY_BYTES]>,
    /// In ascending order of id; never empty.
    seals: Vec<SealKey>,
    /// In ascending order of id; empty in a file of before.
    signs: Vec<SignKey>,
}

struct SealKey {
    id: u32,
    key: Zeroizing<[u8; SEAL_KEY_BYTES]>,
    /// Unix milliseconds.
    created_at: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    format: u8,
    blind: String,
    seals: Vec<SealText>,
    #[serde(default)]
    signs: Vec<SealText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealText {
    id: u32,
    key: String,
    created_at: i64,
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        self.blind.zeroize();
        self.seals.iter_mut().chain(&mut self.signs).for_each(|key| key.key.zeroize());
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Keys {{ newest: {} }}", self.newest().id)
    }
}

impl Keys {
    /// New keys from the system's randomness.
    ///
    /// # Errors
    /// The system gives none.
    pub fn generate() -> Result<Keys> {
        let mut keys = Keys { blind: random()?, seals: Vec::new(), signs: Vec::new() };
        keys.rotate()?;
        keys.rotate_signing()?;
        Ok(keys)
    }

    /// Read the key file.
    ///
    /// # Errors
    /// Missing, readable by others, or damaged.
    pub fn load(path: &Path) -> Result<Keys> {
        let place = path.display();
        let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| {
            StoreError::Keys(format!(
                "读不到 {place}（{error}）。请把密钥文件放回原处；密钥丢失后，已加密的号码无法恢复"
            ))
        })?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(path)
                .map_err(|error| StoreError::Keys(format!("读不到 {place}：{error}")))?
                .permissions()
                .mode();
            if mode & 0o077 != 0 {
                return Err(StoreError::Keys(format!("{place} 可被其他用户读取，请执行 chmod 600 {place}")));
            }
        }
        Keys::parse(&text).ok_or_else(|| StoreError::Keys(format!("{place} 内容损坏，请从备份的副本恢复")))
    }

    /// Write the key file, readable by its owner only. The old file is replaced at once or not at all.
    ///
    /// # Errors
    /// The file system's.
    pub fn save(&self, path: &Path) -> Result<()> {
        let failed = |error: std::io::Error| StoreError::Keys(format!("写不了 {}：{error}", path.display()));
        let beside = path.with_extension("new");
        // A leftover of a crash between writing and renaming holds nothing that is in use.
        let _ = std::fs::remove_file(&beside);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside).map_err(failed)?;
        std::io::Write::write_all(&mut file, self.text()?.as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        std::fs::rename(&beside, path).map_err(failed)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    /// The key file, made if there is none: at installation only. A file of before gets its first signing key. A database that was made with other keys refuses them.
    ///
    /// # Errors
    /// As [`Keys::load`] and [`Keys::save`].
    pub fn load_or_create(path: &Path) -> Result<Keys> {
        if path.exists() {
            let mut keys = Keys::load(path)?;
            if keys.signs.is_empty() {
                keys.rotate_signing()?;
                keys.save(path)?;
            }
            return Ok(keys);
        }
        let keys = Keys::generate()?;
        keys.save(path)?;
        Ok(keys)
    }

    /// Add a key, which seals from now on.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn rotate(&mut self) -> Result<()> {
        let id = self.seals.last().map_or(0, |newest| newest.id) + 1;
        self.seals.push(SealKey { id, key: random()?, created_at: crate::machine_now() });
        Ok(())
    }

    /// Forget all keys but the newest. First every sealed column must have been sealed again.
    pub fn retire(&mut self) {
        let old = self.seals.len() - 1;
        self.seals.drain(..old);
    }

    /// Seal a text: one byte of format, four of key id, the nonce, then the ciphertext with its tag.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn seal(&self, text: &str) -> Result<Vec<u8>> {
        self.seal_bytes(text.as_bytes())
    }

    /// Seal a photo, a scan, a letter: as [`Keys::seal`].
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn seal_bytes(&self, content: &[u8]) -> Result<Vec<u8>> {
        let newest = self.newest();
        let mut sealed = vec![FORMAT];
        sealed.extend(newest.id.to_be_bytes());
        let nonce = random::<NONCE_BYTES>()?;
        let payload = Payload { msg: content, aad: &sealed };
        let body = newest
            .cipher()
            .encrypt(&Array::from(*nonce), payload)
            .map_err(|_| StoreError::Keys("内容过长，无法加密".to_owned()))?;
        sealed.extend(nonce.iter());
        sealed.extend(body);
        Ok(sealed)
    }

    /// Open a sealed text. It is wiped from memory when dropped.
    ///
    /// # Errors
    /// The key is not in the file, or the value was altered.
    pub fn open(&self, sealed: &[u8]) -> Result<Zeroizing<String>> {
        let altered = || StoreError::Keys("加密内容与密钥不符，或已被改动".to_owned());
        String::from_utf8(self.open_bytes(sealed)?).map(Zeroizing::new).map_err(|_| altered())
    }

    /// Open sealed content.
    ///
    /// # Errors
    /// As [`Keys::open`].
    pub fn open_bytes(&self, sealed: &[u8]) -> Result<Vec<u8>> {
        let id = sealed_by(sealed)?;
        let key = self.seals.iter().find(|key| key.id == id).ok_or_else(|| {
            StoreError::Keys(format!("密钥文件里没有第 {id} 号密钥，请换用包含它的密钥文件"))
        })?;
        let (header, rest) = sealed.split_at(HEADER_BYTES);
        let altered = || StoreError::Keys("加密内容与密钥不符，或已被改动".to_owned());
        let (nonce, body) = rest.split_at_checked(NONCE_BYTES).ok_or_else(altered)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| altered())?;
        key.cipher().decrypt(&Array::from(nonce), Payload { msg: body, aad: header }).map_err(|_| altered())
    }

    /// Whether a value was sealed by an older key, so that the re-sealing job knows what is left.
    ///
    /// # Errors
    /// Not a sealed value.
    pub fn is_stale(&self, sealed: &[u8]) -> Result<bool> {
        Ok(sealed_by(sealed)? != self.newest().id)
    }

    /// The blind index of a value, 64 hexadecimal digits. `kind` keeps equal values of different columns apart; the
    /// caller brings the value into one spelling first (trimmed, upper case).
    pub fn blind(&self, kind: &str, value: &str) -> String {
        let mut mac = self.mac();
        mac.update(&(kind.len() as u64).to_be_bytes());
        mac.update(kind.as_bytes());
        mac.update(value.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }

    fn mac(&self) -> Hmac<Sm3> {
        <Hmac<Sm3> as KeyInit>::new_from_slice(self.blind.as_slice()).expect("HMAC takes keys of any length")
    }

    pub(crate) fn signs(&self) -> &[SignKey] {
        &self.signs
    }

    pub(crate) fn signs_mut(&mut self) -> &mut Vec<SignKey> {
        &mut self.signs
    }

    fn newest(&self) -> &SealKey {
        self.seals.last().expect("generate and parse leave at least one key, and retire keeps the last")
    }

    fn text(&self) -> Result<Zeroizing<String>> {
        let file = KeyFile {
            format: FORMAT,
            blind: hex::encode(self.blind.as_slice()),
            seals: self
                .seals
                .iter()
                .map(|seal| SealText {
                    id: seal.id,
                    key: hex::encode(seal.key.as_slice()),
                    created_at: seal.created_at,
                })
                .collect(),
            signs: self
                .signs
                .iter()
                .map(|sign| SealText {
                    id: sign.id,
                    key: hex::encode(sign.key.as_slice()),
                    created_at: sign.created_at,
                })
                .collect(),
        };
        serde_json::to_string_pretty(&file)
            .map(Zeroizing::new)
            .map_err(|error| StoreError::Keys(error.to_string()))
    }

    fn parse(text: &str) -> Option<Keys> {
        let file: KeyFile = serde_json::from_str(text).ok()?;
        let seals: Vec<SealKey> = file
            .seals
            .iter()
            .map(|seal| Some(SealKey { id: seal.id, key: bytes(&seal.key)?, created_at: seal.created_at }))
            .collect::<Option<_>>()?;
        let signs: Vec<SignKey> = file
            .signs
            .iter()
            .map(|sign| Some(SignKey { id: sign.id, key: bytes(&sign.key)?, created_at: sign.created_at }))
            .collect::<Option<_>>()?;
        let ascending = seals.windows(2).all(|pair| pair[0].id < pair[1].id)
            && signs.windows(2).all(|pair| pair[0].id < pair[1].id);
        if file.format != FORMAT || seals.is_empty() || !ascending || !signs.iter().all(SignKey::is_sound) {
            return None;
        }
        Some(Keys { blind: bytes(&file.blind)?, seals, signs })
    }
}

impl SealKey {
    fn cipher(&self) -> Sm4Gcm {
        Sm4Gcm::new(&Array::from(*self.key))
    }
}

fn sealed_by(sealed: &[u8]) -> Result<u32> {
    match sealed {
        [FORMAT, a, b, c, d, ..] => Ok(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => Err(StoreError::Keys("这不是加密内容".to_owned())),
    }
}

pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|error| StoreError::Keys(format!("系统不给随机数：{error}")))?;
    Ok(bytes)
}

fn bytes<const N: usize>(text: &str) -> Option<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    hex::decode_to_slice(text, bytes.as_mut_slice()).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8998, appendix A.1.
    #[test]
    fn sm4_gcm_equals_the_published_vector() {
        let key: [u8; 16] = hex::decode("0123456789abcdeffedcba9876543210").unwrap().try_into().unwrap();
        let nonce: [u8; 12] = hex::decode("00001234567800000000abcd").unwrap().try_into().unwrap();
        let aad = hex::decode("feedfacedeadbeeffeedfacedeadbeefabaddad2").unwrap();
        let message = hex::decode(concat!(
            "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd",
            "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa"
        ))
        .unwrap();
        let sealed = Sm4Gcm::new(&Array::from(key))
            .encrypt(&Array::from(nonce), Payload { msg: &message, aad: &aad })
            .unwrap();
        assert_eq!(
            hex::encode(sealed),
            concat!(
                "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735",
                "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d",
                "83de3541e4c2b58177e065a9bf7b62ec"
            )
        );
    }

    #[test]
    fn a_sealed_text_opens_and_alteration_is_noticed() {
        let keys = Keys::generate().unwrap();
        let sealed = keys.seal("990301198001010018").unwrap();
        assert_eq!(keys.open(&sealed).unwrap().as_str(), "990301198001010018");
        assert_ne!(sealed, keys.seal("990301198001010018").unwrap());
        for index in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[index] ^= 1;
            assert!(keys.open(&altered).is_err(), "byte {index}");
        }
        for length in 0..sealed.len() {
            assert!(keys.open(&sealed[..length]).is_err());
        }
        assert!(Keys::generate().unwrap().open(&sealed).is_err());
        assert_eq!(keys.open(&keys.seal("").unwrap()).unwrap().as_str(), "");
    }

    #[test]
    fn rotation_reads_the_old_and_retiring_forgets_it() {
        let mut keys = Keys::generate().unwrap();
        let (old, blind) = (keys.seal("旧").unwrap(), keys.blind("citizen_id", "x"));
        keys.rotate().unwrap();
        let new = keys.seal("新").unwrap();
        assert!(keys.is_stale(&old).unwrap() && !keys.is_stale(&new).unwrap());
        assert_eq!(keys.open(&old).unwrap().as_str(), "旧");
        assert_eq!(keys.blind("citizen_id", "x"), blind);
        keys.retire();
        assert!(keys.open(&old).is_err());
        assert_eq!(keys.open(&new).unwrap().as_str(), "新");
    }

    #[test]
    fn blind_indexes_know_their_kind_and_key() {
        let keys = Keys::generate().unwrap();
        assert_eq!(keys.blind("phone", "1").len(), 64);
        assert_ne!(keys.blind("phone", "1"), keys.blind("account", "1"));
        assert_ne!(keys.blind("ab", "c"), keys.blind("a", "bc"));
        assert_ne!(keys.blind("phone", "1"), Keys::generate().unwrap().blind("phone", "1"));
    }

    #[test]
    fn the_file_keeps_everything_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        assert!(Keys::load(&path).is_err());
        let mut keys = Keys::load_or_create(&path).unwrap();
        keys.rotate().unwrap();
        keys.save(&path).unwrap();
        let sealed = keys.seal("账号").unwrap();
        let loaded = Keys::load_or_create(&path).unwrap();
        assert_eq!(loaded.open(&sealed).unwrap().as_str(), "账号");
        assert_eq!(loaded.blind("a", "b"), keys.blind("a", "b"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
            assert!(matches!(Keys::load(&path), Err(StoreError::Keys(text)) if text.contains("chmod 600")));
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        std::fs::write(&path, "{}").unwrap();
        assert!(Keys::load(&path).is_err());
    }
}
