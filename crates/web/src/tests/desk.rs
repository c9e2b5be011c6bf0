//! A family's case walked through the pages of the desks: from filing to confirmation, with what goes wrong on the way.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use catalogue::definition::FieldKind;
use office::access::Actor;
use office::casework::{self, attachments, drafts, view};
use office::forms::{Answers, Raw, specimen};
use office::means_test;
use serde_json::Value;
use store::{CaseId, DivisionId, IdempotencyKey};
use vocab::CitizenId;

use crate::testing::{Browser, Seen, Town, day, grant};

const DAY: i64 = 86_400_000;
/// A JPEG as far as its first bytes tell.
const PHOTO: &[u8] = &[0xff, 0xd8, 0xff, 0xe0, 0, 16, b'J', b'F', b'I', b'F'];
/// In place of a file's id: the bytes travel with the form.
const UPLOAD: &str = "file:photo.jpg";

/// Staff of every step besides the town's own.
async fn staffed(town: &Town) {
    town.staff("second", town.township_a, "township_clerk").await;
    town.staff("village", town.village_a, "village_worker").await;
    town.staff("county", town.county, "county_clerk").await;
    town.staff("director", town.county, "county_director").await;
}

/// 金满仓 and his family, filed at the window of township a.
async fn filed(town: &Town) -> CaseId {
    filed_by(town, &town.clerk_a, town.village_a, ["金满仓", "李雪莲", "金子悦"], 31).await
}

/// A second family, for looking at pages.
pub(super) async fn another(town: &Town) {
    filed_by(town, &town.clerk_a, town.village_a, ["高建军", "冯秀芳", "高小山"], 61).await;
}

/// A family filed at the window of a township.
pub(super) async fn filed_by(
    town: &Town,
    clerk: &Actor,
    village: DivisionId,
    names: [&str; 3],
    number: u16,
) -> CaseId {
    let office = &town.office;
    let desk = grant(clerk);
    let filler = drafts::Filler::Desk(&desk);
    let draft = drafts::begin(office, filler, "dibao", None).await.unwrap();
    let photo = attachments::put(office, &filler.owner(), "签名.jpg", PHOTO).await.unwrap().to_string();
    let village = office::divisions::find(office.db(), village).await.unwrap().code;
    let release = office.release();
    let form = release.forms.get("dibao_application").unwrap();
    let births = ["1981-03-05", "1984-11-19", "2012-06-01"];
    let ids: Vec<CitizenId> = births
        .iter()
        .zip(number..)
        .map(|(born, number)| CitizenId::synthetic(3, day(born), number))
        .collect();
    let answers = specimen(&release, form, names.len(), &photo, |page, record, field| {
        let at = record.unwrap_or(0);
        let text = match (page.id.as_str(), field.id.as_str()) {
            (_, "name") => names[at],
            (_, "citizen_id") => ids[at].expose(),
            ("home", "residence_division" | "registered_division") => village.as_str(),
            ("home", "registered_here") => "yes",
            ("home", "area") => "urban",
            ("family", "relation") => ["head", "spouse", "child"][at],
            ("family", "work_ability") => "full",
            ("income", "employed") => {
                if at == 0 {
                    "yes"
                } else {
                    "no"
                }
            }
            ("income", "wage_income") => {
                if at == 0 {
                    "1500"
                } else {
                    "0"
                }
            }
            ("property", "deposits") => "3000",
            ("property", "houses") => "1",
            ("account", "account_number") => "6217000000000000012",
            _ => return None,
        };
        Some(Raw::from(text))
    });
    let open = drafts::open(office, filler, draft).await.unwrap();
    drafts::save(office, filler, draft, open.version, &answers).await.unwrap();
    drafts::submit(office, filler, draft, &IdempotencyKey::fresh().unwrap()).await.unwrap()
}

/// Answers as a browser sends them.
fn pairs_of(answers: &Answers) -> Vec<(String, String)> {
    fn put(pairs: &mut Vec<(String, String)>, name: &str, value: &Value) {
        match value {
            Value::String(text) => pairs.push((name.to_owned(), text.clone())),
            Value::Array(list) => {
                for (index, entry) in list.iter().enumerate() {
                    match entry {
                        Value::String(text) => pairs.push((name.to_owned(), text.clone())),
                        record => put(pairs, &format!("{name}.{index}"), record),
                    }
                }
            }
            Value::Object(fields) => {
                for (field, value) in fields {
                    put(pairs, &format!("{name}.{field}").trim_start_matches('.').to_owned(), value);
                }
            }
            other => panic!("{name}: {other}"),
        }
    }
    let mut pairs = Vec::new();
    put(&mut pairs, "", &serde_json::to_value(answers).unwrap());
    pairs
}

