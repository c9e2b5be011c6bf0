//! Files of records. At the same moment: what a record, and what a person who has not sent a form yet, may have is never more than it is. In the
//! rows of lists: they come and go with the row that names them, and open for whoever reads the record.

use office::OfficeError;
use office::access::{KeepRecords, ReadRecords, Right};
use office::casework::{AttachmentId, attachments, drafts};
use office::forms::{Answers, Raw, RawRecord, reference_text};
use office::people::{self, NewPerson};
use office::records::page::RecordPage;
use office::records::{Deed, NewVersion, Open, RecordId, Saved, letters, page, papers, save};
use store::{IdempotencyKey, PersonId, Query};
use vocab::CitizenId;

use crate::assistance::moved;
use crate::records::{answers, futures_all, open_in, problems};
use crate::town::{day, grant};
use crate::wuhai::{VILLAGE, Wuhai, cities};

const PAGE: &[u8] = b"%PDF-1.7 certificate";
/// 登记证书和备案回执 of a care home (`packs/national/03-elderly/register-care_institution.toml`).
const REGISTRATION_MAX: usize = 6;
/// Files of one person that belong to nothing yet.
const LOOSE_MAX: usize = 40;

async fn care_home(city: &Wuhai) -> (Open, RecordId) {
    let (office, clerk) = (&city.office, &city.county_clerk);
    let register = open_in(office, clerk, "care_institution", Right::KeepRecords);
    let home = [
        ("name", "福康养老院"),
        ("credit_code", "12150302MB0000001X"),
        ("division", VILLAGE),
        ("kind", "public"),
        ("approved_beds", "80"),
    ];
    let new = NewVersion {
        record: None,
        answers: answers(&register, &home),
        state: None,
        deed: Deed::Added,
        reason: "新登记",
    };
    match save(office, &grant::<KeepRecords>(clerk), &register, new, None).await.unwrap() {
        Saved::Done(home) => (register, home),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn many_at_once_put_no_more_into_a_record_than_it_takes() {
    for city in cities("papers_at_once").await {
        let (office, clerk) = (&city.office, &city.county_clerk);
        let (register, home) = care_home(&city).await;
        let keeper = grant::<KeepRecords>(clerk);
        let owner = drafts::owner_of(clerk);
        let mut uploaded = Vec::new();
        for number in 0..2 * REGISTRATION_MAX {
            let name = format!("{number}.pdf");
            uploaded.push([attachments::put(office, &owner, &name, PAGE).await.unwrap()]);
        }
        let keys: Vec<IdempotencyKey> = uploaded.iter().map(|_| IdempotencyKey::fresh().unwrap()).collect();
        let added = uploaded.iter().zip(&keys).map(|(files, key)| {
            papers::add(
                office,
                &keeper,
                &register,
                home,
                ("registration", files.as_slice()),
                (key, owner.as_str()),
            )
        });
        let mut stand = 0;
        for added in futures_all(added.collect()).await {
            match added {
                Ok(()) => stand += 1,
                Err(error) => assert!(problems(error)["files"].contains("最多放 6 个文件")),
            }
        }
        let reader = grant::<ReadRecords>(clerk);
        let (_, folder) = papers::folder(office, &reader, &register, home, "registration").await.unwrap();
        assert_eq!((stand, folder.kept.len(), folder.room()), (REGISTRATION_MAX, REGISTRATION_MAX, 0));

        // What was not put there is the clerk's still; and no more of that than one person may have.
        let put = |name: &'static str| attachments::put(office, &owner, name, PAGE);
        for _ in REGISTRATION_MAX..LOOSE_MAX - 3 {
            put("存.pdf").await.unwrap();
        }
        let more = futures_all((0..8).map(|_| put("同时.pdf")).collect()).await;
        assert_eq!(more.iter().filter(|put| put.is_ok()).count(), 3);
        for refused in more.into_iter().filter_map(Result::err) {
            assert!(matches!(refused, OfficeError::Invalid(_)), "{refused}");
        }
    }
}

async fn person(city: &Wuhai, name: &str, serial: u16) -> PersonId {
    let new = NewPerson {
        name: name.parse().unwrap(),
        citizen_id: CitizenId::synthetic(7, day("1980-05-01"), serial),
        phone: None,
        division: city.township_clerk.division,
        residence: None,
    };
    let clerk = grant(&city.township_clerk);
    people::register_person(&city.office, &clerk, &new).await.unwrap().person()
}

/// A care worker of a home with one training, and the scan of its certificate if there is one.
fn trained(open: &Open, person: PersonId, home: RecordId, scan: Option<AttachmentId>) -> Answers {
    let (person, home) = (reference_text(person.0), reference_text(home.0));
    let pairs = [("person", person.as_str()), ("institution", home.as_str()), ("skill", "none")];
    let mut answers = answers(open, &pairs);
    let mut row = RawRecord::new();
    row.insert("trained_on".to_owned(), Raw::from("2026-10-10"));
    row.insert("course".to_owned(), Raw::from("失智照护"));
    if let Some(scan) = scan {
        row.insert("training_proof".to_owned(), Raw::from(scan.to_string().as_str()));
    }
    answers.set_list("trainings", vec![row]);
    answers
}

async fn written(
    city: &Wuhai,
    open: &Open,
    record: Option<(RecordId, i64)>,
    answers: Answers,
    reason: &str,
) -> Result<RecordId, OfficeError> {
    let deed = if record.is_some() { Deed::Changed } else { Deed::Added };
    let new = NewVersion { record, answers, state: None, deed, reason };
    match save(&city.office, &grant::<KeepRecords>(&city.county_clerk), open, new, None).await? {
        Saved::Done(id) => Ok(id),
        other => panic!("{other:?}"),
    }
}

async fn shown(city: &Wuhai, open: &Open, id: RecordId) -> RecordPage {
    page::page(&city.office, &grant::<ReadRecords>(&city.county_clerk), open, id).await.unwrap()
}

#[tokio::test]
async fn a_file_belongs_to_the_row_that_names_it() {
    for city in cities("papers_rows").await {
        let (office, clerk) = (&city.office, &city.county_clerk);
        let (_, home) = care_home(&city).await;
        let (one, two) = (person(&city, "金满仓", 1).await, person(&city, "李雪莲", 2).await);
        let open = open_in(office, clerk, "care_worker", Right::KeepRecords);
        let owner = drafts::owner_of(clerk);
        let scan = attachments::put(office, &owner, "合格证.pdf", PAGE).await.unwrap();
        let worker =
            written(&city, &open, None, trained(&open, one, home, Some(scan)), "新登记").await.unwrap();

        // It stands in its row by its name, opens, and the reading is written down.
        let reader = grant::<ReadRecords>(clerk);
        let seen = shown(&city, &open, worker).await;
        let list = &seen.lists[0];
        let links: Vec<_> = list.files.values().flatten().collect();
        let [(file, name)] = links[..] else { panic!("{list:?}") };
        assert_eq!(name, "合格证.pdf");
        assert!(list.rows[0].contains(name), "{list:?}");
        let (view, content) = papers::get(office, &reader, &open, worker, *file).await.unwrap();
        assert_eq!((view.name.as_str(), content.as_slice()), ("合格证.pdf", PAGE));
        let opened = "SELECT COUNT(*) FROM audit WHERE action = 'record.file_opened'";
        assert_eq!(Query::system("test", opened).scalar::<i64>(office.db()).await.unwrap(), 1);
        assert!(attachments::owned(office.db(), &owner, &[scan]).await.unwrap().is_empty(), "it is given");

        // Neighbours find nothing, and no other record takes it.
        let neighbour = &city.neighbour_clerk;
        let theirs = grant::<ReadRecords>(neighbour);
        let beside = papers::get(office, &theirs, &open, worker, *file).await;
        assert!(matches!(beside, Err(OfficeError::NotFound(_))));
        let taken = written(&city, &open, None, trained(&open, two, home, Some(scan)), "新登记").await;
        let problems = problems(taken.unwrap_err());
        assert!(problems["trainings.0.training_proof"].contains("没有找到上传的文件"), "{problems:?}");

        // Taken out of its row it opens no more; the reason stays. An earlier version brings it back.
        let without = trained(&open, one, home, None);
        written(&city, &open, Some((worker, 1)), without, "传错了").await.unwrap();
        let gone = papers::get(office, &reader, &open, worker, *file).await;
        assert!(matches!(gone, Err(OfficeError::NotFound(_))));
        let reason = "SELECT reason FROM record_file WHERE removed_at IS NOT NULL";
        let reason: String = Query::system("test", reason).scalar(office.db()).await.unwrap();
        assert_eq!(reason, "传错了");
        let seen = shown(&city, &open, worker).await;
        assert!(seen.lists[0].files.is_empty());
        let (label, before, after) = &seen.history[0].changes[0];
        assert_eq!(label, "培训");
        assert!(before.contains("合格证.pdf") && !after.contains("合格证.pdf"), "{before} {after}");
        let again = trained(&open, one, home, Some(scan));
        written(&city, &open, Some((worker, 2)), again, "没有传错").await.unwrap();
        papers::get(office, &reader, &open, worker, *file).await.unwrap();
    }
}

/// An order names whom it is for, who is sealed in the record, or does not go out; it opens for whoever may reveal that.
#[tokio::test]
async fn a_letter_goes_to_whom_it_is_for() {
    const GRAVES: &str = "illegal_grave";
    for city in cities("letter_to").await {
        let (office, clerk) = (&city.office, &city.county_clerk);
        let register = open_in(office, clerk, GRAVES, Right::KeepRecords);
        let found = office.now().today().to_string();
        let pairs = [
            ("number", "W1"),
            ("division", VILLAGE),
            ("kind", "living"),
            ("area_kind", "farmland"),
            ("graves", "2"),
            ("found_on", found.as_str()),
            ("built_after", "yes"),
            ("protected", "no"),
        ];
        let grave = written(&city, &register, None, answers(&register, &pairs), "新登记").await.unwrap();
        let told = [("educated_on", found.as_str()), ("educated_by", "赵刚")];
        moved(&city, clerk, GRAVES, grave, "educate", &told).await.unwrap();
        city.days(8).await;
        let today = office.now().today();
        let (on, by) = (today.to_string(), (today + chrono::Days::new(20)).to_string());
        let order = [("ordered_on", on.as_str()), ("mend_by", by.as_str())];
        let nobody = moved(&city, clerk, GRAVES, grave, "order", &order).await.unwrap_err();
        assert!(problems(nobody)["owner"].contains("写明发给谁"));
        let order = [order[0], order[1], ("owner", "周大成")];
        moved(&city, clerk, GRAVES, grave, "order", &order).await.unwrap();
        let row = Query::system("test", "SELECT content_sealed FROM record_letter WHERE register = ?")
            .bind(GRAVES)
            .one(office.db())
            .await
            .unwrap();
        let sealed: Vec<u8> = row.get("content_sealed").unwrap();
        let letter: serde_json::Value = serde_json::from_str(&office.keys().open(&sealed).unwrap()).unwrap();
        assert_eq!(letter["recipient"], "周大成");
        for (who, opens) in [(clerk, true), (&city.village_worker, false)] {
            let reader = grant::<ReadRecords>(who);
            let seen = page::page(office, &reader, &register, grave).await.unwrap();
            let said: Vec<&str> =
                seen.groups.iter().flat_map(|group| &group.fields).map(|said| said.words.as_str()).collect();
            assert!(said.iter().all(|words| !words.contains("周大成")), "{said:?}");
            assert_eq!(seen.letters.iter().map(|letter| letter.opens).collect::<Vec<_>>(), [opens]);
            let opened = letters::pdf(office, &reader, &register, grave, seen.letters[0].id).await;
            assert_eq!(opened.is_ok(), opens, "{opened:?}");
        }
    }
}
