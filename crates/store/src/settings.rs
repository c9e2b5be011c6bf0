//! Settings: a few named texts about the database itself. How it was born cannot be changed.

use crate::database::{Connection, Db, Tx};
use crate::error::{Result, StoreError};
use crate::query::Query;

/// `true` or `false`: whether this database was created for trials. Unchangeable.
pub const SYNTHETIC: &str = "synthetic";
/// When this database was created, unix milliseconds. Unchangeable.
pub const CREATED_AT: &str = "created_at";
/// A sealed word and its blind index, by which the key file is recognised.
const KEY_CHECK: &str = "key_check";
const KEY_CHECK_WORD: &str = "惠民";

const REASON: &str = "settings";

/// Read a setting.
///
/// # Errors
/// The database's.
pub async fn setting(connection: &impl Connection, name: &str) -> Result<Option<String>> {
    Query::system(REASON, "SELECT value FROM setting WHERE name = ?")
        .bind(name)
        .optional_as(connection, |row| row.get("value"))
        .await
}

/// Write a setting.
///
/// # Errors
/// [`StoreError::Refused`] for [`SYNTHETIC`] and [`CREATED_AT`].
pub async fn set_setting(tx: &Tx, name: &str, value: &str) -> Result<()> {
    let changed = Query::system(REASON, "UPDATE setting SET value = ? WHERE name = ?")
        .bind(value)
        .bind(name)
        .execute(tx)
        .await?;
    if changed == 0 {
        insert(tx, name, value).await?;
    }
    Ok(())
}

async fn insert(tx: &Tx, name: &str, value: &str) -> Result<()> {
    Query::system(REASON, "INSERT INTO setting (name, value) VALUES (?, ?)")
        .bind(name)
        .bind(value)
        .execute(tx)
        .await
        .map(drop)
}

pub(crate) async fn write_birth(db: &Db, synthetic: bool) -> Result<()> {
    let tx = db.begin().await?;
    insert(&tx, SYNTHETIC, if synthetic { "true" } else { "false" }).await?;
    insert(&tx, CREATED_AT, &crate::machine_now().to_string()).await?;
    let keys = db.keys();
    let check =
        format!("{} {}", hex::encode(keys.seal(KEY_CHECK_WORD)?), keys.blind(KEY_CHECK, KEY_CHECK_WORD));
    insert(&tx, KEY_CHECK, &check).await?;
    tx.commit().await
}

/// A wrong key file found at the first sealed field would be found too late: half the fields would be under each.
pub(crate) async fn check_keys(db: &Db) -> Result<()> {
    let foreign = || StoreError::Keys("密钥文件不属于这个数据库，请换用建库时的密钥文件".to_owned());
    let check = setting(db, KEY_CHECK).await?.ok_or_else(foreign)?;
    let (sealed, blind) = check.split_once(' ').ok_or_else(foreign)?;
    let sealed = hex::decode(sealed).map_err(|_| foreign())?;
    let keys = db.keys();
    let opens = keys.open(&sealed).is_ok_and(|word| word.as_str() == KEY_CHECK_WORD);
    if !opens || blind != keys.blind(KEY_CHECK, KEY_CHECK_WORD) {
        return Err(foreign());
    }
    // Sealed again by the newest key, so that the old one can be retired.
    if keys.is_stale(&sealed)? {
        let tx = db.begin().await?;
        set_setting(&tx, KEY_CHECK, &format!("{} {blind}", hex::encode(keys.seal(KEY_CHECK_WORD)?))).await?;
        tx.commit().await?;
    }
    Ok(())
}
