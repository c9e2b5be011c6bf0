//! One box finds people, cases, records, divisions and matters, by whatever is typed, and only what the post may see.

use std::collections::BTreeMap;

use catalogue::{LoadOptions, Release};
use office::access::{Actor, KeepRecords, ReadRecords, Right};
use office::forms::{Answers, FieldPath, Raw};
use office::records::list::{Narrowed, list};
use office::records::{self, Deed, NewVersion, RecordId, Saved, page, save};
use office::search::{self, Group, SHOWN, Thing};
use office::{Office, OfficeError, divisions, people};
use store::{Backend, Query, statements};
use vocab::CitizenId;

use crate::town::{Town, day, grant, pack, towns};
use crate::wuhai::{Family, cities};

async fn try_add(
    office: &Office,
    actor: &Actor,
    register: &str,
    pairs: &[(&str, &str)],
) -> Result<RecordId, OfficeError> {
    let open = records::open(office, actor, register, Right::KeepRecords)?;
    let form = open.release().record_form(&open.register().id).unwrap();
    let mut answers = Answers::new();
    for (id, text) in pairs {
        let (page, field) = form.fields().find(|(_, field)| field.id == *id).unwrap();
        answers.set(&FieldPath::new(page, None, field), Raw::from(*text));
    }
    let new = NewVersion { record: None, answers, state: None, deed: Deed::Added, reason: "新登记" };
    match save(office, &grant::<KeepRecords>(actor), &open, new, None).await? {
        Saved::Done(id) => Ok(id),
        other => panic!("{other:?}"),
    }
}

async fn add(office: &Office, actor: &Actor, register: &str, pairs: &[(&str, &str)]) -> RecordId {
    try_add(office, actor, register, pairs).await.unwrap_or_else(|error| panic!("{register}: {error:?}"))
}

/// The same post for every business.
fn of_all(office: &Office, actor: &Actor) -> Actor {
    let mut all = actor.clone();
    all.businesses = office.release().businesses().into_iter().map(str::to_owned).collect();
    all
}

/// Titles by group.
async fn found(office: &Office, actor: &Actor, text: &str) -> BTreeMap<&'static str, Vec<String>> {
    let reader = search::reader(actor);
    let found = search::search(office, &reader, text).await.unwrap();
    found
        .into_iter()
        .map(|found| (found.group.code(), found.hits.into_iter().map(|hit| hit.title).collect()))
        .collect()
}

async fn in_group(office: &Office, actor: &Actor, group: Group, text: &str) -> Vec<String> {
    found(office, actor, text).await.remove(group.code()).unwrap_or_default()
}

const CENTRE: &str = "乌海市吉祥居家养老服务中心";
const CODE: &str = "91150302MA0Q3AB12X";

