//! Records of the second township: one in every register that needs nothing else, a care home with its people and papers, what is referred, taken in,
//! changed in bulk and told to other systems.

use catalogue::definition::{Field, FieldKind, Register, Requirement, Target};
use office::access::{KeepRecords, Right};
use office::casework::{attachments, drafts};
use office::forms::{Raw, RawRecord};
use office::records::{self, Deed, NewVersion, letters, page, papers};
use office::{OfficeError, divisions};
use store::{IdempotencyKey, Query};

use super::super::super::money;
use super::{RECORD_PHONE, SHARED_TITLES, scalar};
use crate::testing::{Town, grant};

/// A record in every register that needs nothing else first, each the first of its register; returns the registers.
pub(super) async fn records_of_b(town: &Town) -> Vec<String> {
    let office = &town.office;
    let release = office.release();
    let village = divisions::find(office.db(), town.village_b).await.unwrap().code;
    let mut planted = Vec::new();
    // What is shared comes first, and may point at what came before it.
    let (shared, others): (Vec<&Register>, Vec<&Register>) =
        release.registers.iter().map(|register| &**register).partition(|register| register.shared.is_some());
    for register in shared.into_iter().chain(others) {
        let form = release.record_form(&register.id).unwrap();
        let pointing: Vec<&Field> = form
            .fields()
            .map(|(_, field)| field)
            .filter(|field| field.target().is_some() && !matches!(field.required, Requirement::Optional))
            .collect();
        let there = |field: &&Field| {
            register.shared.is_some()
                && matches!(field.target(), Some(Target::Record(target)) if planted.iter().any(|known| known == target))
        };
        if !pointing.iter().all(there) {
            continue;
        }
        let title = SHARED_TITLES.iter().find(|(reach, _)| Some(*reach) == register.shared);
        let answers = office::forms::specimen(&release, form, 1, "", |_, _, field| {
            Some(Raw::from(match *field.kind {
                _ if pointing.iter().any(|known| known.id == field.id) => "〔1〕",
                FieldKind::Text if register.titled.iter().any(|titled| field.id == *titled.get()) => {
                    title.map_or("轩辕记", |(_, title)| *title)
                }
                FieldKind::Text => "轩辕记",
                FieldKind::Phone => RECORD_PHONE,
                FieldKind::Division => &village,
                FieldKind::Date if *field.id == *"licence_until" || *field.id == *"food_licence_until" => {
                    "2020-01-01"
                }
                FieldKind::Date => "2026-11-01",
                _ => return None,
            }))
        });
        // What only the county keeps is nobody's in a township.
        let Ok(open) = records::open(office, &town.clerk_b, &register.id, Right::KeepRecords) else {
            continue;
        };
        let new = NewVersion { record: None, answers, state: None, deed: Deed::Added, reason: "新登记" };
        let saved = records::save(office, &grant(&town.clerk_b), &open, new, None).await;
        let saved = match saved {
            // Its own conditions refuse what is made up for every register.
            Err(OfficeError::Invalid(_)) => continue,
            saved => saved.unwrap_or_else(|error| panic!("{}: {error}", register.id.get())),
        };
        assert!(matches!(saved, records::Saved::Done(records::RecordId(1))), "{saved:?}");
        planted.push(register.id.get().clone());
    }
    planted
}

/// A register's record of the second township, with these answers beside made-up ones.
pub(super) async fn record_of_b(town: &Town, register: &str, said: &[(&str, &str)]) -> records::RecordId {
    let office = &town.office;
    let release = office.release();
    let form = release.record_form(register).unwrap();
    let answers = office::forms::specimen(&release, form, 0, "", |_, _, field| {
        said.iter().find(|(id, _)| field.id == *id).map(|(_, words)| Raw::from(*words))
    });
    let open = records::open(office, &town.clerk_b, register, Right::KeepRecords).unwrap();
    let new = NewVersion { record: None, answers, state: None, deed: Deed::Added, reason: "新登记" };
    match records::save(office, &grant(&town.clerk_b), &open, new, None).await.unwrap() {
        records::Saved::Done(id) => id,
        other => panic!("{other:?}"),
    }
}

