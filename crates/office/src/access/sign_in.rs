//! Signing in: staff by login and password, citizens by a one-time code and the last four of their ID.
//!
//! Every wrong sign-in gets the same answer in the same time, is counted and audited. After some
//! wrong passwords the login is locked for a delay that doubles; a citizen's code dies, and after too many wrong codes of all
//! together none is taken for a while.

use store::{AuditActor, AuditEntry, PersonId, Query, Scope, ScopeColumns, StaffId, Tx};

use super::password::{self, Secret};
use super::session::{self, SignedIn};
use super::settings::AccessSettings;
use crate::access::Actor;
use crate::people::sealing;
use crate::{Office, OfficeError, audited};

const SIGN_IN: Scope = Scope::System("signing in: nobody is known yet");

fn wrong_password() -> OfficeError {
    OfficeError::SignIn(
        "登录名或密码不正确，或者账号暂时不能登录。请核对后稍等再试；忘记密码请联系本单位管理员。".to_owned(),
    )
}

fn wrong_code() -> OfficeError {
    OfficeError::SignIn(
        "验证码或身份证号后四位不正确，或者验证码已经用过、已经过期。请到村（社区）或乡镇（街道）窗口重新领取。"
            .to_owned(),
    )
}

/// Signs a member of staff in. They stand at the first of their posts until they switch.
///
/// # Errors
/// [`OfficeError::SignIn`] with one text for every reason.
pub async fn sign_in_staff(
    office: &Office,
    login: &str,
    password: &str,
) -> Result<(Secret, SignedIn), OfficeError> {
    let now = office.now();
    let at = now.at_ms();
    let login = login.trim().to_lowercase();
    let row = Query::new(
        &SIGN_IN,
        &ScopeColumns::NONE,
        "SELECT s.id, s.password, s.failed_count, s.locked_until, s.disabled_at, s.division_id FROM staff s WHERE s.login = ?",
    )
    .bind(login.as_str())
    .optional(office.db())
    .await?;
    let stored = row.as_ref().map(|row| row.get::<String>("password")).transpose()?;
    let right = password::verify(password.to_owned(), stored).await?;
    let Some(row) = row else {
        let tx = office.db().begin().await?;
        tx.audit(AuditEntry {
            details: serde_json::json!({ "reason": "unknown login" }),
            ..audited(at, AuditActor::default(), "sign_in.failed", ("staff", 0))
        })
        .await?;
        tx.commit().await?;
        return Err(wrong_password());
    };
    let staff: StaffId = row.get("id")?;
    let division = row.get("division_id")?;
    let failed: i64 = row.get("failed_count")?;
    let locked = row.get::<Option<i64>>("locked_until")?.is_some_and(|until| until > at);
    let disabled = row.get::<Option<i64>>("disabled_at")?.is_some();
    let settings = AccessSettings::load(office.db()).await?;
    let who = AuditActor { staff: Some(staff), ..AuditActor::default() };
    let tx = office.db().begin().await?;
    if right && !locked && !disabled {
        Query::new(
            &SIGN_IN,
            &ScopeColumns::NONE,
            "UPDATE staff SET failed_count = 0, locked_until = NULL WHERE id = ?",
        )
        .bind(staff)
        .execute(&tx)
        .await?;
        if let Some((token, signed_in)) = session::open_staff(office, &tx, now, &settings, staff).await? {
            let actor = match &signed_in {
                SignedIn::Staff(actor) => actor.audit(),
                SignedIn::Citizen(citizen) => citizen.audit(),
            };
            tx.audit(AuditEntry {
                division: Some(division),
                ..audited(at, actor, "sign_in", ("staff", staff.0))
            })
            .await?;
            tx.commit().await?;
            return Ok((token, signed_in));
        }
    } else if !right {
        // A sign-in while locked counts too, so that guessing on only makes the delay longer.
        let failed = failed + 1;
        let over = failed - settings.wrong_passwords;
        let until = (over >= 0).then(|| {
            let minutes = settings
                .first_lock_minutes
                .saturating_mul(1 << over.min(20))
                .min(settings.longest_lock_minutes);
            at + minutes * 60_000
        });
        Query::new(
            &SIGN_IN,
            &ScopeColumns::NONE,
            "UPDATE staff SET failed_count = ?, locked_until = ? WHERE id = ?",
        )
        .bind(failed)
        .bind(until)
        .bind(staff)
        .execute(&tx)
        .await?;
    }
    let reason = match (right, disabled, locked) {
        (false, _, _) => "wrong password",
        (true, true, _) => "disabled",
        (true, false, true) => "locked",
        (true, false, false) => "no post",
    };
    tx.audit(AuditEntry {
        division: Some(division),
        details: serde_json::json!({ "reason": reason }),
        ..audited(at, who, "sign_in.failed", ("staff", staff.0))
    })
    .await?;
    tx.commit().await?;
    Err(wrong_password())
}

