//! How long a sign-in lasts and how many wrong passwords are let pass: settings of the database.

use store::{Connection, Query};

use crate::OfficeError;

/// Limits of signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessSettings {
    /// A session ends after this many hours.
    pub session_hours: i64,
    /// A session ends when nothing was asked for this many minutes.
    pub idle_minutes: i64,
    /// A login is locked after this many wrong passwords in a row; every further one doubles the delay.
    pub wrong_passwords: i64,
    /// The first delay, minutes.
    pub first_lock_minutes: i64,
    /// The longest delay, minutes.
    pub longest_lock_minutes: i64,
    /// A code printed on a paper receipt is good for this many days.
    pub paper_code_days: i64,
    /// A code handed over face to face is good for this many hours.
    pub face_code_hours: i64,
    /// After this many wrong codes in an hour, of all citizens together, no code is taken until fewer were wrong.
    pub wrong_codes_per_hour: i64,
}

impl Default for AccessSettings {
    fn default() -> AccessSettings {
        AccessSettings {
            session_hours: 12,
            idle_minutes: 120,
            wrong_passwords: 5,
            first_lock_minutes: 1,
            longest_lock_minutes: 60,
            paper_code_days: 60,
            face_code_hours: 24,
            wrong_codes_per_hour: 300,
        }
    }
}

impl AccessSettings {
    /// Reads `access.*` settings; what is not set keeps its first value.
    ///
    /// # Errors
    /// The database; a setting that is no positive whole number.
    pub async fn load(connection: &impl Connection) -> Result<AccessSettings, OfficeError> {
        let mut settings = AccessSettings::default();
        let rows = Query::system(
            "limits of signing in",
            "SELECT name, value FROM setting WHERE name LIKE 'access.%'",
        )
        .all(connection)
        .await?;
        for row in rows {
            let name: String = row.get("name")?;
            let value = match name.as_str() {
                "access.session_hours" => &mut settings.session_hours,
                "access.idle_minutes" => &mut settings.idle_minutes,
                "access.wrong_passwords" => &mut settings.wrong_passwords,
                "access.first_lock_minutes" => &mut settings.first_lock_minutes,
                "access.longest_lock_minutes" => &mut settings.longest_lock_minutes,
                "access.paper_code_days" => &mut settings.paper_code_days,
                "access.face_code_hours" => &mut settings.face_code_hours,
                "access.wrong_codes_per_hour" => &mut settings.wrong_codes_per_hour,
                _ => continue,
            };
            let text: String = row.get("value")?;
            *value =
                text.parse().ok().filter(|number| (1..=100_000).contains(number)).ok_or_else(|| {
                    OfficeError::Internal(format!("设置 {name} 应为正整数，现为「{text}」"))
                })?;
        }
        Ok(settings)
    }
}
