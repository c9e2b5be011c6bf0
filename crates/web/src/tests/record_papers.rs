//! Papers of records: scans that an office or the organisation itself keeps with one, taken away with a reason; letters that come of a permit's way.

use axum::http::StatusCode;
use office::records::letters;

use super::desk::{post_multipart, values};
use super::records::{institution, send_again};
use crate::testing::{Browser, Seen, Town, citizen_id};
use crate::ui::form::KEY;

const PDF: &[u8] = b"%PDF-1.7 certificate";
const PHOTO: &[u8] = b"\xff\xd8\xff\xe0photo";

async fn upload(browser: &mut Browser, path: &str, bytes: &[u8]) -> Seen {
    let key = store::IdempotencyKey::fresh().unwrap().to_string();
    let pairs = [(KEY.to_owned(), key), ("files".to_owned(), "file:证书.jpg".to_owned())];
    post_multipart(browser, path, &pairs, bytes).await
}

async fn count(town: &Town, sql: &'static str) -> i64 {
    store::Query::system("test", sql).scalar(town.office.db()).await.unwrap()
}

fn link(page: &Seen, part: &str) -> String {
    let mut links = page.text.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    links.find(|link| link.contains(part)).unwrap_or_else(|| panic!("{}", page.text)).to_owned()
}