/// The care home of the second township has a resident and a care worker whose training is overdue; another home stands beside it in the same
/// village. The duty.
pub(super) async fn homes_of_b(town: &Town) -> String {
    let village = divisions::find(town.office.db(), town.village_b).await.unwrap().code;
    let person = format!("〔{}〕", town.people_b[0]);
    let home = records::RecordId(1);
    let resident = [("person", person.as_str()), ("institution", "〔1〕"), ("moved_in", "2026-01-01")];
    assert_eq!(record_of_b(town, "care_resident", &resident).await, home);
    let worker = [("person", person.as_str()), ("institution", "〔1〕"), ("hired_on", "2025-01-01")];
    assert_eq!(record_of_b(town, "care_worker", &worker).await, home);
    let beside =
        [("name", "隔壁养老院"), ("credit_code", "12150300MB00000022"), ("division", village.as_str())];
    assert_eq!(record_of_b(town, "care_institution", &beside).await, records::RecordId(2));
    scalar(town, "SELECT min(id) FROM record_duty WHERE register = 'care_worker' AND id > ?", 0).await
}

/// A training of the second township's care worker, with its scan in the row: the file. It was on the day of hiring, so that the next one is
/// overdue as before.
pub(super) async fn training_of_b(town: &Town) -> String {
    let office = &town.office;
    let open = records::open(office, &town.clerk_b, "care_worker", Right::KeepRecords).unwrap();
    let worker = page::for_writing(office, &town.clerk_b, &open, records::RecordId(1)).await.unwrap();
    let owner = drafts::owner_of(&town.clerk_b);
    let scan = attachments::put(office, &owner, "轩辕训.pdf", "%PDF-1.7 轩辕训".as_bytes()).await.unwrap();
    let mut row = RawRecord::new();
    row.insert("trained_on".to_owned(), Raw::from("2025-01-01"));
    row.insert("course".to_owned(), Raw::from("护理技能"));
    row.insert("training_proof".to_owned(), Raw::Text(scan.to_string()));
    let mut answers = worker.answers(open.register());
    answers.set_list("trainings", vec![row]);
    let record = Some((worker.id, worker.version));
    let new = NewVersion { record, answers, state: None, deed: Deed::Changed, reason: "补登培训" };
    let saved = records::save(office, &grant(&town.clerk_b), &open, new, None).await.unwrap();
    assert!(matches!(saved, records::Saved::Done(_)), "{saved:?}");
    scalar(town, "SELECT max(id) FROM record_file WHERE id > ?", 0).await
}

/// Another system that the prefecture's administrator tells of changes.
pub(super) async fn subscribed(town: &Town) -> String {
    let mut root = town.browser("root").await;
    let fields = [
        ("title", "轩辕推送平台"),
        ("address", "https://example.gov.cn/receive"),
        ("signs", "hmac-sm3"),
        ("secret", "0123456789abcdef"),
        ("registers", "care_institution"),
    ];
    let made = root.post("/desk/admin/subscriptions", &fields).await;
    assert!(made.status.is_redirection(), "{}", made.text);
    made.location().rsplit('/').next().unwrap().to_owned()
}

/// A referral of somebody of the second township to the medical insurance, entered by the clerk.
pub(super) async fn referred(town: &Town) -> String {
    let office = &town.office;
    let release = office.release();
    let form = release.record_form("referral").unwrap();
    let village = divisions::find(office.db(), town.village_b).await.unwrap().code;
    let person = format!("〔{}〕", town.people_b[0]);
    let answers = office::forms::specimen(&release, form, 1, "", |_, _, field| {
        Some(Raw::from(match field.id.as_str() {
            "person" => person.as_str(),
            "village" => village.as_str(),
            "kind" => "medical",
            "content" => "轩辕转介",
            "sent_on" => "2026-11-01",
            _ => return None,
        }))
    });
    let open = records::open(office, &town.clerk_b, "referral", Right::KeepRecords).unwrap();
    let new = NewVersion { record: None, answers, state: None, deed: Deed::Added, reason: "新登记" };
    match records::save(office, &grant(&town.clerk_b), &open, new, None).await.unwrap() {
        records::Saved::Done(id) => id.to_string(),
        other => panic!("{other:?}"),
    }
}