/// The action's form in the simplest right way, some fields changed.
async fn simplest(
    town: &Town,
    case: CaseId,
    action: &str,
    changes: &[(&str, &str)],
) -> Vec<(String, String)> {
    let release = town.office.release();
    let (item, members) = {
        let seen = match view::open(&town.office, &grant(&town.clerk_a), case).await {
            Ok(seen) => seen,
            Err(_) => view::open(&town.office, &grant(&town.clerk_b), case).await.unwrap(),
        };
        (seen.case.item, seen.members.len())
    };
    let Some(form) = release.items.get(&item).unwrap().action(action).unwrap().form.clone() else {
        return Vec::new();
    };
    let form = release.forms.get(&form).unwrap();
    let today = town.office.now().today();
    let answers = specimen(&release, form, members, UPLOAD, |_, _, field| match field.id.as_str() {
        "cooperation" | "property_judged" | "agree" => Some(Raw::from("yes")),
        "work_ability" => Some(Raw::from("full")),
        "houses" => Some(Raw::from("1")),
        _ if *field.kind == FieldKind::Date => {
            let parts = [("year", "%Y"), ("month", "%m"), ("day", "%d")];
            let parts = parts.map(|(part, format)| (part.to_owned(), today.format(format).to_string()));
            Some(Raw::Parts(parts.into_iter().collect()))
        }
        _ => None,
    });
    let mut pairs = pairs_of(&answers);
    for (name, value) in changes {
        pairs.retain(|(known, _)| known != name);
        pairs.push(((*name).to_owned(), (*value).to_owned()));
    }
    pairs
}