#[tokio::test]
async fn one_box_finds_everything_that_the_post_may_see() {
    for city in cities("search_box").await {
        let office = &city.office;
        let (clerk, neighbour) =
            (&of_all(office, &city.township_clerk), &of_all(office, &city.neighbour_clerk));
        let number = CitizenId::synthetic(7, day("1951-03-08"), 23);
        let village = divisions::by_code(office.db(), city.village).await.unwrap().id;
        let new = people::NewPerson {
            name: "吉祥云".parse().unwrap(),
            citizen_id: number.clone(),
            phone: None,
            division: village,
            residence: None,
        };
        people::register_person(office, &grant(clerk), &new).await.unwrap();
        let here = city.village;
        add(
            office,
            clerk,
            "organisation",
            &[("name", CENTRE), ("credit_code", CODE), ("kind", "enterprise"), ("division", here)],
        )
        .await;
        add(
            office,
            clerk,
            "facility",
            &[("name", "吉祥社区食堂"), ("code", "SS-2024-007"), ("kind", "elderly"), ("division", here)],
        )
        .await;
        add(office, clerk, "place", &[("name", "吉祥路"), ("kind", "road"), ("division", here)]).await;
        let home = [
            ("name", "吉祥养老院"),
            ("credit_code", "52150302MJ0000009A"),
            ("kind", "private"),
            ("division", here),
            ("approved_beds", "20"),
        ];
        add(office, clerk, "care_institution", &home).await;

        // One word, all kinds; the same by pinyin initials.
        for text in ["吉祥", " 吉 祥 "] {
            let all = found(office, clerk, text).await;
            assert_eq!(all["people"], ["吉祥云"], "{text}");
            assert_eq!(all["organisations"], [CENTRE]);
            assert_eq!(all["facilities"], ["吉祥社区食堂"]);
            assert_eq!(all["places"], ["吉祥路"]);
            assert_eq!(all["records"], ["吉祥养老院"]);
        }
        assert_eq!(in_group(office, clerk, Group::People, "jxy").await, ["吉祥云"]);
        assert_eq!(in_group(office, clerk, Group::Organisations, "jxjjyl").await, [CENTRE]);
        assert_eq!(in_group(office, clerk, Group::Records, "JXYLY").await, ["吉祥养老院"]);
        // What is called exactly so comes first, whatever is older.
        add(office, clerk, "place", &[("name", "新吉祥路"), ("kind", "road"), ("division", here)]).await;
        assert_eq!(in_group(office, clerk, Group::Places, "吉祥路").await, ["吉祥路", "新吉祥路"]);

        // Numbers: credit code, its end, codes of things, citizen IDs and their ends.
        for text in [CODE, "91150302ma0q3ab12x", "B12X", "AB12X", "3ab12x"] {
            assert_eq!(in_group(office, clerk, Group::Organisations, text).await, [CENTRE], "{text}");
        }
        assert_eq!(in_group(office, clerk, Group::Facilities, "ss-2024-007").await, ["吉祥社区食堂"]);
        let id = number.expose();
        for text in [id, &id[14..], &id[13..], &id[12..]] {
            assert_eq!(in_group(office, clerk, Group::People, text).await, ["吉祥云"], "{text}");
        }
        let mut wrong = id[12..].to_owned();
        wrong.replace_range(0..1, if wrong.starts_with('0') { "1" } else { "0" });
        assert_eq!(in_group(office, clerk, Group::People, &wrong).await, [""; 0]);

        // The people next door see none of it, except what is everybody's.
        for text in ["吉祥", "jxy", CODE, "B12X", &id[14..], "ss-2024-007"] {
            let theirs = found(office, neighbour, text).await;
            assert!(theirs.keys().all(|group| ["divisions", "items"].contains(group)), "{text}: {theirs:?}");
        }
        let elsewhere = search::search(office, &search::reader(neighbour), id).await.unwrap();
        assert!(elsewhere[0].hits.is_empty() && elsewhere[0].note.as_ref().unwrap().contains("已在他处登记"));
        assert_eq!(
            in_group(office, &of_all(office, &city.county_clerk), Group::Organisations, "吉祥").await,
            [CENTRE]
        );
        // A post without the right finds no group of it.
        let accountant = found(office, &city.accountant, "吉祥").await;
        assert!(
            !accountant.contains_key("organisations") && !accountant.contains_key("records"),
            "{accountant:?}"
        );

        // Matters and divisions.
        assert!(
            in_group(office, clerk, Group::Items, "低保").await.len()
                + in_group(office, clerk, Group::Items, "最低生活保障").await.len()
                > 0
        );
        assert!(!in_group(office, clerk, Group::Items, "zdshbz").await.is_empty());
        let places = in_group(office, clerk, Group::Divisions, "和平社区").await;
        assert!(
            places.iter().any(|title| title.contains("海勃湾区") && title.contains("和平社区")),
            "{places:?}"
        );
        for code in ["150302", "150302000000"] {
            assert_eq!(
                in_group(office, clerk, Group::Divisions, code).await,
                ["内蒙古自治区 乌海市 海勃湾区"],
                "{code}"
            );
        }

        // A case by its number.
        let case = city.file(&Family::default()).await.unwrap();
        let number: String = Query::system("test", "SELECT number FROM case_file WHERE id = ?")
            .bind(case)
            .scalar(office.db())
            .await
            .unwrap();
        assert_eq!(in_group(office, clerk, Group::Cases, &number.to_lowercase()).await, [number.clone()]);
        assert_eq!(in_group(office, neighbour, Group::Cases, &number).await, [""; 0]);

        // Looking is written down, and what was typed is not.
        let audited = async |action: &str| -> i64 {
            let sql = "SELECT count(*) FROM audit WHERE action = ? AND staff_id = ?";
            Query::system("test", sql).bind(action).bind(clerk.staff).scalar(office.db()).await.unwrap()
        };
        let before = (audited("person.searched").await, audited("record.searched").await);
        found(office, clerk, "吉祥").await;
        assert_eq!(
            (audited("person.searched").await, audited("record.searched").await),
            (before.0 + 1, before.1 + 1)
        );
        let said: i64 = Query::system("test", "SELECT count(*) FROM audit WHERE details LIKE '%吉祥%'")
            .scalar(office.db())
            .await
            .unwrap();
        assert_eq!(said, 0);
        for text in ["", "吉", "—", " a "] {
            let refused = search::search(office, &search::reader(clerk), text).await;
            assert!(matches!(refused, Err(OfficeError::Invalid(_))), "{text}");
        }
    }
}

