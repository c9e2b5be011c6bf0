//! Signing in, posts, codes, 回避 and the audit.

use office::OfficeError;
use office::access::{
    self, Accept, AuditFilter, CodeChannel, Confirm, FileForOther, ManageStaff, NewPost, NewStaff,
    ReadPeople, Reveal, Right, SearchAudit, SignedIn,
};
use office::people;
use store::Query;

use crate::town::{DAY, HOUR, day, grant, sign_in, sign_in_and_change, towns};

#[tokio::test]
async fn the_first_administrator_is_made_once_and_must_change_the_password() {
    for town in towns("first_administrator").await {
        let again = access::create_first_administrator(&town.office, "again", "再来", town.prefecture).await;
        assert!(matches!(again, Err(OfficeError::Conflict(_))));
        let (_, once) = town.staff("lisi", town.hedong, &["township_clerk"]).await;
        let actor = sign_in(&town.office, "lisi", once.reveal()).await.unwrap();
        assert!(actor.must_change);
        assert!(matches!(actor.grant::<Accept>(), Err(OfficeError::Forbidden(Right::Accept))));
        let weak = access::change_password(&town.office, &actor, once.reveal(), "12345678").await;
        assert!(matches!(weak, Err(OfficeError::Invalid(_))));
        let actor = sign_in_and_change(&town.office, "lisi", once.reveal(), "willow-and-47").await;
        actor.grant::<Accept>().unwrap();
        assert!(actor.grant::<Confirm>().is_err());
        assert!(sign_in(&town.office, "lisi", once.reveal()).await.is_err());
    }
}

#[tokio::test]
async fn wrong_passwords_lock_the_login_longer_and_longer() {
    for town in towns("lockout").await {
        let (_, once) = town.staff("lisi", town.hedong, &["township_clerk"]).await;
        let refusal = sign_in(&town.office, "nobody", "x").await.unwrap_err().to_string();
        for _ in 0..5 {
            let wrong = sign_in(&town.office, "lisi", "wrong").await.unwrap_err().to_string();
            assert_eq!(wrong, refusal, "an unknown login and a wrong password sound alike");
        }
        // Locked: even the right password fails, with the same words.
        assert_eq!(sign_in(&town.office, "lisi", once.reveal()).await.unwrap_err().to_string(), refusal);
        town.pass(61_000);
        assert!(sign_in(&town.office, "lisi", "wrong").await.is_err());
        town.pass(61_000);
        assert!(
            sign_in(&town.office, "lisi", once.reveal()).await.is_err(),
            "the second delay is two minutes"
        );
        town.pass(60_000);
        sign_in(&town.office, "lisi", once.reveal()).await.unwrap();
        let failed: i64 = Query::system("test", "SELECT count(*) FROM audit WHERE action = 'sign_in.failed'")
            .scalar(town.office.db())
            .await
            .unwrap();
        assert_eq!(failed, 9);
    }
}

#[tokio::test]
async fn sessions_end_by_idleness_by_time_by_signing_out_and_with_the_post() {
    for town in towns("sessions").await {
        let office = &town.office;
        let (staff, once) = town.staff("lisi", town.hedong, &["township_clerk"]).await;
        sign_in_and_change(office, "lisi", once.reveal(), "willow-and-47").await;
        let enter = async || access::sign_in_staff(office, "lisi", "willow-and-47").await.unwrap();

        let (token, _) = enter().await;
        for _ in 0..6 {
            town.pass(HOUR);
            assert!(matches!(access::resume(office, token.reveal()).await.unwrap(), SignedIn::Staff(_)));
        }
        town.pass(2 * HOUR + 1);
        assert!(matches!(access::resume(office, token.reveal()).await, Err(OfficeError::SignedOut)));

        let (token, _) = enter().await;
        for _ in 0..11 {
            town.pass(HOUR);
            access::resume(office, token.reveal()).await.unwrap();
        }
        town.pass(HOUR);
        assert!(access::resume(office, token.reveal()).await.is_err(), "twelve hours are over");

        let (token, who) = enter().await;
        access::sign_out(office, &who).await.unwrap();
        assert!(access::resume(office, token.reveal()).await.is_err());
        assert!(access::resume(office, "no such token").await.is_err());

        let (token, _) = enter().await;
        let root = grant::<ManageStaff>(&town.administrator);
        let post = access::staff_page(office, &root, staff).await.unwrap().posts[0].id;
        access::end_post(office, &root, post, office.now().today()).await.unwrap();
        assert!(access::resume(office, token.reveal()).await.is_err(), "the post has ended");
        assert!(access::sign_in_staff(office, "lisi", "willow-and-47").await.is_err());
    }
}

