//! Files at the same moment: what a record, and what a person who has not sent a form yet, may have is never more than it is.

use office::OfficeError;
use office::access::{KeepRecords, ReadRecords, Right};
use office::casework::{attachments, drafts};
use office::records::{Deed, NewVersion, Saved, papers, save};
use store::IdempotencyKey;

use crate::records::{answers, futures_all, open_in, problems};
use crate::town::grant;
use crate::wuhai::{VILLAGE, cities};

const PAGE: &[u8] = b"%PDF-1.7 certificate";
/// 登记证书和备案回执 of a care home (`packs/national/03-elderly/register-care_institution.toml`).
const REGISTRATION_MAX: usize = 6;
/// Files of one person that belong to nothing yet.
const LOOSE_MAX: usize = 40;

#[tokio::test]
async fn many_at_once_put_no_more_into_a_record_than_it_takes() {
    for city in cities("papers_at_once").await {
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
        let keeper = grant::<KeepRecords>(clerk);
        let Saved::Done(home) = save(office, &keeper, &register, new, None).await.unwrap() else { panic!() };
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