/// Sends a form with files: values that begin with `file:` are files of that name.
pub(super) async fn post_multipart(
    browser: &mut Browser,
    path: &str,
    pairs: &[(String, String)],
    content: &[u8],
) -> Seen {
    const BOUNDARY: &str = "boundary7d1f";
    let mut body = Vec::new();
    for (name, value) in pairs {
        let head = match value.strip_prefix("file:") {
            Some(file) => format!("name=\"{name}\"; filename=\"{file}\"\r\nContent-Type: image/jpeg"),
            None => format!("name=\"{name}\""),
        };
        body.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n").bytes());
        if value.starts_with("file:") {
            body.extend(content)
        } else {
            body.extend(value.bytes())
        }
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"))
        .body(Body::from(body))
        .unwrap();
    browser.send(request).await
}

/// Values of all hidden fields of a name.
pub(super) fn values(seen: &Seen, name: &str) -> Vec<(String, String)> {
    let start = format!("name=\"{name}\" value=\"");
    let parts = seen.text.split(&start).skip(1);
    parts.map(|part| (name.to_owned(), part.split('"').next().unwrap().to_owned())).collect()
}

/// Opens an action's form, fills it and sends it, again while it asks for more.
async fn act(
    town: &Town,
    browser: &mut Browser,
    case: CaseId,
    action: &str,
    changes: &[(&str, &str)],
) -> Seen {
    let path = format!("/desk/cases/{case}/actions/{action}");
    let mut seen = browser.get(&path).await;
    assert_eq!(seen.status, StatusCode::OK, "{action}: {}", seen.text);
    let answers = simplest(town, case, action, changes).await;
    for _ in 0..4 {
        let mut pairs = answers.clone();
        for name in ["_key", "_version", "_seen"] {
            pairs.extend(values(&seen, name));
        }
        seen = post_multipart(browser, &path, &pairs, PHOTO).await;
        if seen.status != StatusCode::OK {
            break;
        }
        assert!(seen.text.contains("要回答"), "{action}: {}", seen.text);
    }
    seen
}

pub(super) async fn done(
    town: &Town,
    browser: &mut Browser,
    case: CaseId,
    action: &str,
    changes: &[(&str, &str)],
) {
    let seen = act(town, browser, case, action, changes).await;
    assert_eq!(seen.status, StatusCode::SEE_OTHER, "{action}: {}", seen.text);
    assert_eq!(seen.location(), format!("/desk/cases/{case}"));
}

/// The county brings in what two departments sent, through the pages.
pub(super) async fn departments(town: &Town, browser: &mut Browser) {
    let stranger = CitizenId::synthetic(77, day("1970-01-01"), 1);
    for (dataset, column, value) in
        [("real_estate", "不动产权证号", "1号"), ("vehicles", "号牌号码", "蒙C00001")]
    {
        let csv = format!("身份证号,姓名,{column},数据日期\n{},张三,{value},2026-10-30\n", stranger.expose());
        let page = browser.get("/desk/departments").await;
        let mut pairs = vec![
            ("dataset".to_owned(), dataset.to_owned()),
            ("file".to_owned(), format!("file:{dataset}.csv")),
        ];
        pairs.extend(values(&page, "_key").into_iter().take(1));
        let preview = post_multipart(browser, "/desk/departments", &pairs, csv.as_bytes()).await;
        assert_eq!(preview.status, StatusCode::OK, "{}", preview.text);
        assert!(preview.text.contains("1 行，1 人"), "{}", preview.text);
        let upload = preview.field("upload");
        let committed = browser.post("/desk/departments/commit", &[("upload", &upload)]).await;
        assert_eq!(committed.location(), "/desk/departments");
    }
    let kinds = [means_test::DEPARTMENT_FILE_JOB];
    while let Some(claim) = store::jobs::claim(town.office.db(), &kinds, "test").await.unwrap() {
        means_test::work_department_file(&town.office, &claim).await.unwrap();
    }
    let list = browser.get("/desk/departments").await;
    assert!(list.text.contains("在用") && list.text.contains("real_estate.csv"), "{}", list.text);
}

/// From filing to the county's desk.
pub(super) async fn published(town: &Town) -> CaseId {
    published_earning(town, "1500").await
}

/// The same where the visit finds another wage, yuan a month.
async fn published_earning(town: &Town, wage: &str) -> CaseId {
    staffed(town).await;
    let case = filed(town).await;
    let mut clerk = town.browser("clerk_a").await;
    let mut county = town.browser("county").await;
    done(town, &mut clerk, case, "accept", &[]).await;
    done(town, &mut clerk, case, "request_means_test", &[]).await;
    done(town, &mut county, case, "start_means_test", &[]).await;
    departments(town, &mut county).await;
    let path = format!("/desk/cases/{case}/means-test");
    let run = county.post(&path, &[("purpose", "最低生活保障申请核对")]).await;
    assert_eq!(run.status, StatusCode::SEE_OTHER, "{}", run.text);
    let wages = [("member.0.employed", "yes"), ("member.0.wage_income", wage)];
    done(town, &mut clerk, case, "visit", &wages).await;
    let mut second = town.browser("second").await;
    done(town, &mut second, case, "opine", &[]).await;
    town.pass(8 * DAY);
    casework::tick::tick(&town.office).await.unwrap();
    let mut village = town.browser("village").await;
    done(town, &mut village, case, "close_notice", &[]).await;
    case
}

/// SA-04 to SA-20 over HTTP: each step by its own office, the case page says why.
#[tokio::test]
async fn a_family_is_granted_through_the_pages() {
    Town::each("desk_walk", async |town| {
        let case = published(town).await;
        let mut county = town.browser("county").await;
        let work = county.get("/desk/work").await;
        assert!(work.text.contains(&format!("/desk/cases/{case}")), "{}", work.text);
        assert!(work.text.contains("个工作日"), "{}", work.text);
        done(town, &mut county, case, "examine", &[]).await;
        let mut director = town.browser("director").await;
        done(town, &mut director, case, "confirm", &[]).await;
        let seen = director.get(&format!("/desk/cases/{case}?face=all")).await;
        assert_eq!(seen.status, StatusCode::OK);
        for words in [
            "予以确认",
            "✓ 符合",
            "测算过程",
            "《",
            "核对报告",
            "未查到记录",
            "签名.jpg",
            "正在排版",
            "办理经过",
            "金满仓",
        ] {
            assert!(seen.text.contains(words), "{words} is missing: {}", seen.text);
        }
        // No identifier in full on the page.
        assert!(!seen.text.contains("6217000000000000012"));
        let mut neighbour = town.browser("clerk_b").await;
        let hidden = neighbour.get(&format!("/desk/cases/{case}")).await;
        assert_eq!(hidden.status, StatusCode::NOT_FOUND);
        let none = neighbour.get("/desk/cases").await;
        assert!(!none.text.contains("金满仓"));
        let found = director.get("/desk/cases?state=ended&q=金").await;
        assert!(found.text.contains("金满仓"), "{}", found.text);
    })
    .await;
}

/// 社会救助法 art. 64: who is refused reads with the decision what else there is, before the letter has been handed over.
#[tokio::test]
async fn a_refused_family_reads_what_else_there_is() {
    const ELSE: &str = "您家还可能符合";
    Town::each("desk_refused", async |town| {
        let case = published_earning(town, "4000").await;
        let mut county = town.browser("county").await;
        done(town, &mut county, case, "examine", &[]).await;
        let applicant = view::open(&town.office, &grant(&town.clerk_a), case).await.unwrap().case.applicant;
        let id = CitizenId::synthetic(3, day("1981-03-05"), 31);
        let mut family = town.citizen(applicant, &id.expose()[14..]).await;
        let here = format!("/my/cases/{case}");
        let before = family.get(&here).await;
        assert_eq!(before.status, StatusCode::OK);
        assert!(!before.text.contains(ELSE), "{}", before.text);
        let mut director = town.browser("director").await;
        done(town, &mut director, case, "refuse", &[("reasons", "income_above")]).await;
        let open = view::open(&town.office, &grant(&town.clerk_a), case).await.unwrap().case;
        assert!(open.open && open.outcome.is_none(), "the letter is not delivered yet");
        let told = family.get(&here).await;
        for words in [ELSE, "最低生活保障边缘家庭认定", "不予确认"] {
            assert!(told.text.contains(words), "{words}: {}", told.text);
        }
        let mut clerk = town.browser("clerk_a").await;
        done(town, &mut clerk, case, "deliver_refusal", &[]).await;
        let ended = family.get(&here).await;
        assert!(ended.text.contains(ELSE), "{}", ended.text);
    })
    .await;
}

/// A wrong form comes back with everything typed and uploaded; a double click acts once; a stale page says so.
#[tokio::test]
async fn nothing_typed_is_lost() {
    Town::each("desk_kept", async |town| {
        staffed(town).await;
        let case = filed(town).await;
        let mut clerk = town.browser("clerk_a").await;
        let path = format!("/desk/cases/{case}/actions/accept");
        let form = clerk.get(&path).await;
        let mut pairs = simplest(town, case, "accept", &[]).await;
        for name in ["_key", "_version", "_seen"] {
            pairs.extend(values(&form, name));
        }
        for _ in 0..2 {
            let once = post_multipart(&mut clerk, &path, &pairs, PHOTO).await;
            assert_eq!(once.status, StatusCode::SEE_OTHER, "{}", once.text);
        }
        let seen = view::open(&town.office, &grant(&town.clerk_a), case).await.unwrap();
        assert_eq!(seen.events.iter().filter(|event| event.action == "accept").count(), 1);
        // The same form under another key: the case has moved on.
        let mut stale: Vec<_> = pairs.iter().filter(|(name, _)| name != "_key").cloned().collect();
        stale.push(("_key".to_owned(), IdempotencyKey::fresh().unwrap().to_string()));
        let moved = post_multipart(&mut clerk, &path, &stale, PHOTO).await;
        assert_eq!(
            (moved.status, moved.location()),
            (StatusCode::SEE_OTHER, format!("/desk/cases/{case}").as_str())
        );

        let wages = [("member.0.employed", "yes"), ("member.0.wage_income", "很多")];
        let wrong = act(town, &mut clerk, case, "visit", &wages).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.text);
        assert!(
            wrong.text.contains("#member.0.wage_income") && wrong.text.contains("value=\"很多\""),
            "{}",
            wrong.text
        );
        assert!(wrong.text.contains("已上传"), "the photos are kept: {}", wrong.text);
        let photo = wrong.text.split("href=\"/desk/attachments/").nth(1).unwrap();
        let photo = photo.split('"').next().unwrap();
        let shown = clerk.get(&format!("/desk/attachments/{photo}")).await;
        assert_eq!(shown.headers[header::CONTENT_TYPE], "image/jpeg");
        assert!(shown.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("sandbox"));
        let mut neighbour = town.browser("clerk_b").await;
        let hidden = neighbour.get(&format!("/desk/attachments/{photo}")).await;
        assert_eq!(hidden.status, StatusCode::NOT_FOUND);
        let not_a_photo = {
            let mut pairs = simplest(town, case, "visit", &[]).await;
            for name in ["_key", "_version", "_seen"] {
                pairs.extend(values(&wrong, name));
            }
            post_multipart(&mut clerk, &format!("/desk/cases/{case}/actions/visit"), &pairs, b"<html>").await
        };
        assert_eq!(not_a_photo.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(not_a_photo.text.contains("photo.jpg") && not_a_photo.text.contains("只能上传照片"));
    })
    .await;
}

/// SA-12 through the pages: a bank answers at its own account, one question on a page and the others as a file; what it says counts.
#[tokio::test]
async fn a_department_answers_at_its_own_account() {
    Town::each("desk_department", async |town| {
        staffed(town).await;
        let case = filed(town).await;
        let mut clerk = town.browser("clerk_a").await;
        let mut county = town.browser("county").await;
        for action in ["accept", "request_means_test"] {
            done(town, &mut clerk, case, action, &[]).await;
        }
        done(town, &mut county, case, "start_means_test", &[]).await;
        let here = format!("/desk/cases/{case}/check");
        let asked =
            [("datasets", "business_registration"), ("datasets", "deposits"), ("purpose", "低保申请核对")];
        assert_eq!(county.post(&format!("{here}/send"), &asked).await.location(), here);

        town.staff("bank", town.county, "department_clerk:banks").await;
        let mut bank = town.browser("bank").await;
        assert_eq!(bank.get("/desk").await.location(), "/desk/department");
        let list = bank.get("/desk/department").await;
        assert!(list.text.contains("银行存款") && !list.text.contains("市场主体"), "{}", list.text);
        assert_eq!(bank.get(&here).await.status, StatusCode::NOT_FOUND);
        assert_eq!(bank.get("/desk/work").await.status, StatusCode::NOT_FOUND);
        let first = list.text.split("/desk/department/questions/").nth(1).unwrap().split('"').next().unwrap();
        let first = format!("/desk/department/questions/{first}");
        let form = bank.get(&first).await;
        assert!(form.text.contains("低保申请核对") && form.text.contains("余额合计"), "{}", form.text);
        let whole = bank.post(&format!("{first}/reveal"), &[]).await;
        assert!(form.text.contains("****") && !whole.text.contains("****"), "{}", whole.text);
        let wrong = bank.post(&first, &[("how", "values"), ("ask_balance", "许多")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.text.contains("许多"), "what was typed stays: {}", wrong.text);
        let said = [("how", "values"), ("ask_balance", "200000")];
        let answered = bank.post(&first, &said).await;
        assert_eq!(answered.location(), "/desk/department", "{}", answered.text);
        assert_eq!(bank.get(&first).await.status, StatusCode::NOT_FOUND, "what is answered is closed");

        let page = county.get(&here).await;
        assert!(
            page.text.contains("申报和部门答复对照") && page.text.contains("200,000.00元"),
            "{}",
            page.text
        );
        assert!(page.text.contains("核实后按多少算"), "{}", page.text);
        let letter = county.post(&format!("{here}/letter"), &[]).await;
        assert_eq!(letter.location(), here);
        let papers = county.get(&format!("/desk/cases/{case}?face=all")).await;
        assert!(papers.text.contains("家庭经济状况核对结果告知书"), "{}", papers.text);
        // The township settles it with a value and a reason.
        let one = page.text.split(&format!("{here}/")).find_map(|rest| {
            let id = rest.split('"').next().unwrap_or_default();
            id.parse::<i64>().ok()
        });
        let one = one.unwrap_or_else(|| panic!("{}", page.text));
        let value = format!("value_{one}_deposits_family");
        let words = format!("words_settle_{one}");
        let settled = [("deed", "settle"), (words.as_str(), "看过存折"), (value.as_str(), "5000")];
        assert_eq!(clerk.post(&format!("{here}/{one}"), &settled).await.location(), here);
        let page = clerk.get(&here).await;
        assert!(page.text.contains("工作人员核实认定") && page.text.contains("看过存折"), "{}", page.text);
        assert!(
            page.text.contains("5,000.00元") && page.text.contains("200,000.00元"),
            "both stay: {}",
            page.text
        );
    })
    .await;
}

/// SA-11 through the pages: the county asks, a department answers, the family reads what does not fit and objects, the department looks
/// again; files go out and come back.
#[tokio::test]
async fn a_check_is_asked_answered_and_objected_to() {
    Town::each("desk_check", async |town| {
        staffed(town).await;
        let case = filed(town).await;
        let mut clerk = town.browser("clerk_a").await;
        let mut county = town.browser("county").await;
        let here = format!("/desk/cases/{case}/check");
        let early = clerk.get(&here).await;
        assert!(early.text.contains("还没有提请核对"), "{}", early.text);
        done(town, &mut clerk, case, "accept", &[]).await;
        done(town, &mut clerk, case, "request_means_test", &[]).await;
        done(town, &mut county, case, "start_means_test", &[]).await;
        let face = county.get(&format!("/desk/cases/{case}?face=means")).await;
        assert!(face.text.contains(&here), "{}", face.text);
        assert!(!clerk.get(&here).await.text.contains("发出询问"), "a township does not ask");
        let page = county.get(&here).await;
        assert!(
            page.text.contains("发出询问") && page.text.contains("只是提醒先去看哪一家"),
            "{}",
            page.text
        );
        let nobody = county.post(&format!("{here}/send"), &[("purpose", "核对")]).await;
        assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(nobody.text.contains("请至少选择一个要询问的部门"), "{}", nobody.text);
        let asked =
            [("datasets", "business_registration"), ("datasets", "deposits"), ("purpose", "低保申请核对")];
        let sent = county.post(&format!("{here}/send"), &asked).await;
        assert_eq!(sent.location(), here);
        let page = county.get(&here).await;
        assert!(page.text.contains("已发出 6 条询问") && page.text.contains("等待答复"), "{}", page.text);
        let request = |of: &Seen| {
            of.text.split("/desk/check-requests/").nth(1).unwrap().split('"').next().unwrap().to_owned()
        };
        let first = format!("/desk/check-requests/{}", request(&page));
        let form = county.get(&first).await;
        assert!(
            form.text.contains("有没有开办企业或者个体工商户") || form.text.contains("余额合计"),
            "{}",
            form.text
        );
        assert_eq!(clerk.get(&first).await.status, StatusCode::NOT_FOUND, "the county's work");
        let wrong = county.post(&first, &[("how", "refused")]).await;
        assert!(
            wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.text.contains("理由"),
            "{}",
            wrong.text
        );
        // Every question of the market regulator: yes.
        let page = county.get(&here).await;
        let mut requests: Vec<String> = page
            .text
            .split("/desk/check-requests/")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().to_owned())
            .collect();
        requests.dedup();
        assert_eq!(requests.len(), 6, "{requests:?}");
        for id in &requests {
            let path = format!("/desk/check-requests/{id}");
            let form = county.get(&path).await;
            if form.text.contains("有没有开办企业") {
                let said = [
                    ("how", "values"),
                    ("ask_owner", "yes"),
                    ("as_of_year", "2026"),
                    ("as_of_month", "10"),
                    ("as_of_day", "31"),
                ];
                let answered = county.post(&path, &said).await;
                assert_eq!(answered.location(), here, "{}", answered.text);
            }
        }
        let page = county.get(&here).await;
        assert!(page.text.contains("申报没有办企业、个体户，市场监督管理部门有登记"), "{}", page.text);
        assert!(page.text.contains("家庭还没有看到") && page.text.contains("2026-10-31"), "{}", page.text);

        // The family reads it in plain words and objects.
        let view = view::open(&town.office, &grant(&town.clerk_a), case).await.unwrap();
        let head = CitizenId::synthetic(3, day("1981-03-05"), 31);
        let mut citizen = town.citizen(view.case.applicant, head.last_four()).await;
        let mine = format!("/my/cases/{case}/check");
        assert!(citizen.get(&format!("/my/cases/{case}")).await.text.contains(&mine));
        let told = citizen.get(&mine).await;
        assert!(
            told.text.contains("和您家申报不一致的地方") && told.text.contains("家庭申报"),
            "{}",
            told.text
        );
        let contradiction = told
            .text
            .split(&format!("action=\"{mine}/"))
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .to_owned();
        let words = format!("words_{contradiction}");
        let said =
            citizen.post(&format!("{mine}/{contradiction}"), &[(words.as_str(), "执照早就注销了")]).await;
        assert_eq!(said.location(), mine);
        assert!(citizen.get(&mine).await.text.contains("已收到您的异议"));
        let deed = format!("{here}/{contradiction}");
        let again = county.post(&deed, &[("deed", "recheck")]).await;
        assert_eq!(again.location(), here);
        let page = county.get(&here).await;
        assert!(page.text.contains("执照早就注销了") && page.text.contains("已请部门复核"), "{}", page.text);

        // The county's list, and a department without an interface.
        let list = county.get("/desk/checks").await;
        assert!(
            list.text.contains("公安交通管理部门") && list.text.contains("没有逾期的询问"),
            "{}",
            list.text
        );
        town.pass(20 * DAY);
        let mut county = town.browser("county").await;
        let late = county.get("/desk/checks?dataset=deposits").await;
        assert!(late.text.contains("超期") && late.text.contains(&here), "{}", late.text);
        let file = county
            .post("/desk/checks/requests", &[("asked", "deposits"), ("purpose", "送银行"), ("format", "csv")])
            .await;
        assert!(
            file.text.contains("询问编号") && file.text.contains("仅供银行等金融机构答复"),
            "{}",
            file.text
        );
        let number = file.text.lines().nth(2).unwrap().split(',').next().unwrap().to_owned();
        let pairs = async |county: &mut Browser| {
            let page = county.get("/desk/checks").await;
            let mut pairs = vec![
                ("answered".to_owned(), "deposits".to_owned()),
                ("file".to_owned(), "file:答复.csv".to_owned()),
            ];
            pairs.extend(values(&page, "_key").into_iter().take(1));
            pairs
        };
        let bad = format!("询问编号,存款等金融资产余额合计\n{number},很多\n");
        let sent = pairs(&mut county).await;
        let faults = post_multipart(&mut county, "/desk/checks/answers", &sent, bad.as_bytes()).await;
        assert!(faults.text.contains("文件没有导入"), "{}", faults.text);
        let good = format!("询问编号,存款等金融资产余额合计\n{number},900000\n");
        let sent = pairs(&mut county).await;
        let taken = post_multipart(&mut county, "/desk/checks/answers", &sent, good.as_bytes()).await;
        assert_eq!(taken.location(), "/desk/checks", "{}", taken.text);
        assert!(county.get(&here).await.text.contains("逾期答复"));
        for sheet in [
            format!("{here}/export"),
            "/desk/checks/late/export".to_owned(),
            "/desk/checks/sources/export".to_owned(),
        ] {
            assert!(county.get(&sheet).await.bytes.starts_with(b"PK"), "{sheet}");
        }
    })
    .await;
}

/// 一件事: told once at the window, begun together, followed on one page.
#[tokio::test]
async fn a_need_is_told_once_at_the_window() {
    Town::each("joint_pages", async |town| {
        let mut clerk = town.browser("clerk_a").await;
        let family = clerk.get(&format!("/desk/families/{}/cases", town.family_a)).await;
        let there = format!("/desk/families/{}/joint", town.family_a);
        assert!(family.text.contains(&there), "{}", family.text);
        let form = clerk.get(&there).await;
        assert!(form.text.contains("赵桂兰家") && form.text.contains("医疗救助"), "{}", form.text);
        let nothing = clerk.post(&there, &[]).await;
        assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(nothing.text.contains("请写下群众说的困难"), "{}", nothing.text);
        let told = [
            ("told", "老伴住院花了很多钱"),
            ("items", "dibao"),
            ("items", "temporary_expenditure"),
            ("referrals", "referral/medical"),
        ];
        let mute = clerk.post(&there, &told).await;
        assert_eq!(mute.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            mute.text.contains("请写明需要对方给什么帮助") && mute.text.contains("老伴住院花了很多钱"),
            "nothing typed is lost: {}",
            mute.text
        );
        let told = [&told[..], &[("referral_medical", "住院费用救助")]].concat();
        let begun = clerk.post(&there, &told).await;
        assert!(begun.status.is_redirection(), "{}", begun.text);
        let page = clerk.get(begun.location()).await;
        assert!(page.text.contains("老伴住院花了很多钱") && page.text.contains("已转出"), "{}", page.text);
        assert_eq!(page.text.matches("接着填").count(), 2, "two forms: {}", page.text);
        let draft = page.text.split("href=\"/desk/drafts/").nth(1).unwrap().split('"').next().unwrap();
        assert!(clerk.get(&format!("/desk/drafts/{draft}")).await.status.is_success());
        // The form is thrown away, begun again, and given up.
        let part = page.text.split(&format!("action=\"{}/parts/", begun.location())).nth(1).unwrap();
        let part = part.split('"').next().unwrap().to_owned();
        let there = format!("{}/parts/{part}", begun.location());
        clerk.post(&format!("/desk/drafts/{draft}/discard"), &[]).await;
        assert!(clerk.get(begun.location()).await.text.contains("表单已经删除"));
        let again = clerk.post(&there, &[("deed", "again")]).await;
        assert!(again.status.is_redirection(), "{}", again.text);
        let mute = clerk.post(&there, &[("deed", "give_up")]).await;
        assert_eq!(mute.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", mute.text);
        let reason = format!("reason_{part}");
        let given_up = clerk.post(&there, &[("deed", "give_up"), (reason.as_str(), "孩子接去住")]).await;
        assert!(given_up.status.is_redirection(), "{}", given_up.text);
        let page = clerk.get(begun.location()).await;
        assert!(page.text.contains("不再申请") && page.text.contains("孩子接去住"), "{}", page.text);
        let list = clerk.get("/desk/joint").await;
        assert!(list.text.contains("赵桂兰") && list.text.contains("联办率"), "{}", list.text);
        let sheet = clerk.get("/desk/joint/export").await;
        assert!(sheet.bytes.starts_with(b"PK"));
        let mut neighbour = town.browser("clerk_b").await;
        assert_eq!(neighbour.get(begun.location()).await.status, StatusCode::NOT_FOUND);
        assert!(!neighbour.get("/desk/joint").await.text.contains("赵桂兰"));
        let figures = clerk.get("/desk/figures/layers").await;
        assert!(figures.text.contains("关爱型") && figures.text.contains("困难职工"), "{}", figures.text);
    })
    .await;
}

/// A window books for whoever calls, moves and cancels it; the neighbours' window knows nothing of it.
#[tokio::test]
async fn a_window_books_for_a_caller() {
    Town::each("booking_window_pages", async |town| {
        let mut clerk = town.browser("clerk_a").await;
        let list = clerk.get("/desk/bookings").await;
        assert!(list.text.contains("/desk/bookings/new"), "{}", list.text);
        let form = clerk.get("/desk/bookings/new").await;
        let slots: Vec<String> = form
            .text
            .split("name=\"slot\"")
            .skip(1)
            .map(|part| part.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned())
            .collect();
        let wrong = clerk.post("/desk/bookings/new", &[("name", ""), ("phone", "12"), ("slot", "")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.text.contains("请选择什么时候来"), "{}", wrong.text);
        let booked =
            [("name", "周来电"), ("phone", "13900001101"), ("item", "dibao"), ("slot", slots[0].as_str())];
        let done = clerk.post("/desk/bookings/new", &booked).await;
        let (day, _) = slots[0].split_once('/').unwrap();
        assert_eq!(done.location(), format!("/desk/bookings?day={day}"), "{}", done.text);
        let list = clerk.get(done.location()).await;
        assert!(list.text.contains("周来电") && list.text.contains("139****1101"), "{}", list.text);
        assert!(!list.text.contains("13900001101"));
        let there = list.text.split("href=\"/desk/bookings/").find(|part| part.contains("/move\"")).unwrap();
        let id = there.split('/').next().unwrap().to_owned();
        let mut neighbour = town.browser("clerk_b").await;
        let (move_to, cancel) = (format!("/desk/bookings/{id}/move"), format!("/desk/bookings/{id}/cancel"));
        assert_eq!(neighbour.get(&move_to).await.status, StatusCode::NOT_FOUND);
        assert_eq!(neighbour.post(&cancel, &[]).await.status, StatusCode::NOT_FOUND);
        let strange = format!("/desk/bookings/new?person={}", town.people_a[0]);
        assert_eq!(neighbour.get(&strange).await.status, StatusCode::NOT_FOUND);
        assert!(clerk.get(&strange).await.text.contains("赵桂兰"));
        assert!(clerk.get(&move_to).await.text.contains("原来约的是"));
        let moved = clerk.post(&move_to, &[("slot", slots[3].as_str())]).await;
        let (later, _) = slots[3].split_once('/').unwrap();
        assert_eq!(moved.location(), format!("/desk/bookings?day={later}"), "{}", moved.text);
        assert!(!clerk.get(&format!("/desk/bookings?day={day}")).await.text.contains("周来电"));
        let back = clerk.post(&cancel, &[("day", later)]).await;
        assert_eq!(back.location(), format!("/desk/bookings?day={later}"));
        assert!(!clerk.get(back.location()).await.text.contains("周来电"));
    })
    .await;
}

/// What a window took in for another township: the page after sending, the list and the receipt are for whoever took it in.
#[tokio::test]
async fn what_a_window_took_in_for_others_stands_on_its_list() {
    Town::each("taken_in_pages", async |town| {
        let case = filed_by(town, &town.clerk_a, town.village_b, ["欧阳标", "司徒标", "欧阳小标"], 137).await;
        let mut clerk = town.browser("clerk_a").await;
        assert_eq!(clerk.get(&format!("/desk/cases/{case}")).await.status, StatusCode::NOT_FOUND);
        let sent = clerk.get(&format!("/desk/filed/{case}")).await;
        assert!(sent.text.contains("打印回执") && sent.text.contains("材料已经转过去"), "{}", sent.text);
        assert!(clerk.get("/desk/file").await.text.contains("/desk/taken-in"));
        let list = clerk.get("/desk/taken-in").await;
        assert!(list.text.contains("欧阳标") && list.text.contains("等待受理"), "{}", list.text);
        let receipt = format!("/desk/taken-in/{case}/receipt");
        assert_eq!(clerk.get(&receipt).await.status, StatusCode::OK);
        assert!(clerk.get("/desk/taken-in/export").await.bytes.starts_with(b"PK"));
        let mut theirs = town.browser("clerk_b").await;
        assert!(!theirs.get("/desk/taken-in").await.text.contains("欧阳标"));
        assert_eq!(theirs.get(&receipt).await.status, StatusCode::NOT_FOUND);
        assert_eq!(theirs.get(&format!("/desk/cases/{case}")).await.status, StatusCode::OK);
        done(town, &mut theirs, case, "accept", &[]).await;
        assert!(clerk.get("/desk/taken-in").await.text.contains("已受理，还没有决定"));
    })
    .await;
}