#[tokio::test]
async fn posts_are_given_inside_the_subtree_at_their_level_and_never_to_oneself() {
    for town in towns("posts").await {
        let office = &town.office;
        let admin = town.actor("county.admin", town.county, &["administrator"]).await;
        let admin = grant::<ManageStaff>(&admin);
        let new = |login: &str, division| NewStaff {
            login: login.to_owned(),
            name: "李四".to_owned(),
            division: Some(division),
            ..NewStaff::default()
        };
        let outside = access::create_staff(office, &admin, &new("new.one", town.other_county)).await;
        assert!(matches!(outside, Err(OfficeError::NotFound(_))));
        let (staff, _) = access::create_staff(office, &admin, &new("new.two", town.hexi)).await.unwrap();
        let post = |division, roles: &[&str]| NewPost {
            division,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            businesses: vec!["assistance".to_owned()],
            from_on: day("2026-01-01"),
            until_on: None,
        };
        for wrong in [
            post(town.hexi, &["county_director"]),
            post(town.county, &["county_accountant", "county_payment_approver"]),
            post(town.hexi, &[]),
            NewPost { businesses: Vec::new(), ..post(town.hexi, &["township_clerk"]) },
        ] {
            let refused = access::add_post(office, &admin, staff, &wrong).await;
            assert!(matches!(refused, Err(OfficeError::Invalid(_))), "{wrong:?}: {refused:?}");
        }
        let above =
            access::add_post(office, &admin, staff, &post(town.prefecture, &["prefecture_policy"])).await;
        assert!(matches!(above, Err(OfficeError::NotFound(_))));
        access::add_post(office, &admin, staff, &post(town.hexi, &["township_clerk"])).await.unwrap();
        // Accepting here and confirming there is still one pair of hands.
        let both = access::add_post(office, &admin, staff, &post(town.hexi, &["township_head"])).await;
        assert!(matches!(both, Err(OfficeError::Invalid(_))));
        let own =
            access::add_post(office, &admin, admin.staff, &post(town.county, &["county_director"])).await;
        assert!(matches!(own, Err(OfficeError::Separation(_))));
        let list = access::staff_list(office, &admin, "", None, 50).await.unwrap();
        assert!(
            list.iter().all(|staff| staff.login != "root"),
            "an account of the prefecture is not the county's"
        );
        let unknown = access::reset_password(office, &admin, town.administrator.staff).await;
        assert!(matches!(unknown, Err(OfficeError::NotFound(_))));
    }
}

#[tokio::test]
async fn a_citizens_code_opens_once_and_dies_of_wrong_guesses() {
    for town in towns("citizen_code").await {
        let office = &town.office;
        let clerk = town.clerk(town.hedong).await;
        let new = town.new_person("张三", "1975-02-03", town.first_community);
        let last_four = new.citizen_id.last_four().to_owned();
        let person = people::register_person(office, &grant(&clerk), &new).await.unwrap().person();
        let filing = grant::<FileForOther>(&clerk);
        let issue =
            async || access::issue_citizen_code(office, &filing, person, CodeChannel::Face).await.unwrap();

        let first = issue().await;
        let code = issue().await;
        let old = access::sign_in_citizen(office, first.code.reveal(), &last_four).await;
        assert!(matches!(old, Err(OfficeError::SignIn(_))), "a new code puts the old one out of use");
        let spaced = format!("{} {}", &code.code.reveal()[..4], &code.code.reveal()[4..]);
        let (token, who) = access::sign_in_citizen(office, &spaced, &last_four.to_lowercase()).await.unwrap();
        let SignedIn::Citizen(citizen) = who else { panic!("a citizen") };
        assert_eq!(citizen.person, person);
        access::resume(office, token.reveal()).await.unwrap();
        assert!(access::sign_in_citizen(office, code.code.reveal(), &last_four).await.is_err(), "once only");

        let code = issue().await;
        for _ in 0..5 {
            assert!(access::sign_in_citizen(office, code.code.reveal(), "0000").await.is_err());
        }
        assert!(
            access::sign_in_citizen(office, code.code.reveal(), &last_four).await.is_err(),
            "guessed at too often"
        );

        let code = issue().await;
        town.pass(DAY + 1);
        assert!(access::sign_in_citizen(office, code.code.reveal(), &last_four).await.is_err(), "expired");

        let neighbour = town.clerk(town.hexi).await;
        let refused = access::issue_citizen_code(office, &grant(&neighbour), person, CodeChannel::Face).await;
        assert!(matches!(refused, Err(OfficeError::NotFound(_))));
    }
}

