//! The citizen's side: guide, check beforehand, notices, the wizard, one's own cases.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use office::access;
use office::casework::attachments;
use office::casework::drafts::{self, Filler};
use office::divisions;
use office::forms::{Answers, Raw, specimen};
use store::{IdempotencyKey, PersonId};

use super::money;
use crate::testing::{Browser, Seen, Town, citizen_id};

/// A JPEG as far as its first bytes tell.
const PHOTO: &[u8] = &[0xff, 0xd8, 0xff, 0xe0, 0, 16, b'J', b'F', b'I', b'F'];
const BIRTHS: [(&str, &str, u16); 3] =
    [("赵桂兰", "1962-03-08", 2), ("钱大勇", "1960-10-02", 1), ("钱小雨", "2012-06-01", 6)];

fn last_four(born: &str, number: u16) -> String {
    citizen_id(born, number).last_four().to_owned()
}

async fn zhao(town: &Town) -> Browser {
    town.citizen(town.people_a[0], &last_four("1962-03-08", 2)).await
}

/// The whole application of 赵桂兰's family, rightly filled.
async fn application(town: &Town, person: PersonId) -> Answers {
    let owner = format!("person:{person}");
    let photo = attachments::put(&town.office, &owner, "签名.jpg", PHOTO).await.unwrap().to_string();
    let village = divisions::find(town.office.db(), town.village_a).await.unwrap().code;
    let release = town.office.release();
    let form = release.forms.get("dibao_application").unwrap();
    let text = |text: &str| Some(Raw::from(text));
    specimen(&release, form, BIRTHS.len(), &photo, |page, record, field| {
        let (name, born, number) = BIRTHS[record.unwrap_or(0)];
        match (page.id.as_str(), field.id.as_str(), record) {
            (_, "name", _) => text(name),
            (_, "citizen_id", _) => text(citizen_id(born, number).expose()),
            ("home", "residence_division" | "registered_division", _) => text(&village),
            ("home", "registered_here", _) => text("yes"),
            ("family", "relation", Some(0)) => text("head"),
            ("family", "relation", Some(1)) => text("spouse"),
            ("family", "relation", _) => text("child"),
            ("income", "wage_income", Some(0)) => text("1200"),
            ("property", "houses", _) => text("1"),
            ("account", "account_number", _) => text("6217000000000000012"),
            _ => None,
        }
    })
}

/// Begins the wizard and lays these answers into its draft; the address of the draft.
async fn begun(town: &Town, browser: &mut Browser, person: PersonId, answers: &Answers) -> String {
    let ask = browser.get("/my/apply/dibao").await;
    assert_eq!(ask.status, StatusCode::OK, "{}", ask.text);
    let begun = browser.post("/my/apply/dibao", &[]).await;
    let base = begun.location().to_owned();
    assert!(base.starts_with("/my/drafts/"), "{}", begun.text);
    let id = base.rsplit('/').next().unwrap().parse().unwrap();
    let citizen = access::citizen_of_synthetic(&town.office, person).await.unwrap();
    let filler = Filler::Citizen(&citizen);
    let open = drafts::open(&town.office, filler, id).await.unwrap();
    drafts::save(&town.office, filler, id, open.version, answers).await.unwrap();
    base
}

