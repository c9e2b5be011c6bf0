//! People's pages of two neighbouring townships.

use axum::http::StatusCode;
use office::access::AuditFilter;
use office::people::{self, NewAccount};

use crate::testing::{Town, citizen_id, grant};

#[tokio::test]
async fn neighbours_see_their_own_people_only() {
    Town::each("scopes", async |town| {
        let mut a = town.browser("clerk_a").await;
        let mut b = town.browser("clerk_b").await;
        let theirs = [
            format!("/desk/people/{}", town.people_b[0]),
            format!("/desk/people/{}/correct", town.people_b[0]),
            format!("/desk/people/{}/reveal", town.people_b[0]),
            format!("/desk/people/{}/code", town.people_b[0]),
            format!("/desk/people/{}/facts/income", town.people_b[0]),
            format!("/desk/families/{}", town.family_b),
            format!("/desk/families/{}/facts", town.family_b),
            format!("/desk/families/{}/history", town.family_b),
            format!("/desk/families/{}/add", town.family_b),
            format!("/desk/families/{}/head", town.family_b),
            format!("/desk/families/{}/split", town.family_b),
            format!("/desk/families/{}/move", town.family_b),
            format!("/desk/families/{}/remove/{}", town.family_b, town.people_b[0]),
        ];
        for path in &theirs {
            let page = a.get(path).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
            assert!(!page.text.contains("孙德福"), "{path}");
            let sent =
                a.post(path, &[("reason", "试试"), ("purpose", "随便看看"), ("channel", "face")]).await;
            assert!(!sent.text.contains("孙德福") && sent.status != StatusCode::OK, "{path} {}", sent.status);
        }
        for word in ["孙德福", "sdf"] {
            let path = format!("/desk/people?q={}", crate::ui::query_value(word));
            let found = a.get(&path).await;
            assert!(!found.text.contains("孙德福</a>"), "{word}");
            assert!(b.get(&path).await.text.contains("孙德福</a>"), "{word}");
        }
        let whole = citizen_id("1950-01-20", 5);
        let found = a.get(&format!("/desk/people?q={}", whole.expose())).await;
        assert!(found.text.contains("已在他处登记") && !found.text.contains("孙德福"));
        assert!(!a.get("/desk/people").await.text.contains("孙德福"));
        assert!(a.get("/desk/people").await.text.contains("赵桂兰"));
    })
    .await;
}