#[tokio::test]
async fn papers_are_kept_with_a_record_read_and_taken_away_with_a_reason() {
    Town::each("record_papers", async |town| {
        let mut clerk = town.browser("clerk_b").await;
        let here = institution(town, &mut clerk, "91150302MA0000001X", "夕阳红养老院").await;
        let page = clerk.get(&here).await;
        assert!(page.text.contains("登记证书和备案回执") && page.text.contains("消防验收"), "{}", page.text);
        // What only the county sees is not there for the township.
        assert!(!page.text.contains("检查取证"), "{}", page.text);
        let hidden = format!("{here}/papers/evidence");
        assert_eq!(clerk.get(&hidden).await.status, StatusCode::NOT_FOUND);
        assert_eq!(upload(&mut clerk, &hidden, PDF).await.status, StatusCode::NOT_FOUND);
        assert_eq!(count(town, "SELECT count(*) FROM attachment").await, 0, "nothing is taken in for it");

        // A text is no paper: it is said, and nothing stays behind.
        let papers = format!("{here}/papers/registration");
        let wrong = upload(&mut clerk, &papers, b"hello").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.text);
        assert!(wrong.text.contains("只能上传照片"), "{}", wrong.text);
        let none = clerk.post(&papers, &[]).await;
        assert!(none.text.contains("请选择文件"), "{}", none.text);
        for number in 0..6 {
            let bytes = if number == 0 { PDF } else { PHOTO };
            let added = upload(&mut clerk, &papers, bytes).await;
            assert!(added.status.is_redirection(), "{}", added.text);
        }
        let full = clerk.get(&papers).await;
        assert!(full.text.contains("已经放满 6 个"), "{}", full.text);
        let over = upload(&mut clerk, &papers, PDF).await;
        assert_eq!(over.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(over.text.contains("还能放 0 个"), "{}", over.text);
        assert_eq!(count(town, "SELECT count(*) FROM attachment").await, 6, "what was refused is forgotten");

        // It is read, and that is written down; the neighbours find nothing.
        let file = link(&full, "/files/");
        let read = clerk.get(&file).await;
        assert_eq!((read.status, read.bytes.as_ref()), (StatusCode::OK, PDF));
        assert_eq!(count(town, "SELECT count(*) FROM audit WHERE action = 'record.file_opened'").await, 1);
        let mut neighbour = town.browser("clerk_a").await;
        for path in [&file, &papers, &format!("{file}/remove")] {
            assert_eq!(neighbour.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        // It belongs to this record and no other.
        let other = institution(town, &mut clerk, "91150302MA0000002X", "隔壁养老院").await;
        let elsewhere = file.replace(&here, &other);
        assert_eq!(clerk.get(&elsewhere).await.status, StatusCode::NOT_FOUND);

        // Taken away with a reason, which stays.
        let remove = format!("{file}/remove");
        let asked = clerk.get(&remove).await;
        assert!(asked.text.contains("为什么移除"), "{}", asked.text);
        let unsaid = clerk.post(&remove, &[("reason", " ")]).await;
        assert_eq!(unsaid.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(unsaid.text.contains("请填写移除的原因"), "{}", unsaid.text);
        let gone = clerk.post(&remove, &[("reason", "换发新证")]).await;
        assert!(gone.status.is_redirection(), "{}", gone.text);
        assert_eq!(clerk.get(&file).await.status, StatusCode::NOT_FOUND);
        assert_eq!(clerk.post(&remove, &[("reason", "再来")]).await.status, StatusCode::NOT_FOUND);
        let after = clerk.get(&papers).await;
        assert!(after.text.contains("换发新证") && after.text.contains("还能放 1 个"), "{}", after.text);
        assert_eq!(count(town, "SELECT count(*) FROM audit WHERE action = 'record.file_removed'").await, 1);
    })
    .await;
}

#[tokio::test]
async fn an_organisation_hands_in_its_own_papers_and_reads_no_others() {
    Town::each("own_papers", async |town| {
        let mut clerk = town.browser("clerk_b").await;
        let here = institution(town, &mut clerk, "12150302MB0000001X", "福康养老院").await;
        institution(town, &mut clerk, "12150302MB0000002X", "隔壁养老院").await;
        town.staff("county", town.county, "county_clerk").await;
        town.staff("mine", town.village_b, "organisation_clerk:care_institution/1").await;
        town.staff("other", town.village_b, "organisation_clerk:care_institution/2").await;
        let (mut home, mut other) = (town.browser("mine").await, town.browser("other").await);
        let own = "/desk/organisation/care_institution/1";
        let papers = format!("{own}/papers/registration");
        let added = upload(&mut home, &papers, PDF).await;
        assert!(added.status.is_redirection(), "{}", added.text);
        let page = home.get(own).await;
        let file = link(&page, "/files/");
        assert_eq!(home.get(&file).await.bytes.as_ref(), PDF);
        // The office reads it on the record, and may take it away; the home may not.
        let office = clerk.get(&here).await;
        let at_office = link(&office, "/files/");
        assert_eq!(clerk.get(&at_office).await.bytes.as_ref(), PDF);
        assert_eq!(home.get(&format!("{file}/remove")).await.status, StatusCode::NOT_FOUND);
        // Neither the home next door, nor the kinds that the pack does not show.
        for path in [&papers, &file] {
            assert_eq!(other.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(upload(&mut other, &papers, PDF).await.status, StatusCode::NOT_FOUND);
        let mut county = town.browser("county").await;
        let evidence = upload(&mut county, &format!("{here}/papers/evidence"), PHOTO).await;
        assert!(evidence.status.is_redirection(), "{}", evidence.text);
        let kept = county.get(&here).await;
        let secret = kept.text.split("检查取证").nth(1).unwrap().split("href=\"").nth(1).unwrap();
        let secret = secret.split('"').next().unwrap().rsplit('/').next().unwrap().to_owned();
        assert_eq!(home.get(&format!("{own}/files/{secret}")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(clerk.get(&format!("{here}/files/{secret}")).await.status, StatusCode::NOT_FOUND);
        assert!(!home.get(own).await.text.contains("检查取证"));
    })
    .await;
}

/// A home's care worker with a training, whose scan stands in its row: sent with the form, opened by the home and its office, by nobody else.
#[tokio::test]
async fn a_row_of_a_list_comes_with_its_scan() {
    Town::each("row_files", async |town| {
        let mut clerk = town.browser("clerk_b").await;
        for (code, name) in [("12150302MB0000001X", "福康养老院"), ("12150302MB0000002X", "隔壁养老院")]
        {
            institution(town, &mut clerk, code, name).await;
        }
        town.staff("mine", town.village_b, "organisation_clerk:care_institution/1").await;
        town.staff("other", town.village_b, "organisation_clerk:care_institution/2").await;
        let (mut home, mut other) = (town.browser("mine").await, town.browser("other").await);
        let new = "/desk/organisation/care_worker/new";
        let page = home.get(new).await;
        assert!(page.text.contains("multipart/form-data"), "{}", page.text);
        let papers = format!("孙德福 {}", citizen_id("1950-01-20", 5).expose());
        let version = page.field("_version");
        let worker = [("person", papers.as_str()), ("skill", "none"), ("_version", version.as_str())];
        let saved = send_again(&mut home, &page, new, &worker).await;
        assert!(saved.status.is_redirection(), "{}", saved.text);

        let own = "/desk/organisation/care_worker/1";
        let edit = format!("{own}/edit");
        let version = home.get(&edit).await.field("_version");
        let with_row = home.post(&edit, &[("_version", version.as_str()), ("_add", "trainings")]).await;
        assert!(with_row.text.contains("trainings.0.training_proof"), "{}", with_row.text);
        let typed = [
            ("trainings.0.trained_on.year", "2026"),
            ("trainings.0.trained_on.month", "10"),
            ("trainings.0.trained_on.day", "9"),
            ("trainings.0.course", "失智照护"),
            ("trainings.0.training_proof", "file:合格证.pdf"),
        ];
        let send = async |browser: &mut Browser, page: &Seen, bytes: &[u8]| {
            let mut pairs: Vec<(String, String)> =
                typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            for name in ["_key", "_version", "_seen"] {
                pairs.extend(values(page, name));
            }
            post_multipart(browser, &edit, &pairs, bytes).await
        };
        // What is no scan is said beside its field, and nothing else is lost.
        let wrong = send(&mut home, &with_row, b"hello").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.text);
        assert!(wrong.text.contains("只能上传照片") && wrong.text.contains("失智照护"), "{}", wrong.text);
        let saved = send(&mut home, &wrong, PDF).await;
        assert!(saved.status.is_redirection(), "{}", saved.text);

        let file = link(&home.get(own).await, "/files/");
        assert_eq!(home.get(&file).await.bytes.as_ref(), PDF);
        let here = "/desk/records/care_worker/1";
        let at_office = link(&clerk.get(here).await, "/files/");
        assert_eq!(clerk.get(&at_office).await.bytes.as_ref(), PDF);
        let mut neighbour = town.browser("clerk_a").await;
        assert_eq!(neighbour.get(&at_office).await.status, StatusCode::NOT_FOUND);
        assert_eq!(other.get(&file).await.status, StatusCode::NOT_FOUND);
        // It is the record's now: not taken away like a paper, and named in the form.
        assert_eq!(clerk.get(&format!("{at_office}/remove")).await.status, StatusCode::NOT_FOUND);
        assert!(clerk.get(&format!("{here}/edit")).await.text.contains("合格证.pdf"));
    })
    .await;
}

/// Adds a record as a page would send it.
async fn add(browser: &mut Browser, register: &str, fields: &[(&str, &str)]) -> String {
    let path = format!("/desk/records/{register}/new");
    let first = browser.post(&path, fields).await;
    let seen = send_again(browser, &first, &path, fields).await;
    assert!(seen.status.is_redirection(), "{}", seen.text);
    seen.location().to_owned()
}

#[tokio::test]
async fn a_refused_permit_is_told_in_a_letter_on_its_record() {
    Town::each("record_letter", async |town| {
        town.staff("county", town.county, "county_clerk").await;
        let mut county = town.browser("county").await;
        let division = office::divisions::find(town.office.db(), town.township_b).await.unwrap().code;
        let firm = [
            ("name", "永安陵园公司"),
            ("credit_code", "91150302MA0N654321"),
            ("kind", "enterprise"),
            ("division", division.as_str()),
        ];
        add(&mut county, "organisation", &firm).await;
        let day = |name: &'static str, day: &'static str| {
            [(format!("{name}.year"), "2026"), (format!("{name}.month"), "11"), (format!("{name}.day"), day)]
        };
        let dates: Vec<(String, &str)> =
            day("accepted_on", "2").into_iter().chain(day("due_on", "20")).collect();
        let mut fields = vec![
            ("number", "P1"),
            ("name", "永安公墓"),
            ("kind", "rural_cemetery"),
            ("division", division.as_str()),
            ("applicant", "永安陵园公司"),
        ];
        fields.extend(dates.iter().map(|(name, value)| (name.as_str(), *value)));
        let here = add(&mut county, "funeral_permit", &fields).await;
        let refuse = format!("{here}/do/refuse");
        let form = county.get(&refuse).await;
        let version = form.field("_version");
        let decided = day("decided_on", "20");
        let mut fields =
            vec![("_version", version.as_str()), ("_reason", "审查"), ("refused_why", "在耕地内")];
        fields.extend(decided.iter().map(|(name, value)| (name.as_str(), *value)));
        let refused = send_again(&mut county, &form, &refuse, &fields).await;
        assert!(refused.status.is_redirection(), "{}", refused.text);
        let page = county.get(&here).await;
        assert!(
            page.text.contains("不予批准建设殡葬设施决定书") && page.text.contains("正在排版"),
            "{}",
            page.text
        );
        let letter = link(&page, "/letters/");
        assert!(county.get(&letter).await.text.contains("文书正在排版"));
        // What the typesetter reads: the addressee, the reason, the law, the way to object, and the county as the office.
        let waiting = letters::waiting(&town.office, 10).await.unwrap();
        assert_eq!(waiting.len(), 1);
        let content = waiting[0].content.to_string();
        for words in
            ["永安陵园公司", "在耕地内", "殡葬管理条例", "海勃湾区民政局", "行政复议法", "殡否〔2026〕1号"]
        {
            assert!(content.contains(words), "{words}: {content}");
        }
        letters::done(&town.office, waiting[0].id, Ok(PDF.to_vec())).await.unwrap();
        assert_eq!(county.get(&letter).await.bytes.as_ref(), PDF);
        assert_eq!(count(town, "SELECT count(*) FROM audit WHERE action = 'record.letter_opened'").await, 2);
        let mut neighbour = town.browser("clerk_a").await;
        assert_eq!(neighbour.get(&letter).await.status, StatusCode::NOT_FOUND);
    })
    .await;
}
