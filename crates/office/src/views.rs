//! Saved views: what somebody asks of a list - filters, sort, columns - kept under a name, for oneself or for everybody of the office, and
//! perhaps what the list opens with. A view grants nothing: the list asks for rights and scope as ever.
//!
//! A list is named by its page (`records/care_institution`). What is asked may hold people's names and numbers and is kept sealed. Views
//! belong to the office at which they were made; whoever sits at another of their posts has other ones.

use serde_json::json;
use store::{AuditEntry, Migration, Query, Scope, ScopeColumns, StaffId, id_type};

use crate::access::{Granted, Permission};
use crate::{Office, OfficeError, audited};

id_type! {
    /// A saved view.
    ListViewId,
}

/// Tables of this module.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "20261127_list_view", sql: include_str!("../migrations/20261127_list_view.sql") }];

/// Scope columns of `list_view v`.
const VIEW_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "v.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};
/// Views that one of the staff keeps of a list.
const OWN_MAX: usize = 20;
/// Views that a list shows.
const SHOWN_MAX: usize = 60;
/// Characters of a name.
const NAME_MAX: usize = 20;
const DEFAULTS: &str = "with what a list opens for whoever asks";

/// What is asked of a list, as its address has it.
pub type Pairs = Vec<(String, String)>;

/// A saved view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListView {
    /// The view.
    pub id: ListViewId,
    /// Its name.
    pub name: String,
    /// For everybody of the office.
    pub shared: bool,
    /// Who made it.
    pub maker: String,
    /// The reader made it.
    pub own: bool,
    /// Whether the reader may take it away: their own, and what is shared by somebody who has left the office.
    pub may_remove: bool,
    /// The list opens with it for this reader.
    pub opens: bool,
    /// What it asks.
    pub asked: Pairs,
}

/// A view to be kept.
#[derive(Debug, Clone)]
pub struct NewView<'a> {
    /// The list.
    pub list: &'a str,
    /// Its name; a view of one's own with the same name is replaced.
    pub name: &'a str,
    /// For everybody of the office.
    pub shared: bool,
    /// Open the list with it.
    pub opens: bool,
    /// What it asks.
    pub asked: Pairs,
}

/// The views of a list for whoever reads it: their own and those of the office, by name.
///
/// # Errors
/// The database.
pub async fn views<P: Permission>(
    office: &Office,
    reader: &Granted<P>,
    list: &str,
) -> Result<Vec<ListView>, OfficeError> {
    let sql = "SELECT v.id, v.name, v.shared, v.staff_id, v.asked_sealed, s.name AS maker, d.view_id AS opens, \
               (SELECT count(*) FROM post p WHERE p.staff_id = v.staff_id AND p.division_id = v.division_id \
                AND (p.until_on IS NULL OR p.until_on >= ?)) AS posts \
               FROM list_view v JOIN staff s ON s.id = v.staff_id \
               LEFT JOIN list_view_default d ON d.view_id = v.id AND d.staff_id = ? AND d.division_id = v.division_id \
               WHERE {scope} AND v.division_id = ? AND v.list = ? AND (v.shared = ? OR v.staff_id = ?) ORDER BY v.name, v.id LIMIT ?";
    let rows = Query::new(&reader.scope(), &VIEW_COLUMNS, sql)
        .bind(office.now().today())
        .bind(reader.staff)
        .bind(reader.division)
        .bind(list)
        .bind(true)
        .bind(reader.staff)
        .bind(SHOWN_MAX)
        .all(office.db())
        .await?;
    rows.iter()
        .map(|row| {
            let (shared, maker): (bool, StaffId) = (row.get("shared")?, row.get("staff_id")?);
            let asked = office.keys().open(&row.get::<Vec<u8>>("asked_sealed")?)?;
            Ok(ListView {
                id: row.get("id")?,
                name: row.get("name")?,
                shared,
                maker: row.get("maker")?,
                own: maker == reader.staff,
                may_remove: maker == reader.staff || shared && row.get::<i64>("posts")? == 0,
                opens: row.get::<Option<i64>>("opens")?.is_some(),
                asked: serde_json::from_str(&asked)
                    .map_err(|error| OfficeError::Internal(format!("保存的视图读不出来（{error}）")))?,
            })
        })
        .collect()
}

async fn found<P: Permission>(
    office: &Office,
    reader: &Granted<P>,
    list: &str,
    view: ListViewId,
) -> Result<ListView, OfficeError> {
    let found = views(office, reader, list).await?.into_iter().find(|known| known.id == view);
    found.ok_or(OfficeError::NotFound("这个视图"))
}

