//! What the law makes public (社会救助法 art. 45 and 67, 57号 art. 24): who has a benefit now, and where the money went.

use catalogue::definition::Pays;
use ledger::{AmountCause, Decision, EntitlementId, Grant};
use office::casework::notices;
use office::people::{self, MemberChange, NewHousehold, NewMember, NewPerson};
use office::publication::{self, Cell, Holder, PublishedLine};
use office::{casework, divisions};
use store::{DivisionId, PersonId, Query, Scope};
use vocab::{CitizenId, Fen, Month};

use crate::matters::burned_out;
use crate::town::day;
use crate::wuhai::{Family, VILLAGE, Wuhai, cities, grant};

const EVERYWHERE: Scope = Scope::System("test");
const GROWN: &str = "1980-05-01";

async fn at(city: &Wuhai, code: &str) -> DivisionId {
    divisions::by_code(city.office.db(), code).await.unwrap().id
}

fn month(city: &Wuhai) -> Month {
    city.office.now().month()
}

fn decision(city: &Wuhai) -> Decision {
    Decision {
        reference: "海区民确〔2026〕1号".to_owned(),
        reason: "符合条件".to_owned(),
        case: None,
        determination: None,
        officer: city.county_director.staff,
        at: city.office.now(),
    }
}

/// A family of the village; the first is its head. Births are days, and no two families have the same first number.
async fn family(city: &Wuhai, people: &[(&str, &str)], number: u16) -> (store::HouseholdId, Vec<PersonId>) {
    let village = at(city, VILLAGE).await;
    let mut persons = Vec::new();
    for (place, (name, born)) in (0_u16..).zip(people) {
        let new = NewPerson {
            name: name.parse().unwrap(),
            citizen_id: CitizenId::synthetic(7, day(born), number + place),
            phone: None,
            division: village,
            residence: None,
        };
        let known = people::register_person(&city.office, &grant(&city.township_clerk), &new).await.unwrap();
        persons.push(known.person());
    }
    let members = persons.iter().enumerate().map(|(place, &person)| NewMember {
        person,
        relation: if place == 0 { "head" } else { "child" }.to_owned(),
        head: place == 0,
    });
    let new = NewHousehold {
        division: village,
        registered_division: village,
        area: "rural".to_owned(),
        address: None,
        members: members.collect(),
    };
    let change = MemberChange { on: day("2026-01-10"), reason: "登记".to_owned(), case: None };
    let clerk = grant(&city.township_clerk);
    (people::create_household(&city.office, &clerk, &new, &change).await.unwrap(), persons)
}

/// What the books are given: a programme, each month's money, from when and until when, and where it came from.
struct Given {
    programme: &'static str,
    fen: i64,
    from: Month,
    until: Option<Month>,
    cause: AmountCause,
}

async fn benefit(city: &Wuhai, people: &[(&str, &str)], number: u16, given: Given) -> EntitlementId {
    let (household, members) = family(city, people, number).await;
    let Given { programme, fen, from, until, cause } = given;
    let release = city.office.release();
    let definition = release.programmes.get(programme).unwrap();
    let village = at(city, VILLAGE).await;
    let new = Grant {
        programme: programme.to_owned(),
        exclusion_group: definition.exclusion_group.get().clone(),
        household,
        holder: members[0],
        members,
        county: at(city, &VILLAGE[..6]).await,
        township: at(city, &VILLAGE[..9]).await,
        division: village,
        from,
        first_due: from,
        until,
        monthly: Fen(fen),
        cause,
        payee: None,
        review_due_on: None,
    };
    let tx = city.office.db().begin().await.unwrap();
    let id = match definition.pays {
        Pays::Nothing => ledger::recognise(&tx, &new, &decision(city)).await.unwrap(),
        Pays::Monthly | Pays::Once => ledger::grant(&tx, &new, &decision(city)).await.unwrap(),
    };
    tx.commit().await.unwrap();
    id
}

fn lasting(city: &Wuhai, programme: &'static str, fen: i64) -> Given {
    Given { programme, fen, from: month(city), until: None, cause: AmountCause::Grant }
}

async fn sheet(city: &Wuhai) -> Vec<PublishedLine> {
    let village = at(city, VILLAGE).await;
    publication::sheet(&city.office, village, None, publication::PAGE).await.unwrap().rows
}

/// The only line of the sheet.
async fn line(city: &Wuhai) -> PublishedLine {
    let mut lines = sheet(city).await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.pop().unwrap()
}

fn named(name: &str) -> Holder {
    Holder::Named(name.to_owned())
}