/// An import of records, and an upload with faults that waits.
pub(super) async fn records_taken_in(town: &Town) -> (String, String) {
    let mut clerk = town.browser("clerk_b").await;
    let village = divisions::find(town.office.db(), town.village_b).await.unwrap().code;
    let csv = |code: &str, kind: &str| {
        format!("单位名称,统一社会信用代码,类别,住所所在区划\n轩辕入,{code},{kind},{village}\n")
    };
    let there = "/desk/records/organisation/import";
    let seen = money::upload(&mut clerk, there, &[], "单位.csv", &csv("XYZ1", "企业")).await;
    assert!(seen.text.contains("确认导入"), "{}", seen.text);
    let upload = [("upload", seen.field("upload"))];
    let upload: Vec<(&str, &str)> = upload.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let committed = clerk.post("/desk/records/organisation/import/commit", &upload).await;
    let import = committed.location().rsplit('/').next().unwrap().to_owned();
    let kinds = [records::take_in::RECORDS_JOB];
    while let Some(claim) = store::jobs::claim(town.office.db(), &kinds, "test").await.unwrap() {
        records::take_in::work(&town.office, &claim).await.unwrap();
    }
    let seen = money::upload(&mut clerk, there, &[], "单位.csv", &csv("XYZ2", "不知道")).await;
    let corrected = seen.text.split("/import/corrected/").nth(1);
    let upload = corrected.unwrap_or_else(|| panic!("{}", seen.text)).split('"').next().unwrap().to_owned();
    (import, upload)
}

/// A view of a list that the second township shares, and a change of all its organisations that waits to be confirmed.
pub(super) async fn lists_of_b(town: &Town) -> (String, String) {
    let mut clerk = town.browser("clerk_b").await;
    let list = "/desk/records/organisation";
    let view = [("view_name", "轩辕记视图"), ("view_for", "office"), ("_q", "轩辕记")];
    let saved = clerk.post(&format!("{list}/views"), &view).await;
    assert!(saved.status.is_redirection(), "{}", saved.text);
    let view = saved.location().rsplit("in=").next().unwrap().to_owned();
    let change =
        [("_what", "set.address"), ("_which", "all"), ("address", "轩辕入地址"), ("_reason", "核对")];
    let made = clerk.post(&format!("{list}/bulk"), &change).await;
    assert!(made.status.is_redirection(), "{}", made.text);
    (view, made.location().rsplit('/').next().unwrap().to_owned())
}

/// A scan and a letter of the second township's care home: file and letter.
pub(super) async fn papers_of_b(town: &Town) -> (String, String) {
    let office = &town.office;
    let keeper = grant::<KeepRecords>(&town.clerk_b);
    let open = records::open(office, &town.clerk_b, "care_institution", Right::KeepRecords).unwrap();
    let owner = drafts::owner_of(&town.clerk_b);
    let scan = attachments::put(office, &owner, "轩辕证.pdf", "%PDF-1.7 轩辕证".as_bytes()).await.unwrap();
    let key = (&IdempotencyKey::fresh().unwrap(), "test");
    papers::add(office, &keeper, &open, records::RecordId(1), ("registration", &[scan]), key).await.unwrap();
    // Only the county suspends a home: its letter is put beside it as that leaves it.
    let letter = Query::system(
        "test",
        "INSERT INTO record_letter (register, record_id, version, letter, number, title, release_hash, content_sealed, dated_on, made_at) \
         VALUES ('care_institution', 1, 1, 'care_suspended', '轩辕停〔2026〕1号', '轩辕停', ?, ?, ?, 0) RETURNING id",
    )
    .bind(office.release().hash.as_str())
    .bind(office.keys().seal("{}").unwrap())
    .bind(office.now().today())
    .insert(office.db())
    .await
    .unwrap();
    letters::done(office, records::RecordLetterId(letter), Ok("%PDF-1.7 轩辕停".into())).await.unwrap();
    (scalar(town, "SELECT min(id) FROM record_file WHERE id > ?", 0).await, letter.to_string())
}