/// Keeps a view; one of one's own with the same name is replaced.
///
/// # Errors
/// [`OfficeError::Invalid`] for a name that is missing, too long or taken, and when there are too many.
pub async fn save<P: Permission>(
    office: &Office,
    reader: &Granted<P>,
    new: NewView<'_>,
) -> Result<ListViewId, OfficeError> {
    let NewView { list, name, shared, opens, asked } = new;
    let name = name.trim();
    if name.is_empty() {
        return Err(OfficeError::invalid("view_name", "请给视图起个名称。"));
    }
    if name.chars().count() > NAME_MAX {
        return Err(OfficeError::invalid("view_name", format!("名称不超过 {NAME_MAX} 个字。")));
    }
    let known = views(office, reader, list).await?;
    if shared && known.iter().any(|view| view.shared && !view.own && view.name == name) {
        return Err(OfficeError::invalid("view_name", "本单位已有同名的共用视图，请换一个名称。"));
    }
    let own = || known.iter().filter(|view| view.own);
    if own().all(|view| view.name != name) && own().count() >= OWN_MAX {
        let message = format!("最多保存 {OWN_MAX} 个视图，请先删去不用的。");
        return Err(OfficeError::invalid("view_name", message));
    }
    let text = serde_json::to_string(&asked).map_err(|error| OfficeError::Internal(error.to_string()))?;
    let now = office.now().at_ms();
    let tx = office.db().begin().await?;
    let id = Query::new(
        &Scope::System("a view of one's own"),
        &ScopeColumns::NONE,
        "INSERT INTO list_view (list, division_id, staff_id, name, shared, asked_sealed, made_at) VALUES (?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (list, division_id, staff_id, name) DO UPDATE SET shared = excluded.shared, \
         asked_sealed = excluded.asked_sealed, made_at = excluded.made_at RETURNING id",
    )
    .bind(list)
    .bind(reader.division)
    .bind(reader.staff)
    .bind(name)
    .bind(shared)
    .bind(office.keys().seal(&text)?)
    .bind(now)
    .insert(&tx)
    .await?;
    let id = ListViewId(id);
    if !shared {
        // It may have been shared until now.
        Query::system(DEFAULTS, "DELETE FROM list_view_default WHERE view_id = ? AND staff_id <> ?")
            .bind(id)
            .bind(reader.staff)
            .execute(&tx)
            .await?;
    }
    if opens {
        open_with(&tx, reader, list, Some(id)).await?;
    }
    tx.audit(AuditEntry {
        division: Some(reader.division),
        details: json!({ "list": list, "shared": shared }),
        ..audited(now, reader.audit(), "view.saved", ("list_view", id.0))
    })
    .await?;
    tx.commit().await?;
    Ok(id)
}

async fn open_with<P: Permission>(
    tx: &store::Tx,
    reader: &Granted<P>,
    list: &str,
    view: Option<ListViewId>,
) -> Result<(), OfficeError> {
    Query::system(
        DEFAULTS,
        "DELETE FROM list_view_default WHERE list = ? AND division_id = ? AND staff_id = ?",
    )
    .bind(list)
    .bind(reader.division)
    .bind(reader.staff)
    .execute(tx)
    .await?;
    if let Some(view) = view {
        let sql = "INSERT INTO list_view_default (list, division_id, staff_id, view_id) VALUES (?, ?, ?, ?)";
        Query::system(DEFAULTS, sql)
            .bind(list)
            .bind(reader.division)
            .bind(reader.staff)
            .bind(view)
            .execute(tx)
            .await?;
    }
    Ok(())
}

/// Opens the list with a view from now on, or, when `opens` is false, as the list is.
///
/// # Errors
/// [`OfficeError::NotFound`] for a view that is not the reader's nor the office's.
pub async fn set_opening<P: Permission>(
    office: &Office,
    reader: &Granted<P>,
    list: &str,
    view: ListViewId,
    opens: bool,
) -> Result<(), OfficeError> {
    let view = found(office, reader, list, view).await?;
    let tx = office.db().begin().await?;
    open_with(&tx, reader, list, Some(view.id).filter(|_| opens)).await?;
    Ok(tx.commit().await?)
}

/// Takes a view away, for everybody who used it.
///
/// # Errors
/// [`OfficeError::NotFound`]; [`OfficeError::Conflict`] for a view that a colleague shares.
pub async fn remove<P: Permission>(
    office: &Office,
    reader: &Granted<P>,
    list: &str,
    view: ListViewId,
) -> Result<(), OfficeError> {
    let view = found(office, reader, list, view).await?;
    if !view.may_remove {
        return Err(OfficeError::Conflict(format!("这个视图由{}共用，请由其本人删除。", view.maker)));
    }
    let tx = office.db().begin().await?;
    Query::system(DEFAULTS, "DELETE FROM list_view_default WHERE view_id = ?")
        .bind(view.id)
        .execute(&tx)
        .await?;
    Query::new(&reader.scope(), &VIEW_COLUMNS, "DELETE FROM list_view AS v WHERE {scope} AND v.id = ?")
        .bind(view.id)
        .execute_one(&tx)
        .await?;
    tx.audit(AuditEntry {
        division: Some(reader.division),
        details: json!({ "list": list }),
        ..audited(office.now().at_ms(), reader.audit(), "view.removed", ("list_view", view.id.0))
    })
    .await?;
    Ok(tx.commit().await?)
}