/// Changes the own password; the other sessions of the account end.
///
/// # Errors
/// [`OfficeError::Invalid`] when the old password is wrong or the new one too easy.
pub async fn change_password(
    office: &Office,
    actor: &Actor,
    old: &str,
    new: &str,
) -> Result<(), OfficeError> {
    let at = office.now().at_ms();
    let row = Query::new(
        &SIGN_IN,
        &ScopeColumns::NONE,
        "SELECT s.login, s.name, s.password FROM staff s WHERE s.id = ?",
    )
    .bind(actor.staff)
    .one(office.db())
    .await?;
    if !password::verify(old.to_owned(), Some(row.get("password")?)).await? {
        return Err(OfficeError::invalid("old_password", "原密码不正确。"));
    }
    if let Some(message) =
        password::refuse_weak(new, &row.get::<String>("login")?, &row.get::<String>("name")?)
    {
        return Err(OfficeError::invalid("new_password", message));
    }
    if new == old {
        return Err(OfficeError::invalid("new_password", "新密码不能与原密码相同。"));
    }
    let hash = password::hash(new.to_owned()).await?;
    let tx = office.db().begin().await?;
    Query::new(
        &SIGN_IN,
        &ScopeColumns::NONE,
        "UPDATE staff SET password = ?, must_change = ?, version = version + 1 WHERE id = ?",
    )
    .bind(hash)
    .bind(false)
    .bind(actor.staff)
    .execute(&tx)
    .await?;
    session::revoke_others(&tx, actor.staff, actor.session, at).await?;
    tx.audit(AuditEntry {
        division: Some(actor.division),
        ..audited(at, actor.audit(), "password.changed", ("staff", actor.staff.0))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Signs a citizen in by the code they were given and the last four of their citizen ID. The code is used up.
///
/// # Errors
/// [`OfficeError::SignIn`] with one text for every reason.
pub async fn sign_in_citizen(
    office: &Office,
    code: &str,
    last_four: &str,
) -> Result<(Secret, SignedIn), OfficeError> {
    let now = office.now();
    let at = now.at_ms();
    let code: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let settings = AccessSettings::load(office.db()).await?;
    refuse_guessing(office, &settings, at).await?;
    let tx = office.db().begin().await?;
    let row = Query::new(
        &SIGN_IN,
        &ScopeColumns::NONE,
        "SELECT c.id, c.person_id, c.expires_at, c.used_at, c.failed_count, p.citizen_id_tail_blind, p.died_on, p.residence_division_id \
         FROM citizen_code c JOIN person p ON p.id = c.person_id WHERE c.code_blind = ?",
    )
    .bind(office.keys().blind("citizen_code", &code))
    .optional(&tx)
    .await?;
    let Some(row) = row else {
        note_failure(&tx, at).await?;
        tx.audit(AuditEntry {
            details: serde_json::json!({ "reason": "unknown code" }),
            ..audited(at, AuditActor::default(), "sign_in.failed", ("person", 0))
        })
        .await?;
        tx.commit().await?;
        return Err(wrong_code());
    };
    let id: i64 = row.get("id")?;
    let person: PersonId = row.get("person_id")?;
    let live = row.get::<Option<i64>>("used_at")?.is_none()
        && row.get::<i64>("expires_at")? > at
        && row.get::<i64>("failed_count")? < settings.wrong_passwords
        && row.get::<Option<chrono::NaiveDate>>("died_on")?.is_none();
    let matches =
        row.get::<String>("citizen_id_tail_blind")? == sealing::tail_blind(office.keys(), last_four);
    let who = AuditActor { person: Some(person), ..AuditActor::default() };
    let division = Some(row.get("residence_division_id")?);
    if live && matches {
        let used = Query::new(
            &SIGN_IN,
            &ScopeColumns::NONE,
            "UPDATE citizen_code SET used_at = ? WHERE id = ? AND used_at IS NULL",
        )
        .bind(at)
        .bind(id)
        .execute(&tx)
        .await?;
        if used == 1 {
            let (token, signed_in) = session::open_citizen(&tx, now, &settings, person).await?;
            let actor = match &signed_in {
                SignedIn::Citizen(citizen) => citizen.audit(),
                SignedIn::Staff(actor) => actor.audit(),
            };
            tx.audit(AuditEntry { division, ..audited(at, actor, "sign_in", ("person", person.0)) }).await?;
            tx.commit().await?;
            return Ok((token, signed_in));
        }
    }
    if !matches {
        Query::new(
            &SIGN_IN,
            &ScopeColumns::NONE,
            "UPDATE citizen_code SET failed_count = failed_count + 1 WHERE id = ?",
        )
        .bind(id)
        .execute(&tx)
        .await?;
    }
    note_failure(&tx, at).await?;
    tx.audit(AuditEntry {
        division,
        details: serde_json::json!({ "reason": if matches { "code not live" } else { "wrong last four" } }),
        ..audited(at, who, "sign_in.failed", ("person", person.0))
    })
    .await?;
    tx.commit().await?;
    Err(wrong_code())
}

const HOUR_MS: i64 = 3_600_000;

/// Refuses every code while too many were wrong, wherever they came from: a code is eight digits, and what one address may ask
/// ([`AccessSettings::wrong_passwords`] per code, the limits of `web` per address) does not slow a thousand addresses.
async fn refuse_guessing(office: &Office, settings: &AccessSettings, at: i64) -> Result<(), OfficeError> {
    let wrong: i64 =
        Query::new(&SIGN_IN, &ScopeColumns::NONE, "SELECT count(*) FROM code_failure WHERE at > ?")
            .bind(at - HOUR_MS)
            .scalar(office.db())
            .await?;
    if wrong < settings.wrong_codes_per_hour {
        return Ok(());
    }
    Err(OfficeError::SignIn(
        "近一小时验证码输错的次数过多，验证码登录已暂停，您的验证码没有作废。请过一会儿再试，急办的请到村（社区）或者乡镇（街道）窗口。"
            .to_owned(),
    ))
}

async fn note_failure(tx: &Tx, at: i64) -> Result<(), OfficeError> {
    Query::new(&SIGN_IN, &ScopeColumns::NONE, "INSERT INTO code_failure (at) VALUES (?)")
        .bind(at)
        .execute(tx)
        .await?;
    Ok(())
}