/// Sends a form with files; fields first.
async fn upload(
    browser: &mut Browser,
    path: &str,
    fields: &[(&str, &str)],
    file: Option<(&str, &[u8])>,
) -> Seen {
    let mut body = Vec::new();
    let key = IdempotencyKey::fresh().unwrap().to_string();
    for (name, value) in fields.iter().copied().chain([("_key", key.as_str())]) {
        body.extend_from_slice(
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").as_bytes(),
        );
    }
    if let Some((name, content)) = file {
        let head = format!(
            "--x\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--x--\r\n");
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
        .body(Body::from(body))
        .unwrap();
    browser.send(request).await
}

#[tokio::test]
async fn the_guide_shows_law_and_standard() {
    Town::each("guide", async |town| {
        let mut anybody = town.visitor();
        let found = anybody.get("/services?q=%E5%AE%B6%E9%87%8C%E6%9C%89%E5%9B%B0%E9%9A%BE").await;
        assert!(found.text.contains("/services/dibao"), "{}", found.text);
        let nothing = anybody.get("/services?q=xyzzy").await;
        assert!(nothing.text.contains("没有找到") && nothing.text.contains("/services/dibao"));
        let guide = anybody.get("/services/dibao?place=150302").await;
        assert_eq!(guide.status, StatusCode::OK);
        for words in [
            "《社会救助法》第十八条",
            "不用交",
            "《社会救助法》第六十二条",
            "960",
            "演示参数",
            "30个工作日",
            "45个工作日",
            "海勃湾区",
            "不收费",
        ] {
            assert!(guide.text.contains(words), "{words} in {}", guide.text);
        }
        assert_eq!(
            anybody.get("/services/dibao_review").await.status,
            StatusCode::NOT_FOUND,
            "the office starts a review"
        );
        let paper = anybody.get("/services/dibao/paper").await;
        assert!(paper.text.contains("□是　□否") && paper.text.contains("银行账号"));
    })
    .await;
}

#[tokio::test]
async fn the_check_gives_a_reasoned_answer_and_stores_nothing() {
    Town::each("check", async |town| {
        let mut anybody = town.visitor();
        let wrong = anybody.get("/services/dibao/check?place=150302&members=0").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let questions = anybody.get("/services/dibao/check?place=150302&members=2").await;
        for name in ["member.0.age", "member.1.wage_income", "deposits", "vehicles", "houses"] {
            assert!(questions.text.contains(&format!("name=\"{name}\"")), "{name} in {}", questions.text);
        }
        let family = |wage: &'static str| {
            let mut fields = vec![
                ("place", "150302"),
                ("members", "2"),
                ("member.0.age", "40"),
                ("member.1.age", "10"),
                ("member.0.wage_income", wage),
            ];
            for name in [
                "member.0.business_income",
                "member.0.property_income",
                "member.0.transfer_income",
                "member.1.wage_income",
                "member.1.business_income",
                "member.1.property_income",
                "member.1.transfer_income",
                "deposits",
                "vehicles",
                "business_registrations",
                "rigid_medical",
                "rigid_education",
                "rigid_disability",
            ] {
                fields.push((name, "0"));
            }
            for name in ["member.0.serious_illness", "member.1.serious_illness", "member.1.employed"] {
                fields.push((name, "no"));
            }
            fields.extend([("member.0.employed", "yes"), ("registered_here", "yes"), ("houses", "1")]);
            fields
        };
        let poor = anybody.post("/services/dibao/check", &family("1000")).await;
        assert_eq!(poor.status, StatusCode::OK, "{}", poor.text);
        assert!(poor.text.contains("您家可能符合") && poor.text.contains("仅供参考"), "{}", poor.text);
        // 960 x 2 - (1000 - 20 % of 1000) = 1120, and the child's supplement: never less.
        assert!(poor.text.contains("大约") && poor.text.contains("待认定"));
        let rich = anybody.post("/services/dibao/check", &family("9000")).await;
        assert!(
            rich.text.contains("可能不符合")
                && rich.text.contains("第十八条")
                && rich.text.contains("即符合"),
            "{}",
            rich.text
        );
        let open: Vec<_> = family("1000").into_iter().filter(|(name, _)| *name != "deposits").collect();
        let open = anybody.post("/services/dibao/check", &open).await;
        assert!(open.text.contains("还差一些情况") && open.text.contains("金融资产"), "{}", open.text);
        let nonsense: Vec<_> = family("1000")
            .into_iter()
            .map(|(name, value)| (name, if name == "member.0.wage_income" { "很多" } else { value }))
            .collect();
        let nonsense = anybody.post("/services/dibao/check", &nonsense).await;
        assert_eq!(nonsense.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(nonsense.text.contains("很多"), "what was typed is still there");
    })
    .await;
}

#[tokio::test]
async fn notices_are_found_by_village() {
    Town::each("notices", async |town| {
        let mut anybody = town.visitor();
        let counties = anybody.get("/notices").await;
        assert!(counties.text.contains("place=150302"), "{}", counties.text);
        let village = divisions::find(town.office.db(), town.village_a).await.unwrap().code;
        let hung = anybody.get(&format!("/notices?place={village}")).await;
        assert!(
            hung.text.contains("现在没有正在公示的申请") && hung.text.contains("有不同意见怎么说"),
            "{}",
            hung.text
        );
    })
    .await;
}

/// SA-14: what everybody reads of a village is what its benefits are today; nobody is searched for there.
#[tokio::test]
async fn who_has_a_benefit_is_published_as_long_as_it_lasts() {
    Town::each("published", async |town| {
        let place = (town.township_a, town.village_a);
        let id =
            money::benefit(town, town.family_a, &town.people_a, place, 123_450, "6222020603001234567").await;
        let village = divisions::find(town.office.db(), town.village_a).await.unwrap().code;
        let public = format!("/notices?place={village}");
        let mut anybody = town.visitor();
        let seen = anybody.get(&public).await;
        for word in ["正在享受救助的家庭", "赵桂兰", "1,234.50", "最低生活保障"] {
            assert!(seen.text.contains(word), "{word}: {}", seen.text);
        }
        // The head is named, and nobody else of the family; no way leads from a name to a place, and search engines stay away.
        assert!(!seen.text.contains("钱大勇") && !seen.text.contains("钱小雨"), "{}", seen.text);
        assert!(
            !seen.text.contains("type=\"text\"") && !seen.text.contains("type=\"search\""),
            "{}",
            seen.text
        );
        assert!(seen.headers.get("x-robots-tag").unwrap().to_str().unwrap().contains("noindex"));
        let searched = anybody.get(&format!("/notices?q={}", crate::ui::query_value("赵桂兰"))).await;
        assert!(!searched.text.contains("赵桂兰"));
        // A place that is wrong, or a page that is none, is no page.
        let broken = anybody.get(&format!("{public}&after=zz")).await;
        assert!(broken.status.is_client_error(), "{}", broken.status);

        // The office's sheet for the board says the same; the neighbours' is not theirs.
        let desk = format!("/desk/publication?place={village}");
        let mut clerk = town.browser("clerk_a").await;
        let sheet = clerk.get(&desk).await;
        for word in ["社会救助公布表", "赵桂兰", "1,234.50", "第四十五条", "打印本页"] {
            assert!(sheet.text.contains(word), "{word}: {}", sheet.text);
        }
        assert!(
            clerk.get("/desk/publication").await.text.contains(&desk),
            "from the township to its villages"
        );
        assert_eq!(town.browser("clerk_b").await.get(&desk).await.status, StatusCode::NOT_FOUND);

        let decision = || ledger::Decision {
            reference: "海民救〔2026〕2号".to_owned(),
            reason: "复核".to_owned(),
            case: None,
            determination: None,
            officer: town.administrator.staff,
            at: town.office.now(),
        };
        let scope = store::Scope::System("test");
        let month = town.office.now().month();
        let tx = town.office.db().begin().await.unwrap();
        let cause = ledger::AmountCause::Review;
        ledger::change_amount(&tx, &scope, id, month, vocab::Fen(98_765), cause, &decision()).await.unwrap();
        tx.commit().await.unwrap();
        let changed = anybody.get(&public).await;
        assert!(changed.text.contains("987.65") && !changed.text.contains("1,234.50"), "{}", changed.text);
        let tx = town.office.db().begin().await.unwrap();
        ledger::end(&tx, &scope, id, month, &decision()).await.unwrap();
        tx.commit().await.unwrap();
        for text in [anybody.get(&public).await.text, clerk.get(&desk).await.text] {
            assert!(!text.contains("赵桂兰") && text.contains("现在没有公布的家庭"), "{text}");
        }
    })
    .await;
}

/// 社会救助法 art. 67: without a sign-in, as a page and as a file.
#[tokio::test]
async fn the_money_of_aid_is_open() {
    Town::each("aid_money", async |town| {
        let mut anybody = town.visitor();
        let page = anybody.get("/aid-money").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        assert!(page.text.contains("乌海市") && page.text.contains("这个月没有发放记录"), "{}", page.text);
        assert!(anybody.get("/notices").await.text.contains("/aid-money"));
        let file = anybody.get("/aid-money/data.csv?month=2026-10").await;
        assert_eq!(file.status, StatusCode::OK);
        assert!(file.text.contains("实发户数") && file.text.contains("实发金额"), "{}", file.text);
    })
    .await;
}

#[tokio::test]
async fn a_family_files_once_with_a_photo() {
    Town::each("wizard", async |town| {
        let person = town.people_a[0];
        let mut zhao = zhao(town).await;
        let answers = application(town, person).await;
        let base = begun(town, &mut zhao, person, &answers).await;
        let overview = zhao.get(&base).await;
        assert!(
            overview.text.contains("每个人的收入：赵桂兰") && overview.text.contains("核对并提交"),
            "{}",
            overview.text
        );

        // A photo beside the rest.
        let path = format!("{base}/page/photos");
        let version = zhao.get(&path).await.field("_version");
        let sent = upload(
            &mut zhao,
            &path,
            &[
                ("_version", &version),
                ("_then", "next"),
                ("_seen", "signed_paper"),
                ("_seen", "other_papers"),
                ("other_papers", ""),
            ],
            Some(("other_papers", PHOTO)),
        )
        .await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
        assert!(zhao.get(&path).await.text.contains("a.jpg"));
        let program = upload(
            &mut zhao,
            &path,
            &[("_version", &version), ("_then", "next")],
            Some(("other_papers", b"MZ\x90")),
        )
        .await;
        assert_eq!(program.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(program.text.contains("只能上传照片"), "{}", program.text);

        // Somebody else does not even learn that the form is there.
        let mut stranger = {
            let filing = town.clerk_b.grant().unwrap();
            let code = access::issue_citizen_code(
                &town.office,
                &filing,
                town.people_b[0],
                access::CodeChannel::Face,
            )
            .await
            .unwrap();
            let mut browser = town.visitor();
            let four = last_four("1950-01-20", 5);
            browser.post("/sign-in", &[("code", code.code.reveal()), ("last_four", &four)]).await;
            browser
        };
        assert_eq!(stranger.get(&base).await.status, StatusCode::NOT_FOUND);

        let review = zhao.get(&format!("{base}/review")).await;
        assert!(review.text.contains("确认无误，提交") && review.text.contains("钱小雨"), "{}", review.text);
        let key = review.field("_key");
        let first = zhao.post(&format!("{base}/review"), &[("_key", &key)]).await;
        assert!(first.location().starts_with("/my/filed/"), "{}", first.text);
        let again = zhao.post(&format!("{base}/review"), &[("_key", &key)]).await;
        assert_eq!(again.location(), first.location(), "sent twice, filed once");
        let case = first.location().replace("/my/filed/", "");
        assert!(zhao.get(first.location()).await.text.contains("DB-150302-2026-000001"));
        let list = zhao.get("/my/cases").await;
        assert_eq!(list.text.matches("编号 DB-150302-2026-").count(), 1, "{}", list.text);

        let mine = zhao.get(&format!("/my/cases/{case}")).await;
        assert_eq!(mine.status, StatusCode::OK, "{}", mine.text);
        for words in ["已提交，等待受理", "已提交低保申请", "撤回申请", "a.jpg", "当时填的"]
        {
            assert!(mine.text.replace(',', "，").contains(words), "{words} in {}", mine.text);
        }
        assert!(
            !mine.text.contains(citizen_id("1962-03-08", 2).expose()),
            "identifiers are masked in what was filed"
        );
        assert_eq!(stranger.get(&format!("/my/cases/{case}")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(stranger.get(&format!("/my/filed/{case}")).await.status, StatusCode::NOT_FOUND);

        // A matter that is in hand is not begun again.
        let refused = zhao.post("/my/apply/dibao", &[]).await;
        assert_eq!(refused.location(), "/my/apply/dibao");
        let said = zhao.get(refused.location()).await;
        assert!(said.text.contains("不用重复申请"), "{}", said.text);
    })
    .await;
}

#[tokio::test]
async fn a_wrong_digit_is_said_and_everything_stays() {
    Town::each("wrong_digit", async |town| {
        let person = town.people_a[0];
        let mut zhao = zhao(town).await;
        let base = begun(town, &mut zhao, person, &Answers::new()).await;
        let path = format!("{base}/page/applicant");
        let shown = zhao.get(&path).await;
        assert!(shown.text.contains("第 1 步，共"), "{}", shown.text);
        let version = shown.field("_version");
        let right = citizen_id("1962-03-08", 2).expose().to_owned();
        let digit = if right.ends_with('1') { '2' } else { '1' };
        let wrong = format!("{}{digit}", &right[..17]);
        let seen = [("_seen", "name"), ("_seen", "citizen_id"), ("_seen", "phone"), ("_then", "next")];
        let typed = [
            ("_version", version.as_str()),
            ("name", "赵桂兰"),
            ("citizen_id", wrong.as_str()),
            ("phone", "13900000002"),
        ];
        let fields: Vec<_> = typed.into_iter().chain(seen).collect();
        let refused = zhao.post(&path, &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
        assert!(refused.text.contains("href=\"#citizen_id\""), "{}", refused.text);
        assert_eq!(
            (refused.field("name"), refused.field("citizen_id"), refused.field("phone")),
            ("赵桂兰".into(), wrong.clone(), "13900000002".into())
        );
        // It is saved all the same: a browser that was closed finds it again.
        assert_eq!(zhao.get(&path).await.field("citizen_id"), wrong);

        // The page from before, sent again elsewhere with other words: nothing is overwritten silently, nothing is lost.
        let other: Vec<_> = fields
            .iter()
            .copied()
            .map(|(name, value)| if name == "phone" { (name, "13900000099") } else { (name, value) })
            .collect();
        let conflict = zhao.post(&path, &other).await;
        assert_eq!(conflict.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            conflict.text.contains("保存过") && conflict.field("phone") == "13900000099",
            "{}",
            conflict.text
        );

        let version = conflict.field("_version");
        let typed = [
            ("_version", version.as_str()),
            ("name", "赵桂兰"),
            ("citizen_id", right.as_str()),
            ("phone", "13900000099"),
        ];
        let fields: Vec<_> = typed.into_iter().chain(seen).collect();
        let done = zhao.post(&path, &fields).await;
        assert_eq!(done.location(), format!("{base}/page/home"), "{}", done.text);
        assert_eq!(zhao.post(&path, &fields).await.location(), done.location(), "pressed twice");

        // The first member is the applicant; another is added, and taken out again.
        let list = zhao.get(&format!("{base}/page/family")).await;
        assert!(list.text.contains("赵桂兰") && list.text.contains("再加一个家庭成员"), "{}", list.text);
        let path = format!("{base}/page/family?record=1");
        let version = zhao.get(&path).await.field("_version");
        let later = zhao
            .post(&path, &[("_version", &version), ("member.1.name", "钱大勇"), ("_then", "later")])
            .await;
        assert_eq!(later.location(), base, "{}", later.text);
        assert!(zhao.get(&format!("{base}/page/family")).await.text.contains("钱大勇"));
        let remove = format!("{base}/remove/family?record=1");
        let version = zhao.get(&remove).await.field("_version");
        assert_eq!(zhao.post(&remove, &[("_version", &version)]).await.status, StatusCode::SEE_OTHER);
        assert!(!zhao.get(&format!("{base}/page/family")).await.text.contains("钱大勇"));

        // Not finished: it cannot be sent, and says where.
        let refused = zhao.post(&format!("{base}/review"), &[]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            refused.text.contains(&format!("{base}/page/home?from=review#residence_division")),
            "{}",
            refused.text
        );
    })
    .await;
}

#[tokio::test]
async fn an_expired_sign_in_loses_nothing() {
    Town::each("wizard_expired", async |town| {
        let person = town.people_a[0];
        let mut zhao = zhao(town).await;
        let base = begun(town, &mut zhao, person, &Answers::new()).await;
        let path = format!("{base}/page/applicant");
        let version = zhao.get(&path).await.field("_version");
        zhao.cookies.clear();
        let door =
            upload(&mut zhao, &path, &[("_version", &version), ("name", "赵桂兰"), ("_then", "later")], None)
                .await;
        assert!(door.text.contains("您刚才填写的内容还在"), "{}", door.text);
        let kept = door.field("kept");
        let filing = town.clerk_a.grant().unwrap();
        let code = access::issue_citizen_code(&town.office, &filing, person, access::CodeChannel::Face)
            .await
            .unwrap();
        let four = last_four("1962-03-08", 2);
        let back = zhao
            .post("/sign-in", &[("code", code.code.reveal()), ("last_four", &four), ("kept", &kept)])
            .await;
        assert!(back.text.contains("继续提交") && back.field("name") == "赵桂兰", "{}", back.text);
    })
    .await;
}

#[tokio::test]
async fn the_window_files_for_somebody_and_hands_out_a_code() {
    Town::each("window", async |town| {
        let mut clerk = town.browser("clerk_a").await;
        let list = clerk.get("/desk/file").await;
        assert!(list.text.contains("/desk/apply/dibao"), "{}", list.text);
        let base = clerk.post("/desk/apply/dibao", &[]).await.location().to_owned();
        assert!(base.starts_with("/desk/drafts/"));
        let owner_photo =
            attachments::put(&town.office, &format!("staff:{}", town.clerk_a.staff), "签名.jpg", PHOTO)
                .await
                .unwrap()
                .to_string();
        let answers = application(town, town.people_a[0]).await;
        // The officer's own upload stands for the signatures.
        let text = serde_json::to_string(&answers).unwrap();
        let family_photo = attachments_of(&text);
        let answers: Answers = serde_json::from_str(
            &text.replace(&format!("\"{family_photo}\""), &format!("\"{owner_photo}\"")),
        )
        .unwrap();
        let desk = town.clerk_a.grant().unwrap();
        let filler = Filler::Desk(&desk);
        let id = base.rsplit('/').next().unwrap().parse().unwrap();
        let open = drafts::open(&town.office, filler, id).await.unwrap();
        drafts::save(&town.office, filler, id, open.version, &answers).await.unwrap();
        let filed = clerk.post(&format!("{base}/review"), &[]).await;
        assert!(filed.location().starts_with("/desk/filed/"), "{}", filed.text);
        let code = clerk.post(&format!("{}/code", filed.location()), &[]).await;
        assert!(code.text.contains("只能用一次"), "{}", code.text);
        let mut nobody = town.visitor();
        let door = nobody.get("/desk/file").await;
        assert_ne!(door.status, StatusCode::OK, "the list is for those who may file");
    })
    .await;
}

/// The id of the one file that an application made by [`application`] names.
fn attachments_of(text: &str) -> String {
    let at = text.find("\"signature\":\"").unwrap() + "\"signature\":\"".len();
    text[at..].split('"').next().unwrap().to_owned()
}

/// The sheet of everything, the code that proves one thing, and the page that checks it.
#[tokio::test]
async fn a_code_is_shown_once_and_checked_by_anybody() {
    Town::each("benefit_code_pages", async |town| {
        let place = (town.township_a, town.village_a);
        money::benefit(town, town.family_a, &town.people_a, place, 90_000, "6222020603001234567").await;
        office::people::roll_forward(&town.office).await.unwrap();
        let mut citizen = zhao(town).await;
        let sheet = citizen.get("/my/benefits").await;
        assert!(sheet.text.contains("最低生活保障") && sheet.text.contains("900.00 元"), "{}", sheet.text);
        assert!(
            sheet.text.contains("尾号 4567") && sheet.text.contains("社会救助服务窗口"),
            "{}",
            sheet.text
        );
        let form = citizen.get("/my/code").await;
        assert!(form.text.contains("现有的救助身份：最低生活保障对象"), "{}", form.text);
        let none = citizen.post("/my/code", &[("fact", "wage_income"), ("minutes", "10")]).await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
        let shown = citizen.post("/my/code", &[("fact", "assistance_class"), ("minutes", "10")]).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
        assert!(shown.text.contains("<svg class=\"qr\"") && !shown.text.contains("姓名："));
        let code =
            shown.text.split("class=\"proof-text\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
        assert!(code.starts_with("HM1.1."), "{code}");
        let id = citizen_id("1962-03-08", 2);
        assert!(!shown.text.contains(id.expose()));

        let mut visitor = town.visitor();
        let page = visitor.get("/verify").await;
        assert!(page.text.contains("data-keys=") && page.text.contains("/assets/verify-"), "{}", page.text);
        // This page alone may ask for the camera; what scans is hidden until the script knows that the browser can.
        assert!(page.headers["permissions-policy"].to_str().unwrap().starts_with("camera=(self)"));
        assert!(
            visitor.get("/").await.headers["permissions-policy"].to_str().unwrap().starts_with("camera=()")
        );
        assert!(page.text.contains("id=\"proof-scan\" hidden"), "{}", page.text);
        let good = visitor.post("/verify", &[("code", &code)]).await;
        assert!(good.text.contains("真实有效") && good.text.contains("最低生活保障对象"), "{}", good.text);
        assert!(!good.text.contains("赵桂兰"));
        let altered = code.replace("HM1.1.e", "HM1.1.f");
        assert_ne!(altered, code);
        assert!(visitor.post("/verify", &[("code", &altered)]).await.text.contains("不是真的"));
        assert!(visitor.post("/verify", &[("code", "随便写的")]).await.text.contains("不是真的"));
        town.pass(11 * 60 * 1_000);
        assert!(visitor.post("/verify", &[("code", &code)]).await.text.contains("已经过期"));
        let worker = visitor.get("/verify-worker.js").await;
        assert_eq!(worker.headers[header::CONTENT_TYPE], "text/javascript; charset=utf-8");

        let mut clerk = town.browser("clerk_a").await;
        let sheet = clerk.get(&format!("/desk/people/{}/benefits", town.people_a[0])).await;
        assert!(sheet.text.contains("900.00 元") && sheet.text.contains("请您做的"), "{}", sheet.text);
        let mut neighbour = town.browser("clerk_b").await;
        let hidden = neighbour.get(&format!("/desk/people/{}/benefits", town.people_a[0])).await;
        assert_eq!(hidden.status, StatusCode::NOT_FOUND);
    })
    .await;
}

/// A half day at the window, booked and taken back by the person; the window says who came.
#[tokio::test]
async fn a_visit_is_booked_on_the_phone() {
    Town::each("booking_pages", async |town| {
        let mut citizen = zhao(town).await;
        let sheet = citizen.get("/my/benefits").await;
        assert!(sheet.text.contains("/my/booking"), "{}", sheet.text);
        let form = citizen.get("/my/booking").await;
        assert!(form.text.contains("还有 8 个名额"), "{}", form.text);
        let slot = form.text.split("name=\"slot\"").nth(1).unwrap();
        let slot = slot.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let none = citizen.post("/my/booking", &[("item", "dibao")]).await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(none.text.contains("请选择什么时候来"), "{}", none.text);
        let booked = citizen.post("/my/booking", &[("item", "dibao"), ("slot", &slot)]).await;
        assert!(booked.status.is_redirection(), "{}", booked.text);
        let stands = citizen.get("/my/booking").await;
        assert!(stands.text.contains("1号") && stands.text.contains("最低生活保障"), "{}", stands.text);
        let (day, _) = slot.split_once('/').unwrap();
        let mut clerk = town.browser("clerk_a").await;
        let list = clerk.get(&format!("/desk/bookings?day={day}")).await;
        assert!(list.text.contains("赵桂兰") && !list.text.contains("已到</button>"), "{}", list.text);
        let mut neighbour = town.browser("clerk_b").await;
        let hidden = neighbour.get(&format!("/desk/bookings?day={day}")).await;
        assert!(!hidden.text.contains("赵桂兰"), "{}", hidden.text);
        let cancel = stands.text.split("action=\"/my/booking/").nth(1).unwrap().split('"').next().unwrap();
        let back = citizen.post(&format!("/my/booking/{cancel}"), &[]).await;
        assert!(back.status.is_redirection(), "{}", back.text);
        assert!(citizen.get("/my/booking").await.text.contains("还有 8 个名额"));
        let again = citizen.post(&format!("/my/booking/{cancel}"), &[]).await;
        assert_eq!(again.status, StatusCode::NOT_FOUND);
        citizen.post("/my/booking", &[("slot", &slot)]).await;
        town.pass(3 * 86_400_000);
        let mut clerk = town.browser("clerk_a").await;
        let list = clerk.get(&format!("/desk/bookings?day={day}")).await;
        let settle = list.text.split("action=\"/desk/bookings/").nth(1).unwrap().split('"').next().unwrap();
        let came = clerk.post(&format!("/desk/bookings/{settle}"), &[("deed", "came"), ("day", day)]).await;
        assert_eq!(came.location(), format!("/desk/bookings?day={day}"));
        assert!(clerk.get(came.location()).await.text.contains("已到窗口"));
    })
    .await;
}