#[tokio::test]
async fn who_looked_is_told_to_the_citizen_and_the_auditor() {
    for town in towns("audit_search").await {
        let office = &town.office;
        let clerk = town.clerk(town.hedong).await;
        let (household, persons) = town.family(&clerk, town.first_community, &["张三", "张小"]).await;
        people::family_page(office, &grant(&clerk), household).await.unwrap();
        let unsaid = people::reveal_person(office, &grant::<Reveal>(&clerk), persons[0], "看").await;
        assert!(matches!(unsaid, Err(OfficeError::Invalid(_))));
        let shown = people::reveal_person(office, &grant(&clerk), persons[0], "核对申请材料").await.unwrap();
        assert_eq!(shown.citizen_id.len(), 18);

        let citizen = access::citizen_of_synthetic(office, persons[0]).await.unwrap();
        let looks = access::who_looked(office, &citizen, None, 20).await.unwrap().rows;
        assert_eq!(looks[0].what, "查看了您的完整证件号码");
        assert_eq!(looks[0].purpose.as_deref(), Some("核对申请材料"));
        assert_eq!(looks[0].office.as_deref(), Some("河东街道"));
        assert!(looks.iter().any(|look| look.what == "查看了您的档案"));
        let child = access::citizen_of_synthetic(office, persons[1]).await.unwrap();
        let looks = access::who_looked(office, &child, None, 20).await.unwrap().rows;
        assert!(looks.iter().all(|look| look.purpose.is_none()), "another's row is not the child's");

        let auditor = town.actor("auditor", town.county, &["auditor"]).await;
        let auditor = grant::<SearchAudit>(&auditor);
        let filter = AuditFilter { action: Some("person.".to_owned()), ..AuditFilter::default() };
        let first = access::search_audit(office, &auditor, &filter, None, 2).await.unwrap();
        assert_eq!(first.rows.len(), 2);
        let rest = access::search_audit(office, &auditor, &filter, first.next.as_ref(), 50).await.unwrap();
        assert!(rest.rows.iter().all(|row| row.id < first.rows[1].id && row.action.starts_with("person.")));
        let neighbour = town.actor("auditor2", town.other_county, &["auditor"]).await;
        let none = access::search_audit(office, &grant(&neighbour), &filter, None, 50).await.unwrap();
        assert_eq!(none.rows, vec![], "the audit of another county");
        assert!(town.administrator.grant::<ReadPeople>().is_err(), "an administrator opens no family");
    }
}

#[tokio::test]
async fn nobody_acts_on_their_own_family() {
    for town in towns("own_family").await {
        let office = &town.office;
        let clerk = town.clerk(town.hedong).await;
        let new = town.new_person("王小明", "1985-01-01", town.first_community);
        let own = people::register_person(office, &grant(&clerk), &new).await.unwrap().person();
        let (household, members) = town.family(&clerk, town.first_community, &["王父"]).await;
        let member = people::NewMember { person: own, relation: "child".to_owned(), head: false };
        people::add_member(office, &grant(&clerk), household, &member, &town.on("2026-02-01")).await.unwrap();
        let (other, _) = town.family(&clerk, town.first_community, &["赵六"]).await;

        let root = grant::<ManageStaff>(&town.administrator);
        let view = access::find_staff(office.db(), &root, clerk.staff).await.unwrap();
        let linked = NewStaff {
            login: view.login.clone(),
            name: view.name.clone(),
            citizen_id: new.citizen_id.expose().to_owned(),
            division: Some(town.hedong),
            ..NewStaff::default()
        };
        access::update_staff(office, &root, clerk.staff, view.version, &linked).await.unwrap();
        let clerk = sign_in(office, &view.login, "quiet-river-47").await.unwrap();
        assert_eq!(clerk.person, Some(own));
        let refused = access::not_of_own_family(office.db(), &clerk, household).await;
        assert!(matches!(refused, Err(OfficeError::Separation(_))));
        access::not_of_own_family(office.db(), &clerk, other).await.unwrap();
        assert!(access::different_person(&clerk, &[clerk.staff], "受理了这件申请").is_err());
        access::different_person(&clerk, &[town.administrator.staff], "受理了这件申请").unwrap();
        // Moved out yesterday, still family.
        people::remove_member(office, &grant(&clerk), household, own, &town.today()).await.unwrap();
        assert!(access::not_of_own_family(office.db(), &clerk, household).await.is_err());
        assert_eq!(members.len(), 1);
    }
}

/// Guessing from many addresses: after too many wrong codes none is taken for an hour, the right one neither, and it stays good.
#[tokio::test]
async fn guessing_codes_is_slowed_for_everybody() {
    for town in towns("code_guesses").await {
        let office = &town.office;
        let clerk = town.clerk(town.hedong).await;
        let person = town.new_person("张三", "1980-05-06", town.first_community);
        let last_four = person.citizen_id.last_four().to_owned();
        let person = people::register_person(office, &grant(&clerk), &person).await.unwrap().person();
        let tx = office.db().begin().await.unwrap();
        store::set_setting(&tx, "access.wrong_codes_per_hour", "20").await.unwrap();
        tx.commit().await.unwrap();
        let issued =
            access::issue_citizen_code(office, &grant(&clerk), person, CodeChannel::Face).await.unwrap();
        for guess in 0..20 {
            let wrong = access::sign_in_citizen(office, &format!("{guess:08}"), &last_four).await;
            assert!(wrong.unwrap_err().to_string().contains("不正确"));
        }
        let paused = access::sign_in_citizen(office, issued.code.reveal(), &last_four).await;
        assert!(paused.unwrap_err().to_string().contains("已暂停"));
        town.pass(HOUR + 1);
        access::sign_in_citizen(office, issued.code.reveal(), &last_four).await.unwrap();
    }
}