#[tokio::test]
async fn a_family_is_registered_grows_and_changes() {
    Town::each("family", async |town| {
        let mut clerk = town.browser("clerk_a").await;
        let village = town.village_a.to_string();
        let head = citizen_id("1970-07-07", 50);
        let then = [("on_year", "2026"), ("on_month", "11"), ("on_day", "1")];
        let fields = |more: &[(&'static str, &str)]| -> Vec<(String, String)> {
            more.iter().chain(&then).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let send = async |clerk: &mut crate::testing::Browser, path: &str, fields: Vec<(String, String)>| {
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            clerk.post(path, &fields).await
        };

        let nothing = clerk
            .post("/desk/families/new", &[("name", "冯铁柱"), ("citizen_id", "990001197007070011")])
            .await;
        assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
        for message in
            ["请选择现住地。", "请选择城镇或者农村。", "请填写日期。", "有错误：", "govuk-error-summary"]
        {
            assert!(nothing.text.contains(message), "{message}");
        }
        assert_eq!(nothing.field("name"), "冯铁柱", "what was typed stays");

        let new = fields(&[
            ("name", "冯铁柱"),
            ("citizen_id", head.expose()),
            ("division", &village),
            ("area", "rural"),
        ]);
        let made = send(&mut clerk, "/desk/families/new", new).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
        let family = made.location().to_owned();
        assert!(clerk.get(&family).await.text.contains("家庭已登记"));

        // Somebody of the neighbouring township is said, not shown.
        let elsewhere = citizen_id("1950-01-20", 5);
        let add = format!("{family}/add");
        let person = |name: &'static str, id: &vocab::CitizenId, relation: &'static str| {
            vec![
                ("name", name.to_owned()),
                ("citizen_id", id.expose().to_owned()),
                ("relation", relation.to_owned()),
                ("reason", "迁入".to_owned()),
            ]
        };
        let refuse = person("孙德福", &elsewhere, "parent");
        let refuse: Vec<(&'static str, &str)> =
            refuse.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let said = send(&mut clerk, &add, fields(&refuse)).await;
        assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(said.text.contains("已在他处登记"), "{}", said.text);
        // Somebody who lives in another family of one's own township cannot be in two.
        let wife = person("赵桂兰", &citizen_id("1962-03-08", 2), "spouse");
        let wife: Vec<(&'static str, &str)> =
            wife.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let said = send(&mut clerk, &add, fields(&wife)).await;
        assert!(said.text.contains("不能同时属于两个家庭"), "{}", said.text);
        // A wrong name for a known ID is noticed.
        let alias = person("赵桂花", &citizen_id("1962-03-08", 2), "spouse");
        let alias: Vec<(&'static str, &str)> =
            alias.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let said = send(&mut clerk, &add, fields(&alias)).await;
        assert!(said.text.contains("与填写的姓名不一致"), "{}", said.text);

        for (name, born, number) in [("冯小军", "1999-09-09", 51), ("冯小梅", "2003-03-03", 52)] {
            let member = person(name, &citizen_id(born, number), "child");
            let member: Vec<(&'static str, &str)> =
                member.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let added = send(&mut clerk, &add, fields(&member)).await;
            assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.text);
        }
        let page = clerk.get(&family).await;
        let id_of = |text: &str, name: &str| {
            let at = text.find(&format!(">{name}</a>")).unwrap();
            text[..at].rsplit("/desk/people/").next().unwrap().trim_end_matches('"').to_owned()
        };
        let (father, son, daughter) =
            (id_of(&page.text, "冯铁柱"), id_of(&page.text, "冯小军"), id_of(&page.text, "冯小梅"));

        let relation = format!("relation-{father}");
        let change = vec![
            ("head".to_owned(), son.clone()),
            (relation, "parent".to_owned()),
            (format!("relation-{daughter}"), "sibling".to_owned()),
            ("reason".to_owned(), "年事已高".to_owned()),
        ];
        let dated = |day: &str, mut fields: Vec<(String, String)>| {
            let date = [("on_year", "2026"), ("on_month", "11"), ("on_day", day)];
            fields.extend(date.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
            fields
        };
        let changed = send(&mut clerk, &format!("{family}/head"), dated("20", change)).await;
        assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.text);
        assert!(clerk.get(&family).await.text.contains("冯小军家"));

        let split = vec![
            ("leaving".to_owned(), daughter.clone()),
            ("head".to_owned(), daughter.clone()),
            ("division".to_owned(), village.clone()),
            ("registered".to_owned(), village.clone()),
            ("area".to_owned(), "urban".to_owned()),
            ("reason".to_owned(), "结婚".to_owned()),
        ];
        let gone = send(&mut clerk, &format!("{family}/split"), dated("21", split)).await;
        assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.text);
        assert_ne!(gone.location(), family);
        assert!(clerk.get(gone.location()).await.text.contains("冯小梅家"));

        let leave = vec![("reason".to_owned(), "外出务工".to_owned())];
        let alone = send(&mut clerk, &format!("{family}/remove/{son}"), dated("22", leave.clone())).await;
        assert!(alone.text.contains("先办理变更户主"), "a head does not leave others behind");
        let removed = send(&mut clerk, &format!("{family}/remove/{father}"), dated("22", leave)).await;
        assert_eq!(removed.status, StatusCode::SEE_OTHER);
        let history = clerk.get(&format!("{family}/history")).await;
        for word in ["年事已高", "结婚", "外出务工", "后不再采用", "采用中"] {
            assert!(history.text.contains(word), "{word}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_family_moves_inside_the_area_only() {
    Town::each("move", async |town| {
        let mut clerk = town.browser("clerk_a").await;
        let address = format!("/desk/families/{}/move", town.family_a);
        let form = clerk.get(&address).await;
        assert!(form.text.contains("建设路 1 号 2 单元 301"));
        assert!(
            !form.text.contains(&format!("value=\"{}\"", town.village_b)),
            "places outside are not offered"
        );
        let (here, there) = (town.village_a.to_string(), town.village_b.to_string());
        let send = async |clerk: &mut crate::testing::Browser, division: &str| {
            let fields = [
                ("division", division),
                ("registered", here.as_str()),
                ("area", "rural"),
                ("address", "新居 2 号"),
                ("on_year", "2026"),
                ("on_month", "11"),
                ("on_day", "1"),
                ("reason", "搬家"),
            ];
            clerk.post(&address, &fields).await
        };
        assert_eq!(send(&mut clerk, &there).await.status, StatusCode::NOT_FOUND);
        assert_eq!(send(&mut clerk, &here).await.status, StatusCode::SEE_OTHER);
        let page = clerk.get(&format!("/desk/families/{}", town.family_a)).await;
        assert!(page.text.contains("新居 2 号") && page.text.contains("农村"));
    })
    .await;
}

#[tokio::test]
async fn numbers_in_full_cost_a_purpose_and_leave_a_trace() {
    Town::each("reveal", async |town| {
        let person = town.people_a[0];
        let account = NewAccount {
            person,
            holder_name: "赵桂兰".parse().unwrap(),
            bank: "postal".to_owned(),
            number: "6217991234567890124".parse().unwrap(),
        };
        people::add_account(&town.office, &grant(&town.clerk_a), &account).await.unwrap();
        let mut clerk = town.browser("clerk_a").await;
        let whole = citizen_id("1962-03-08", 2);
        let page = clerk.get(&format!("/desk/people/{person}")).await;
        assert!(page.text.contains(&whole.masked()) && !page.text.contains(whole.expose()));
        assert!(page.text.contains("尾号 0124") && !page.text.contains("6217991234567890124"));
        let address = format!("/desk/people/{person}/reveal");
        let short = clerk.post(&address, &[("purpose", "看")]).await;
        assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!short.text.contains(whole.expose()));
        let shown = clerk.post(&address, &[("purpose", "与公安部门核对户籍")]).await;
        assert!(shown.text.contains(whole.expose()) && shown.text.contains("13900000002"));
        let number = page.text.split("/desk/accounts/").nth(1).unwrap().split('/').next().unwrap();
        let shown =
            clerk.post(&format!("/desk/accounts/{number}/reveal"), &[("purpose", "核对退汇原因")]).await;
        assert!(shown.text.contains("6217991234567890124"));

        let last_four = whole.last_four().to_owned();
        let mut citizen = town.citizen(person, &last_four).await;
        let looks = citizen.get("/my/looks").await;
        for trace in [
            "查看了您的完整证件号码",
            "与公安部门核对户籍",
            "查看了您的完整银行账号",
            "核对退汇原因",
            "查看了您的档案",
        ] {
            assert!(looks.text.contains(trace), "{trace}");
        }
        // A head of township may read but not reveal.
        town.staff("head_a", town.township_a, "township_head").await;
        let mut head = town.browser("head_a").await;
        assert!(!head.get(&format!("/desk/people/{person}")).await.text.contains("查看完整号码"));
        assert_eq!(
            head.post(&address, &[("purpose", "与公安部门核对户籍")]).await.status,
            StatusCode::NOT_FOUND
        );
    })
    .await;
}

#[tokio::test]
async fn a_person_is_corrected_against_the_version_seen() {
    Town::each("correct", async |town| {
        let mut clerk = town.browser("clerk_a").await;
        let address = format!("/desk/people/{}/correct", town.people_a[1]);
        let form = clerk.get(&address).await;
        let version = form.field("version");
        let fields = [("version", version.as_str()), ("name", "钱大勇"), ("phone", "139"), ("reason", "")];
        let wrong = clerk.post(&address, &fields).await;
        assert!(wrong.text.contains("请填写更正的原因") && wrong.field("phone") == "139");
        let fields = [
            ("version", version.as_str()),
            ("name", "钱大永"),
            ("phone", "13900000009"),
            ("reason", "户口簿"),
        ];
        assert_eq!(clerk.post(&address, &fields).await.status, StatusCode::SEE_OTHER);
        let late = clerk.post(&address, &fields).await;
        assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(late.text.contains("刚被他人修改"));
        assert!(clerk.get(&format!("/desk/people/{}", town.people_a[1])).await.text.contains("139****0009"));
    })
    .await;
}

#[tokio::test]
async fn twins_are_settled_by_whoever_sees_both() {
    Town::each("duplicates", async |town| {
        let mut clerk = town.browser("clerk_a").await;
        let village = town.village_a.to_string();
        let twin = citizen_id("1962-03-08", 77);
        let fields = [
            ("name", "赵桂兰"),
            ("citizen_id", twin.expose()),
            ("division", village.as_str()),
            ("area", "urban"),
            ("on_year", "2026"),
            ("on_month", "11"),
            ("on_day", "1"),
        ];
        assert_eq!(clerk.post("/desk/families/new", &fields).await.status, StatusCode::SEE_OTHER);
        let list = clerk.get("/desk/duplicates").await;
        assert!(list.text.contains("姓名和出生日期相同"));
        let address =
            list.text.split("action=\"/desk/duplicates/").nth(1).unwrap().split('"').next().unwrap();
        let field = format!("finding-{address}");
        let address = format!("/desk/duplicates/{address}");
        let empty = clerk.post(&address, &[(&field, "")]).await;
        assert!(empty.status == StatusCode::UNPROCESSABLE_ENTITY && empty.text.contains("请填写核实结果"));
        assert!(!town.browser("clerk_b").await.get("/desk/duplicates").await.text.contains("赵桂兰"));
        let settled = clerk.post(&address, &[(&field, "同名同日生，确为两人")]).await;
        assert_eq!(settled.status, StatusCode::SEE_OTHER, "{}", settled.text);
        assert!(!clerk.get("/desk/duplicates").await.text.contains("赵桂兰"));
    })
    .await;
}

#[tokio::test]
async fn opening_a_family_is_written_before_the_page_is_sent() {
    Town::each("audited", async |town| {
        let mut clerk = town.browser("clerk_a").await;
        let page = clerk.get(&format!("/desk/families/{}", town.family_a)).await;
        assert_eq!(page.status, StatusCode::OK);
        let auditor = town.staff("auditor", town.county, "auditor").await;
        let wanted = AuditFilter { action: Some("person.opened".to_owned()), ..AuditFilter::default() };
        let rows = office::access::search_audit(&town.office, &grant(&auditor), &wanted, None, 50)
            .await
            .unwrap()
            .rows;
        for person in &town.people_a {
            let seen = rows.iter().any(|row| {
                row.subject == Some(("person".to_owned(), person.0)) && row.staff == Some(town.clerk_a.staff)
            });
            assert!(seen, "{person}");
        }
        if town.office.db().backend() == store::Backend::Sqlite {
            insta::assert_snapshot!("family", page.main());
        }
    })
    .await;
}

#[tokio::test]
async fn two_records_of_one_person_are_merged_by_two_people_and_parted_again() {
    Town::each("merge", async |town| {
        town.staff("county", town.county, "county_clerk").await;
        town.staff("director", town.county, "county_director").await;
        let mut clerk = town.browser("clerk_a").await;
        let (old, name) = (town.people_a[0], "赵桂兰");
        let twin = people::NewPerson {
            name: name.parse().unwrap(),
            citizen_id: citizen_id("1962-03-08", 77),
            phone: None,
            division: town.village_a,
            residence: None,
        };
        let registered = people::register_person(&town.office, &grant(&town.clerk_a), &twin).await.unwrap();
        let new = registered.person();
        let page = clerk.get(&format!("/desk/people/{new}")).await;
        let link = format!("/desk/people/{new}/merge?other={old}");
        assert!(page.text.contains(&link), "the suspicion leads to the comparison");
        assert!(clerk.get("/desk/duplicates").await.text.contains("是同一个人，去合并"));
        let found = clerk.get(&format!("/desk/people/{new}/merge?q={}", crate::ui::query_value(name))).await;
        assert!(found.text.contains(&link.replace('&', "&amp;")), "the other record is found by its name");
        let page = clerk.get(&link).await;
        assert_eq!(page.status, StatusCode::OK);
        for words in ["不一致", "身份证号", "家庭成员登记", "保留哪一份档案"] {
            assert!(page.text.contains(words), "{words}");
        }
        assert!(!page.text.contains(twin.citizen_id.expose()), "numbers are masked");
        let here = format!("/desk/people/{new}/merge");
        let (kept, other) = (old.to_string(), old.to_string());
        let nothing = clerk.post(&here, &[("other", other.as_str())]).await;
        assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
        for message in
            ["请选择保留哪一份档案。", "请写明核对过哪些证件和材料。", "请选择不再使用的身份证号为什么作废。"]
        {
            assert!(nothing.text.contains(message), "{message}");
        }
        let mut fields = vec![
            ("other", other.as_str()),
            ("keep", kept.as_str()),
            ("number_fate", "unknown"),
            ("evidence", "户口簿，本人到场"),
        ];
        let half = clerk.post(&here, &fields).await;
        assert!(half.text.contains("请选择身份证号以哪一份为准。"), "each difference is chosen");
        for field in ["from-citizen_id", "from-phone"] {
            fields.push((field, kept.as_str()));
        }
        let unknown = clerk.post(&here, &fields).await;
        assert!(unknown.status == StatusCode::UNPROCESSABLE_ENTITY && unknown.text.contains("公安机关核定"));
        assert!(unknown.text.contains("户口簿，本人到场"), "what was typed stays");
        fields[2] = ("number_fate", "police");
        let sent = clerk.post(&here, &fields).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text.chars().take(300).collect::<String>());
        let merge = sent.location().to_owned();
        assert!(merge.starts_with("/desk/merges/"), "{merge}");
        assert!(
            clerk.get(&merge).await.text.contains("等另一位")
                || clerk.get(&merge).await.text.contains("另一位有复核权限")
        );
        let settle = format!("{merge}/settle");
        assert_eq!(clerk.post(&settle, &[("answer", "confirm")]).await.status, StatusCode::NOT_FOUND);
        let mut neighbour = town.browser("clerk_b").await;
        assert_eq!(neighbour.get(&merge).await.status, StatusCode::NOT_FOUND);
        assert_eq!(neighbour.get(&link).await.status, StatusCode::NOT_FOUND);
        assert!(!neighbour.get("/desk/merges").await.text.contains(name));

        let mut director = town.browser("director").await;
        let silent = director.post(&settle, &[("answer", "refuse"), ("note", "")]).await;
        assert!(
            silent.status == StatusCode::UNPROCESSABLE_ENTITY && silent.text.contains("请写明不同意的理由")
        );
        let done = director.post(&settle, &[("answer", "confirm"), ("note", "已核对")]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text.chars().take(300).collect::<String>());
        let led = clerk.get(&format!("/desk/people/{new}")).await;
        assert_eq!(led.location(), format!("/desk/people/{old}"), "the old address leads on");
        // So does every page below it, and a form that was still open; for the neighbours there is nothing.
        for below in ["", "/correct", "/facts/wage_income", "/benefits", "/code", "/merge"] {
            let led = clerk.get(&format!("/desk/people/{new}{below}")).await;
            assert_eq!(led.location(), format!("/desk/people/{old}{below}"));
            let hidden = neighbour.get(&format!("/desk/people/{new}{below}")).await;
            assert_eq!(hidden.status, StatusCode::NOT_FOUND, "{below}");
        }
        let stale = [("version", "1"), ("name", "别人"), ("reason", "户口簿")];
        let sent = clerk.post(&format!("/desk/people/{new}/correct"), &stale).await;
        assert_eq!(sent.location(), format!("/desk/people/{old}/correct"));
        let led = director.get(&format!("/desk/people/{new}/reveal")).await;
        assert_eq!(led.location(), format!("/desk/people/{old}/reveal"));
        let found = clerk.get(&format!("/desk/people?q={}", crate::ui::query_value(name))).await;
        assert_eq!(found.text.matches("赵桂兰</a>").count(), 1, "found once");
        assert!(director.get("/desk/merges").await.text.contains("已合并"));
        assert_eq!(director.get("/desk/merges/export").await.status, StatusCode::OK);

        let undo = format!("{merge}/undo");
        let silent = clerk.post(&undo, &[("reason", "")]).await;
        assert!(
            silent.status == StatusCode::UNPROCESSABLE_ENTITY && silent.text.contains("请写明撤销的理由")
        );
        let asked = clerk.post(&undo, &[("reason", "核对后是两个人")]).await;
        assert_eq!(asked.status, StatusCode::SEE_OTHER);
        let parted = director.post(&format!("{undo}/settle"), &[("answer", "confirm")]).await;
        assert_eq!(
            parted.status,
            StatusCode::SEE_OTHER,
            "{}",
            parted.text.chars().take(300).collect::<String>()
        );
        assert_eq!(clerk.get(&format!("/desk/people/{new}")).await.status, StatusCode::OK);
        let found = clerk.get(&format!("/desk/people?q={}", crate::ui::query_value(name))).await;
        assert_eq!(found.text.matches("赵桂兰</a>").count(), 2, "two again");
    })
    .await;
}

#[tokio::test]
async fn two_families_become_one() {
    Town::each("join", async |town| {
        let mut clerk = town.browser("clerk_a").await;
        let village = town.village_a.to_string();
        let bride = citizen_id("1970-02-02", 81);
        let new = [
            ("name", "钱小梅"),
            ("citizen_id", bride.expose()),
            ("division", village.as_str()),
            ("area", "urban"),
            ("on_year", "2026"),
            ("on_month", "11"),
            ("on_day", "1"),
        ];
        let made = clerk.post("/desk/families/new", &new).await;
        let theirs = made.location().to_owned();
        let other = theirs.rsplit('/').next().unwrap().to_owned();
        let here = format!("/desk/families/{}/join", town.family_a);
        assert!(clerk.get(&format!("/desk/families/{}", town.family_a)).await.text.contains(&here));
        let found = clerk.get(&format!("{here}?q={}", crate::ui::query_value("钱小梅"))).await;
        assert!(found.text.contains(&format!("{here}?other={other}")));
        let form = clerk.get(&format!("{here}?other={other}")).await;
        assert!(form.text.contains("涉及的待遇和办件") && form.text.contains("钱小梅与赵桂兰的关系"));
        let person =
            form.text.split("name=\"relation-").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let relation = format!("relation-{person}");
        let then = [
            ("on_year", "2026"),
            ("on_month", "11"),
            ("on_day", "2"),
            ("reason", "结婚"),
            ("other", other.as_str()),
        ];
        let half = clerk.post(&here, &then).await;
        assert!(
            half.status == StatusCode::UNPROCESSABLE_ENTITY && half.text.contains("请选择钱小梅与户主的关系")
        );
        let mut whole = then.to_vec();
        whole.push((relation.as_str(), "spouse"));
        let joined = clerk.post(&here, &whole).await;
        assert_eq!(
            joined.status,
            StatusCode::SEE_OTHER,
            "{}",
            joined.text.chars().take(300).collect::<String>()
        );
        assert!(clerk.get(&format!("/desk/families/{}", town.family_a)).await.text.contains("钱小梅</a>"));
        let left = clerk.get(&theirs).await.text;
        assert!(left.contains("已销户") && left.contains("现在的家庭"));
        let far = format!("/desk/families/{}/join?other={}", town.family_a, town.family_b);
        assert_eq!(clerk.get(&far).await.status, StatusCode::NOT_FOUND, "a family elsewhere is not shown");
    })
    .await;
}