/// SA-14: the line is what the benefit is now, and is gone with it on the same day.
#[tokio::test]
async fn a_line_is_what_the_benefit_is_and_goes_with_it() {
    for city in cities("published").await {
        let now = month(&city);
        let people = [("阿拉坦", GROWN), ("阿小花", "2015-09-01")];
        let given = Given { cause: AmountCause::Import, ..lasting(&city, "dibao", 80_000) };
        let id = benefit(&city, &people, 10, given).await;
        let first = line(&city).await;
        assert_eq!((&first.holder, first.members, first.amount), (&named("阿拉坦"), 2, Some(Fen(80_000))));
        assert_eq!((first.pays, first.from, first.until_on), (Pays::Monthly, now, None));

        // Raised, then cut: the line follows with the month, not before.
        let change = async |from: Month, fen: i64| {
            let tx = city.office.db().begin().await.unwrap();
            let (cause, said) = (AmountCause::Review, decision(&city));
            ledger::change_amount(&tx, &EVERYWHERE, id, from, Fen(fen), cause, &said).await.unwrap();
            tx.commit().await.unwrap();
        };
        change(now, 90_000).await;
        assert_eq!(line(&city).await.amount, Some(Fen(90_000)));
        change(now.next(), 70_000).await;
        assert_eq!(line(&city).await.amount, Some(Fen(90_000)), "next month's money is next month's");
        city.days(30).await;
        assert_eq!(line(&city).await.amount, Some(Fen(70_000)));

        // Nothing is paid: nothing is said. Paid again: there again.
        let now = month(&city);
        let tx = city.office.db().begin().await.unwrap();
        ledger::suspend(&tx, &EVERYWHERE, id, now, &decision(&city)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(sheet(&city).await.is_empty());
        let tx = city.office.db().begin().await.unwrap();
        ledger::resume(&tx, &EVERYWHERE, id, now, &decision(&city)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(line(&city).await.holder, named("阿拉坦"));

        // 渐退: as it is to the last of its months, and no day longer.
        let tapering = benefit(&city, &[("巴雅尔", GROWN)], 20, lasting(&city, "dibao", 50_000)).await;
        let end = async |id: EntitlementId, last: Month| {
            let tx = city.office.db().begin().await.unwrap();
            ledger::end(&tx, &EVERYWHERE, id, last, &decision(&city)).await.unwrap();
            tx.commit().await.unwrap();
        };
        end(tapering, now.next()).await;
        assert_eq!(sheet(&city).await.len(), 2);
        // Ended: gone on the same day, though this month is still paid.
        end(id, now).await;
        assert_eq!(line(&city).await.holder, named("巴雅尔"));
        city.days(31).await;
        assert_eq!(month(&city), now.next());
        assert_eq!(line(&city).await.holder, named("巴雅尔"), "the last month of the taper");
        city.days(31).await;
        assert!(sheet(&city).await.is_empty());
    }
}

/// SA-14: who has died is on no wall; a minor stands there without a name, and what is confidential does not stand there at all.
#[tokio::test]
async fn the_dead_children_and_what_is_confidential_are_not_named() {
    for city in cities("not_named").await {
        let gone = benefit(&city, &[("老斯琴", "1940-01-01")], 10, lasting(&city, "dibao", 80_000)).await;
        Query::system("test", "UPDATE person SET died_on = ? WHERE id = (SELECT holder_person_id FROM entitlement WHERE id = ?)")
            .bind(city.office.now().today())
            .bind(gone)
            .execute(city.office.db())
            .await
            .unwrap();
        assert!(sheet(&city).await.is_empty());

        // A child who is supported by the state: the amount would tell how far it can look after itself.
        benefit(&city, &[("小娜仁", "2014-03-02")], 20, lasting(&city, "tekun", 150_000)).await;
        let child = line(&city).await;
        assert_eq!((&child.holder, child.members, child.amount), (&Holder::Minor, 1, None));
        assert!(!child.holder.shown().contains('娜'));
        assert!(city.office.release().is_confidential("infected_child_living"));
        let given = lasting(&city, "infected_child_living", 180_000);
        benefit(&city, &[("金子悦", "2016-06-01")], 30, given).await;
        assert_eq!(sheet(&city).await.len(), 1, "it is published by nobody");

        // Where no law publishes a name, the pack leaves its first character; where nothing is paid, no amount.
        benefit(&city, &[("欧阳格日乐", GROWN)], 40, lasting(&city, "marginal", 0)).await;
        let lines = sheet(&city).await;
        assert_eq!(
            (&lines[1].holder, lines[1].amount, lines[1].pays),
            (&named("欧****"), None, Pays::Nothing)
        );
        // A grown-up who is supported is named, without the amount.
        benefit(&city, &[("乌恩其", "1950-01-01")], 50, lasting(&city, "tekun", 150_000)).await;
        let lines = sheet(&city).await;
        assert_eq!((&lines[2].holder, lines[2].amount), (&named("乌恩其"), None));
    }
}

/// SA-14: what is paid once stands for the days of the pack, whole, and comes down by itself.
#[tokio::test]
async fn aid_paid_once_is_published_for_its_days() {
    for city in cities("published_once").await {
        let now = month(&city);
        let given = Given { until: Some(now.next()), ..lasting(&city, "temporary_emergency", 60_000) };
        let id = benefit(&city, &[("宝音图", GROWN)], 10, given).await;
        let tx = city.office.db().begin().await.unwrap();
        let (cause, said) = (AmountCause::Grant, decision(&city));
        ledger::change_amount(&tx, &EVERYWHERE, id, now.next(), Fen(59_900), cause, &said).await.unwrap();
        tx.commit().await.unwrap();
        let decided_on = city.office.now().today();
        let seven = decided_on + chrono::Days::new(7);
        let published = line(&city).await;
        assert_eq!(
            (&published.holder, published.amount),
            (&named("宝**"), Some(Fen(119_900))),
            "both stages"
        );
        assert_eq!((published.pays, published.until_on), (Pays::Once, Some(seven)));
        city.days(7).await;
        assert_eq!(line(&city).await.until_on, Some(seven), "the last day");
        city.days(1).await;
        assert!(sheet(&city).await.is_empty());
    }
}

/// SA-14: the record of a publication says until when it stood.
#[tokio::test]
async fn a_publication_is_recorded_with_its_last_day() {
    for city in cities("publication_over").await {
        let case = city.granted(&Family::default()).await;
        let seen = city.seen(case).await.case;
        let record = async || {
            let row = Query::system(
                "test",
                "SELECT until_on, closed_on FROM notice WHERE case_id = ? AND kind = 'result'",
            )
            .bind(case)
            .one(city.office.db())
            .await
            .unwrap();
            (
                row.get::<Option<chrono::NaiveDate>>("until_on").unwrap(),
                row.get::<Option<chrono::NaiveDate>>("closed_on").unwrap(),
            )
        };
        casework::tick::tick(&city.office).await.unwrap();
        assert_eq!(record().await, (None, None), "as long as the benefit lasts");
        let published = sheet(&city).await;
        assert_eq!(
            (published.len(), &published[0].holder),
            (1, &named("金满仓")),
            "before its first month too"
        );
        let tx = city.office.db().begin().await.unwrap();
        let id = seen.entitlement.unwrap();
        ledger::end(&tx, &EVERYWHERE, id, month(&city), &decision(&city)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(sheet(&city).await.is_empty());
        let ticked = casework::tick::tick(&city.office).await.unwrap();
        let today = city.office.now().today();
        assert_eq!((ticked.published_over, record().await), (1, (Some(today), Some(today))));
        assert_eq!(casework::tick::tick(&city.office).await.unwrap().published_over, 0);
        assert!(notices::hanging(&city.office, seen.village).await.unwrap().is_empty());
    }
}

/// SA-14: page by page, each family once, none of another village; the sheet on paper is all of them.
#[tokio::test]
async fn the_sheet_goes_page_by_page() {
    for city in cities("published_pages").await {
        assert_eq!(publication::PAGE, 200);
        let village = at(&city, VILLAGE).await;
        let mut all = Vec::new();
        for (number, name) in (100_u16..).step_by(10).zip(["甲一", "乙一", "丙一", "丁一", "戊一"])
        {
            all.push(benefit(&city, &[(name, GROWN)], number, lasting(&city, "dibao", 80_000)).await);
        }
        let (mut found, mut cursor, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = publication::sheet(&city.office, village, cursor.as_ref(), 2).await.unwrap();
            assert!(page.rows.len() <= 2);
            found.extend(page.rows.iter().map(|line| line.id));
            pages += 1;
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!((&found, pages), (&all, 3));
        let (whole, more) = publication::whole_sheet(&city.office, village).await.unwrap();
        assert_eq!((whole.len(), more), (5, false));
        let township = at(&city, &VILLAGE[..9]).await;
        let above = publication::sheet(&city.office, township, None, 10).await.unwrap();
        assert!(above.rows.is_empty(), "each stands where it lives");
    }
}

/// Money that a county's bank paid to so many families of two people each.
async fn paid_out(city: &Wuhai, county: &str, programme: &str, families: i64) {
    let (db, month) = (city.office.db(), month(city));
    let county = at(city, county).await;
    let run = Query::system(
        "test",
        "INSERT INTO payment_run (county_id, programme, month, kind, state, line_count, total_fen, made_by, made_at, approved_by, file_sm3) \
         VALUES (?, ?, ?, 'regular', 'answered', ?, ?, 1, 1, 2, 'sm3') RETURNING id",
    )
    .bind(county)
    .bind(programme)
    .bind(month)
    .bind(families)
    .bind(families * 50_000)
    .insert(db)
    .await
    .unwrap();
    for place in 1..=families {
        let benefit = run * 1_000 + place;
        let sql = "INSERT INTO payment_line (run_id, entitlement_id, line_no, payee_id, amount_fen, state) VALUES (?, ?, ?, 1, 50000, 'succeeded')";
        Query::system("test", sql).bind(run).bind(benefit).bind(place).execute(db).await.unwrap();
        for person in [0, 1] {
            let sql = "INSERT INTO coverage (exclusion_group, person_id, month, entitlement_id) VALUES ('basic_living', ?, ?, ?)";
            let person = benefit * 2 + person;
            Query::system("test", sql).bind(person).bind(month).bind(benefit).execute(db).await.unwrap();
        }
    }
}

/// 社会救助法 art. 67: so many families and people got so much, by programme and county; what is small is hidden, and cannot be reckoned.
#[tokio::test]
async fn the_money_of_aid_is_told_to_everybody_and_of_nobody() {
    for city in cities("aid_money").await {
        let none = publication::funds(&city.office, None).await.unwrap();
        assert_eq!((none.month, none.programmes.len(), none.given), (month(&city), 0, Some(Fen(0))));
        paid_out(&city, "150302", "dibao", 7).await;
        paid_out(&city, "150303", "dibao", 6).await;
        paid_out(&city, "150304", "dibao", 8).await;
        paid_out(&city, "150302", "tekun", 9).await;
        paid_out(&city, "150303", "tekun", 2).await;
        paid_out(&city, "150304", "tekun", 6).await;
        paid_out(&city, "150302", "infected_child_living", 9).await;
        let funds = publication::funds(&city.office, Some(month(&city))).await.unwrap();
        assert_eq!((funds.place.as_str(), funds.months.as_slice()), ("乌海市", &[month(&city)][..]));
        assert_eq!(funds.counties.len(), 3, "{:?}", funds.counties);
        let cell = |families: i64| Cell {
            families,
            people: families * 2,
            paid: Fen(families * 50_000),
            ..Cell::default()
        };
        let of = |title: &str| {
            let found = funds.programmes.iter().find(|programme| programme.title == title);
            found.unwrap_or_else(|| panic!("{:?}", funds.programmes))
        };
        let dibao = of("最低生活保障");
        assert_eq!(dibao.counties, [7, 6, 8].map(|families| Some(cell(families))));
        assert_eq!(dibao.whole, Some(cell(21)));
        // Two families alone could be reckoned from the whole: the next larger county hides them.
        let tekun = of("特困人员救助供养");
        assert_eq!(tekun.counties, [Some(cell(9)), None, None]);
        assert_eq!(tekun.whole, Some(cell(17)));
        assert_eq!(
            (funds.programmes.len(), funds.given),
            (2, Some(Fen(38 * 50_000))),
            "nothing confidential"
        );
        let text = String::from_utf8(publication::funds_csv(&funds).unwrap()).unwrap();
        assert!(text.contains("特困人员救助供养") && text.contains("户数过少，不公开"), "{text}");
        assert!(!text.contains("1000.00"), "two families' money: {text}");
    }
}

/// 社会救助法 art. 67: what is handed out in kind is told with its worth, once for each family.
#[tokio::test]
async fn goods_count_among_what_aid_gave() {
    for city in cities("aid_goods").await {
        let case = city.file_for("temporary_emergency", &burned_out()).await.unwrap();
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        let goods = [("goods/goods_value", "380")];
        city.act(&city.township_clerk, case, "goods", &goods, &[]).await.unwrap();
        city.act(&city.township_clerk, case, "goods", &goods, &[]).await.unwrap();
        paid_out(&city, "150302", "temporary_emergency", 6).await;
        let city = city.restarted().await;
        let funds = publication::funds(&city.office, None).await.unwrap();
        assert_eq!(funds.programmes.len(), 1, "{funds:?}");
        let whole = Cell { families: 7, people: 14, paid: Fen(300_000), goods: Fen(76_000) };
        assert_eq!(funds.programmes[0].whole, Some(whole));
        assert_eq!(funds.given, Some(Fen(376_000)));
        let changed =
            Query::system("test", "UPDATE case_goods SET worth_fen = 0 WHERE case_id = ?").bind(case);
        assert!(changed.execute(city.office.db()).await.is_err(), "what was given stays");
    }
}