#[tokio::test]
async fn what_is_found_follows_what_is_written() {
    for city in cities("search_follows").await {
        let office = &city.office;
        let clerk = &of_all(office, &city.township_clerk);
        let mut ids = Vec::new();
        for number in 0..SHOWN + 3 {
            let name = format!("如意{number}号公厕");
            let code = format!("GC{number:04}");
            let pairs =
                [("name", name.as_str()), ("code", &code), ("kind", "other"), ("division", city.village)];
            ids.push(add(office, clerk, "facility", &pairs).await);
        }
        let reader = search::reader(clerk);
        let groups = search::search(office, &reader, "如意").await.unwrap();
        let facilities = groups.iter().find(|found| found.group == Group::Facilities).unwrap();
        assert!(facilities.hits.len() == SHOWN && facilities.more);
        assert_eq!(facilities.hits[0].thing, Thing::Record("facility".to_owned(), ids[0]));

        // Another name, another place: found under the new one, by those who see it there.
        let open = records::open(office, clerk, "facility", Right::KeepRecords).unwrap();
        let register = open.register();
        let stored = page::for_writing(office, clerk, &open, ids[0]).await.unwrap();
        let form = open.release().record_form(&register.id).unwrap();
        let mut answers = stored.answers(register);
        let (group, field) = form.fields().find(|(_, field)| field.id == "name").unwrap();
        answers.set(&FieldPath::new(group, None, field), Raw::from("安乐亭"));
        let new = NewVersion {
            record: Some((ids[0], 1)),
            answers,
            state: None,
            deed: Deed::Changed,
            reason: "改名",
        };
        save(office, &grant(clerk), &open, new, None).await.unwrap();
        assert_eq!(in_group(office, clerk, Group::Facilities, "alt").await, ["安乐亭"]);
        assert_eq!(in_group(office, clerk, Group::Facilities, "如意0号").await, [""; 0]);

        // The register's own list asks the same index.
        let reads = records::open(office, clerk, "facility", Right::ReadRecords).unwrap();
        let asked = |text: &str| Narrowed { words: Some(text.to_owned()), ..Narrowed::default() };
        for (text, count) in
            [("如意", SHOWN + 2), ("ryg", 0), ("gcs", 0), ("gc0003", 1), ("安乐", 1), ("如", SHOWN + 2)]
        {
            let listed =
                list(office, &grant::<ReadRecords>(clerk), &reads, &asked(text), None, 50).await.unwrap();
            assert_eq!(listed.lines.len(), count, "{text}");
        }

        // A database whose records were there before the index, or whose divisions have moved: the next round writes it.
        Query::system("test", "DELETE FROM search_words").execute(office.db()).await.unwrap();
        Query::system("test", "UPDATE search_kind SET filled = ? WHERE name = 'facility'")
            .bind(false)
            .execute(office.db())
            .await
            .unwrap();
        assert_eq!(in_group(office, clerk, Group::Facilities, "如意").await, [""; 0]);
        office::round(office).await.unwrap();
        assert_eq!(in_group(office, clerk, Group::Facilities, "如意").await.len(), SHOWN);
        assert_eq!(in_group(office, clerk, Group::Facilities, "如意1号公厕").await[0], "如意1号公厕");
    }
}

