//! What the second township and its county say of the plan, leads, a simulation.

use office::access::Actor;
use office::casework::attachments;
use office::{divisions, simulation};
use store::Query;

use super::AMOUNT;
use crate::testing::{Town, grant};

/// A value of the plan that the second township's county has reported.
pub(super) async fn plan_value(town: &Town) -> String {
    Query::system(
        "test",
        "INSERT INTO plan_value (plan, indicator, division_id, month, units, scale, evidence, state, reported_by, reported_at) \
         VALUES ('wuhai_145', 'wh_i005', ?, ?, 60, 0, '区民政局台账', 'reported', ?, ?) RETURNING id",
    )
    .bind(town.county)
    .bind(vocab::Month::new(2025, 12).unwrap())
    .bind(town.administrator.staff)
    .bind(town.office.now().at_ms())
    .insert(town.office.db())
    .await
    .unwrap()
    .to_string()
}

/// A split or an adjustment of the plan that waits for a second person.
pub(super) async fn plan_row(town: &Town, table: &str) -> String {
    let prefecture = divisions::by_code(town.office.db(), "150300").await.unwrap().id;
    let (columns, values) = match table {
        "plan_split" => ("", ""),
        _ => (", year, units, scale, reason, document", ", 2025, 54, 0, '中期评估', '乌民发〔2023〕9号'"),
    };
    let sql = format!(
        "INSERT INTO {table} (plan, indicator, division_id, state, proposed_by, proposed_at{columns}) \
         VALUES ('wuhai_145', 'wh_i005', ?, 'proposed', ?, ?{values}) RETURNING id"
    );
    Query::system("test", sql)
        .bind(prefecture)
        .bind(town.administrator.staff)
        .bind(town.office.now().at_ms())
        .insert(town.office.db())
        .await
        .unwrap()
        .to_string()
}

/// What stands around the plan: an alert of the second township's county, a run of the final evaluation with its paper and what was said of it, and an entry
/// that is public. The alert and the comment.
pub(super) async fn plan_alive(town: &Town) -> (String, String) {
    let prefecture = divisions::by_code(town.office.db(), "150300").await.unwrap().id;
    let (by, at) = (town.administrator.staff, town.office.now().at_ms());
    let db = town.office.db();
    let alert = Query::system(
        "test",
        "INSERT INTO plan_alert (plan, kind, entry, division_id, due_month, grounds, state, raised_at) \
         VALUES ('wuhai_145', 'will_miss', 'wh_i005', ?, ?, '照现在的速度达不到', 'open', ?) RETURNING id",
    );
    let alert =
        alert.bind(town.county).bind(vocab::Month::new(2026, 12).unwrap()).bind(at).insert(db).await.unwrap();
    let comment = "INSERT INTO plan_evaluation_comment (plan, kind, year, about, words, written_by, written_at) \
                   VALUES ('wuhai_145', 'final', 2025, '总体', '请附台账', ?, ?) RETURNING id";
    let comment = Query::system("test", comment).bind(by).bind(at).insert(db).await.unwrap();
    let policy: Actor = town.staff("evaluator", prefecture, "prefecture_policy").await;
    let (manager, reader) = (policy.grant().unwrap(), policy.grant().unwrap());
    let run = office::plans::evaluation::run(&town.office, &manager, &reader, "final-2025").await.unwrap();
    let pdf = Ok(b"%PDF-1.7".to_vec());
    office::plans::evaluation::paper::paper_done(&town.office, run, pdf).await.unwrap();
    let public = "INSERT INTO plan_public (plan, entry, released_by, released_at) VALUES ('wuhai_145', 'wh_i005', ?, ?)";
    Query::system("test", public).bind(by).bind(at).execute(db).await.unwrap();
    (alert.to_string(), comment.to_string())
}

/// A photo with a note of a village of the second township, of each of these stages and tasks. What an office above notes is for everybody below it.
pub(super) async fn plan_files(town: &Town, stages: &[&str]) -> Vec<String> {
    let mut files = Vec::new();
    for stage in stages {
        let note = Query::system(
            "test",
            "INSERT INTO plan_stage_note (plan, stage, division_id, deed, words, noted_by, noted_at) \
             VALUES ('wuhai_145', ?, ?, 'started', '主体封顶', ?, ?) RETURNING id",
        );
        let note = note.bind(*stage).bind(town.village_b).bind(town.administrator.staff);
        let note = note.bind(town.office.now().at_ms()).insert(town.office.db()).await.unwrap();
        let owner = format!("plan_stage_note:{note}");
        let photo =
            attachments::put(&town.office, &owner, "现场.jpg", b"\xff\xd8\xff\xe0photo").await.unwrap();
        files.push(photo.to_string());
    }
    files
}

/// A simulation that the county kept.
pub(super) async fn simulated(town: &Town) -> String {
    let director = town.staff("director2", town.county, "county_director").await;
    let watch = &mut |_, _| store::jobs::Beat::GoOn;
    office::population::refresh(&town.office, watch).await.unwrap();
    let supposition = simulation::Supposition {
        month: town.office.now().month().next(),
        values: Vec::new(),
        texts: Vec::new(),
        raise: None,
    };
    let saved =
        simulation::save(&town.office, &grant(&director), "端木仿真", "", &supposition).await.unwrap();
    simulation::ask_pdf(&town.office, &grant(&director), &grant(&director), saved).await.unwrap();
    simulation::pdf_done(&town.office, saved, Ok("%PDF-1.7 端木仿真".into())).await.unwrap();
    saved.to_string()
}

/// A lead about the family of the second township.
pub(super) async fn lead_of(town: &Town) -> String {
    let id = Query::system(
        "test",
        "INSERT INTO lead (kind, programme, exclusion_group, household_id, county_id, division_id, month, amount_fen, reasons, fingerprint, \
         release_hash, state, found_at, found_on) VALUES ('unclaimed', 'dibao', 'basic_living', ?, ?, ?, ?, ?, '[]', 'x', 'x', 'open', 1, ?) RETURNING id",
    )
    .bind(town.family_b)
    .bind(town.county)
    .bind(town.village_b)
    .bind(town.office.now().month())
    .bind(AMOUNT)
    .bind(town.office.now().today())
    .insert(town.office.db())
    .await
    .unwrap();
    id.to_string()
}