#[tokio::test]
async fn what_has_no_page_of_its_own_goes_on_page_after_page() {
    for city in cities("search_pages_of_groups").await {
        let office = &city.office;
        let clerk = &of_all(office, &city.township_clerk);
        for number in 0..7 {
            let (name, code) = (format!("平安{number}养老院"), format!("52150302MJ000010{number}A"));
            let pairs = [
                ("name", name.as_str()),
                ("credit_code", &code),
                ("kind", "private"),
                ("division", city.village),
                ("approved_beds", "9"),
            ];
            add(office, clerk, "care_institution", &pairs).await;
        }
        let reader = search::reader(clerk);
        let (mut cursor, mut titles) = (None, Vec::new());
        loop {
            let page = search::search_group(office, &reader, Group::Records, "平安", cursor.as_ref(), 3)
                .await
                .unwrap();
            titles.extend(page.rows.into_iter().map(|hit| hit.title));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(titles.len(), 7);
        titles.dedup();
        assert_eq!(titles.len(), 7);
        let own = search::search_group(office, &reader, Group::People, "平安", None, 3).await;
        assert!(matches!(own, Err(OfficeError::NotFound(_))), "people have a page of their own");
        let accountant = search::reader(&city.accountant);
        let none = search::search_group(office, &accountant, Group::Records, "平安", None, 3).await;
        assert!(none.is_err() || none.unwrap().rows.is_empty());
    }
}

#[tokio::test]
async fn a_place_that_has_ended_is_found_by_its_old_code() {
    for town in towns("search_old_codes").await {
        let office = &town.office;
        let clerk = town.clerk(town.hedong).await;
        assert_eq!(
            in_group(office, &clerk, Group::Divisions, "石桥村").await,
            ["试点市 西山县 山前镇 石桥村"]
        );
        let mut files = pack();
        let text = &files.files["divisions.csv"];
        let text = text.replace(
            "990102001001,village,石桥村,990102001,,\n",
            "990102001009,village,大石桥村,990102001,990102201,\n",
        );
        files.files.insert("divisions.csv".to_owned(), text);
        let later = Release::from_packs(vec![files], LoadOptions { synthetic: true }).unwrap();
        let done = divisions::import(office.db(), &later, day("2026-10-01")).await.unwrap();
        assert_eq!((done.added, done.ended), (1, 1));
        let reader = search::reader(&clerk);
        let groups = search::search(office, &reader, "990102001001").await.unwrap();
        let hit = &groups[0].hits[0];
        assert_eq!(hit.title, "试点市 西山县 山前镇 石桥村");
        assert_eq!(hit.state, Some(("2026年10月1日起撤销".to_owned(), true)));
        // By name both, by the ministry's code the new one, by initials too.
        assert_eq!(in_group(office, &clerk, Group::Divisions, "石桥").await.len(), 2);
        assert_eq!(
            in_group(office, &clerk, Group::Divisions, "990102201").await,
            ["试点市 西山县 山前镇 大石桥村"]
        );
        assert_eq!(
            in_group(office, &clerk, Group::Divisions, "dsqc").await,
            ["试点市 西山县 山前镇 大石桥村"]
        );
    }
}

/// The box asks a bounded number of statements, and each search of an index is one of the index.
#[tokio::test]
async fn the_box_stands_on_indexes() {
    for city in cities("search_box_plans").await {
        let office = &city.office;
        let clerk = &of_all(office, &city.township_clerk);
        let pairs = [("name", "吉祥亭"), ("code", "JXT001"), ("kind", "other"), ("division", city.village)];
        add(office, clerk, "facility", &pairs).await;
        let reader = search::reader(clerk);
        let (answer, texts) = statements::counted(search::search(office, &reader, "吉祥")).await;
        assert_eq!(answer.unwrap().len(), 1);
        assert!(texts.len() <= 24, "{}: {texts:#?}", texts.len());
        let (table, column, matching) = match office.db().backend() {
            Backend::Sqlite => ("search_words", "search_words", "MATCH 'c1g2 AND r3'"),
            Backend::Postgres => ("search_words", "words", "@@ to_tsquery('simple', 'c1g2 & r3')"),
        };
        let sql = format!(
            "SELECT c.id FROM (SELECT s.rowid AS id FROM {table} s WHERE s.{column} {matching} LIMIT 1000) AS c WHERE c.id > 0 ORDER BY c.id LIMIT 6"
        );
        let plan = office.db().explain(Query::system("test", sql)).await.unwrap();
        let by_index =
            plan.contains("VIRTUAL TABLE INDEX 0:M") || plan.contains("Bitmap Index Scan on search_words_by");
        assert!(by_index, "{plan}");
        // The things found are read by id.
        for text in texts
            .iter()
            .filter(|text| text.contains(" FROM reg_") && office.db().backend() == Backend::Sqlite)
        {
            let values = text.matches('?').count();
            let query =
                (0..values).fold(Query::system("plan", text.clone()), |query, _| query.bind(None::<i64>));
            let plan = office.db().explain(query).await.unwrap();
            assert!(!plan.contains("SCAN r"), "{plan}\n{text}");
        }
    }
}

/// A register of things and one that points at them, shared so far.
fn sharing(shared: &str) -> Release {
    let mut files = pack();
    let field = |id: &str, label: &str, more: &str| {
        format!("[[register.group.field]]\nid = \"{id}\"\nlabel = \"{label}\"\n{more}\n\n")
    };
    let head = |id: &str, title: &str, more: &str| {
        format!(
            "[[register]]\nid = \"{id}\"\ntitle = \"{title}\"\nunit = \"家\"\nchapter = \"基础登记\"\nbusiness = \"assistance\"\n\
             summary = \"{title}。\"\n{more}\nlist = {{ columns = [] }}\n\n[[register.group]]\nid = \"basic\"\ntitle = \"基本情况\"\n\n"
        )
    };
    let text = [
        head("helper", "服务机构", &format!("key = [\"name\"]\ntitled = [\"name\"]\nplace = \"lies_in\"\n{shared}")),
        field("name", "名称", "type = \"text\"\nrequired = true"),
        field("lies_in", "所在地", "type = \"division\"\nrequired = true"),
        field("secret", "内部评价", "type = \"text\""),
        head("helped", "服务安排", "key = [\"number\"]\ntitled = [\"number\"]\nplace = \"lies_in\""),
        field("number", "编号", "type = \"text\"\nrequired = true"),
        field("lies_in", "所在地", "type = \"division\"\nrequired = true"),
        field("helper", "机构", "type = \"record\"\nregister = \"helper\"\nrequired = true\nback = { id = \"helps\", title = \"服务安排\" }"),
        head("price", "收费检查", "key = [\"number\"]\ntitled = [\"number\"]\nplace = \"helper\""),
        field("number", "编号", "type = \"text\"\nrequired = true"),
        field("helper", "机构", "type = \"record\"\nregister = \"helper\"\nrequired = true"),
    ]
    .concat();
    files.files.insert("sharing.toml".to_owned(), text);
    Release::from_packs(vec![files], LoadOptions { synthetic: true })
        .unwrap_or_else(|findings| panic!("{findings:#?}"))
}

async fn put_in_force(town: &Town, release: Release) {
    records::prepare(town.office.db(), &release).await.unwrap();
    town.office.put_in_force(std::sync::Arc::new(release));
}

#[tokio::test]
async fn what_is_shared_is_offered_by_its_title_and_nothing_else_of_it_is_seen() {
    for town in towns("search_shared").await {
        put_in_force(&town, sharing("shared = \"below\"")).await;
        let office = &town.office;
        let prefecture = town.actor("city", town.prefecture, &["prefecture_clerk"]).await;
        let (clerk, neighbour) = (town.clerk(town.hedong).await, town.clerk(town.hexi).await);
        let lists = [
            ("市级康复中心", "990100"),
            ("县级康复中心", "990101"),
            ("邻镇康复中心", "990101002"),
            ("邻县康复中心", "990102"),
        ];
        let mut ids = BTreeMap::new();
        for (name, place) in lists {
            let pairs = [("name", name), ("lies_in", place), ("secret", "经常迟到")];
            ids.insert(name, add(office, &prefecture, "helper", &pairs).await);
        }
        let pick = async |words: &str, number: &str| {
            let pairs = [("number", number), ("lies_in", "990101001001"), ("helper", words)];
            try_add(office, &clerk, "helped", &pairs).await
        };
        let offered = [
            ("", [false; 4]),
            ("shared = \"below\"", [true, true, false, false]),
            ("shared = \"county\"", [true, true, true, false]),
            ("shared = \"prefecture\"", [true; 4]),
        ];
        for (round, (shared, fits)) in offered.into_iter().enumerate() {
            put_in_force(&town, sharing(shared)).await;
            for (place, ((name, _), fits)) in lists.iter().zip(fits).enumerate() {
                let number = format!("{round}-{place}");
                assert_eq!(pick(name, &number).await.is_ok(), fits, "{shared} {name}");
                let by_id = format!("〔{}〕", ids[name]);
                assert_eq!(
                    pick(&by_id, &format!("{number}-2")).await.is_ok(),
                    fits,
                    "{shared} {name} by number"
                );
            }
            // Typed in part, or by initials, each is offered with the place where it lies, and none is taken unasked.
            for words in ["康复中心", "kfzx", "级康", "sjkf"] {
                let open = records::open(office, &clerk, "helped", Right::KeepRecords).unwrap();
                let form = open.release().record_form("helped").unwrap();
                let (group, field) = form.fields().find(|(_, field)| field.id == "helper").unwrap();
                let path = FieldPath::new(group, None, field);
                let mut answers = Answers::new();
                answers.set(&path, Raw::from(words));
                let looked = records::look_up(office, &clerk, form, &mut answers).await.unwrap();
                let offered = looked.candidates.get(&path.to_string()).map_or(0, Vec::len);
                let expected = match words {
                    "级康" => usize::from(fits[0]) + usize::from(fits[1]),
                    "sjkf" => usize::from(fits[0]),
                    _ => fits.iter().filter(|fits| **fits).count(),
                };
                assert_eq!((offered, looked.references.len()), (expected, 0), "{shared} {words}");
            }
        }

        // Pointing at it shows its title, and opens nothing.
        put_in_force(&town, sharing("shared = \"county\"")).await;
        let open = records::open(office, &clerk, "helped", Right::ReadRecords).unwrap();
        let reader = grant::<ReadRecords>(&clerk);
        let listed = list(office, &reader, &open, &Narrowed::default(), None, 50).await.unwrap();
        let record = listed.lines.iter().find(|line| line.title == "2-2").unwrap().id;
        let seen = page::page(office, &reader, &open, record).await.unwrap();
        let helper =
            seen.groups.iter().flat_map(|group| &group.fields).find(|said| said.field == "helper").unwrap();
        assert_eq!((helper.words.as_str(), &helper.leads_to), ("邻镇康复中心", &None));
        let helpers = records::open(office, &clerk, "helper", Right::ReadRecords).unwrap();
        let id = ids["邻镇康复中心"];
        let hidden = page::page(office, &reader, &helpers, id).await.unwrap_err();
        let missing = page::page(office, &reader, &helpers, RecordId(999)).await.unwrap_err();
        assert_eq!(hidden.to_string(), missing.to_string());
        assert!(page::for_writing(office, &clerk, &helpers, id).await.is_err());
        assert!(
            list(office, &reader, &helpers, &Narrowed::default(), None, 50).await.unwrap().lines.is_empty()
        );
        assert!(in_group(office, &clerk, Group::Records, "康复中心").await.is_empty());
        // Those in whose area it lies see which arrangements of their own area point at it, and not those of others.
        let own = page::page(office, &grant(&neighbour), &helpers, id).await.unwrap();
        assert!(own.pointing.iter().all(|pointing| pointing.records.is_empty()), "{:?}", own.pointing);
    }
}

/// A record lies where what it points at lies; where that is above the office or another's, it lies at the office that enters it, and stays.
#[tokio::test]
async fn what_points_above_its_office_lies_at_its_office() {
    for town in towns("search_above").await {
        put_in_force(&town, sharing("shared = \"county\"")).await;
        let office = &town.office;
        let prefecture = town.actor("city", town.prefecture, &["prefecture_clerk"]).await;
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let (clerk, neighbour) = (town.clerk(town.hedong).await, town.clerk(town.hexi).await);
        let places = [("县级", "990101"), ("邻镇", "990101002"), ("本村", "990101001001")];
        for (name, place) in places {
            add(office, &prefecture, "helper", &[("name", name), ("lies_in", place)]).await;
        }
        let open = records::open(office, &county, "price", Right::KeepRecords).unwrap();
        for (number, (name, _)) in ["1", "2", "3"].into_iter().zip(places) {
            let id = add(office, &clerk, "price", &[("number", number), ("helper", name)]).await;
            let seen = page::page(office, &grant(&clerk), &open, id).await.unwrap();
            let lies = if name == "本村" { town.first_community } else { town.hedong };
            assert_eq!(seen.record.division, lies, "{name}");
            // The helper's own office does not get what another entered; the county above changes it, and it stays where it lies.
            assert!(page::page(office, &grant(&neighbour), &open, id).await.is_err(), "{name}");
            let mut answers = seen.record.answers(open.register());
            let form = open.release().record_form("price").unwrap();
            let (group, field) = form.fields().find(|(_, field)| field.id == "number").unwrap();
            answers.set(&FieldPath::new(group, None, field), Raw::from(format!("{number}-改").as_str()));
            let new = NewVersion {
                record: Some((id, seen.record.version)),
                answers,
                state: None,
                deed: Deed::Changed,
                reason: "核对",
            };
            let saved = save(office, &grant(&county), &open, new, None).await.unwrap();
            assert!(matches!(saved, Saved::Done(_)), "{saved:?}");
            let seen = page::page(office, &grant(&clerk), &open, id).await.unwrap();
            assert_eq!((seen.record.title.as_str(), seen.record.division), (&*format!("{number}-改"), lies));
        }
    }
}

#[test]
fn what_names_people_is_not_shared() {
    let mut files = pack();
    let text = files.files["registers.toml"].replacen(
        "place = \"shelter\"\n",
        "place = \"shelter\"\nshared = \"below\"\n",
        1,
    );
    assert!(text.contains("shared"));
    files.files.insert("registers.toml".to_owned(), text);
    let findings = Release::from_packs(vec![files], LoadOptions { synthetic: true }).unwrap_err();
    assert!(findings.iter().any(|finding| finding.to_string().contains("标题里有人")), "{findings:#?}");
}
