//! The offices' people of a synthetic city: one account for every role in each county, a township and a village beside it.

use chrono::NaiveDate;
use office::access::{self, Actor, Granted, ManageStaff, NewPost, NewStaff};
use office::{Office, OfficeError, divisions};
use store::{DivisionId, Query};

use crate::plans::Planners;

/// The password of every synthetic account; the database's synthetic mark stands on every page beside it.
pub const PASSWORD: &str = "huimin-demo-2026";

/// An account that can be tried.
#[derive(Debug, Clone)]
pub struct Account {
    /// Name to sign in with.
    pub login: String,
    /// Who it is.
    pub name: String,
    /// Post and office.
    pub post: String,
}

/// The actors of one county.
#[derive(Debug)]
pub struct County {
    /// The county.
    pub division: DivisionId,
    /// Its statistical code.
    pub code: String,
    /// Accepts, investigates.
    pub township_clerk: Actor,
    /// Gives opinions.
    pub second_clerk: Actor,
    /// Decides where the decision is delegated.
    pub township_head: Actor,
    /// Posts notices.
    pub village_worker: Actor,
    /// Examines, runs the means test.
    pub county_clerk: Actor,
    /// Decides.
    pub director: Actor,
    /// Makes runs.
    pub accountant: Actor,
    /// Approves runs.
    pub approver: Actor,
    /// The township of the township's actors.
    pub township: DivisionId,
    /// The village of the village worker.
    pub village: DivisionId,
    /// Code of the village.
    pub village_code: String,
}

/// Everybody who works in the synthetic city.
#[derive(Debug)]
pub struct Staff {
    /// By county, in the order of the tree.
    pub counties: Vec<County>,
    /// Those of the plan.
    pub planners: Planners,
    /// Accounts to try, the most useful first.
    pub accounts: Vec<Account>,
    root: Granted<ManageStaff>,
    from_on: NaiveDate,
}

const NAMES: [&str; 12] = [
    "其木格",
    "赵长河",
    "孙立群",
    "白云飞",
    "乌兰",
    "巴图",
    "郑晓梅",
    "田野",
    "斯琴",
    "高志远",
    "马春生",
    "苏日娜",
];

struct Hand<'a> {
    office: &'a Office,
    root: Granted<ManageStaff>,
    from_on: NaiveDate,
    accounts: Vec<Account>,
}

impl Hand<'_> {
    async fn post(
        &mut self,
        login: String,
        division: DivisionId,
        place: &str,
        role: &str,
    ) -> Result<Actor, OfficeError> {
        let release = self.office.release();
        let title = release.roles.get(role).map_or(role.to_owned(), |role| role.title_at(place));
        let businesses = release.businesses().into_iter().map(str::to_owned).collect();
        self.post_for(login, division, format!("{place} {title}"), role, businesses).await
    }

    /// A post for a department outside civil affairs.
    async fn department(
        &mut self,
        login: String,
        county: &divisions::DivisionView,
        department: &str,
    ) -> Result<(), OfficeError> {
        let release = self.office.release();
        let Some(known) = release.departments.get(department) else { return Ok(()) };
        let title = format!("{} {}（部门经办）", county.name, known.title);
        let businesses = vec![format!("{}{department}", access::DEPARTMENT)];
        self.post_for(login, county.id, title, "department_clerk", businesses).await?;
        Ok(())
    }

    async fn post_for(
        &mut self,
        login: String,
        division: DivisionId,
        title: String,
        role: &str,
        businesses: Vec<String>,
    ) -> Result<Actor, OfficeError> {
        let name = NAMES[self.accounts.len() % NAMES.len()].to_owned();
        let new = NewStaff {
            login: login.clone(),
            name: name.clone(),
            division: Some(division),
            ..NewStaff::default()
        };
        let (staff, once) = access::create_staff(self.office, &self.root, &new).await?;
        let post = NewPost {
            division,
            roles: vec![role.to_owned()],
            businesses,
            from_on: self.from_on,
            until_on: None,
        };
        let post = access::add_post(self.office, &self.root, staff, &post).await?;
        let (_, signed_in) = access::sign_in_staff(self.office, &login, once.reveal()).await?;
        if let access::SignedIn::Staff(actor) = signed_in {
            access::change_password(self.office, &actor, once.reveal(), PASSWORD).await?;
        }
        self.accounts.push(Account { login, name, post: title });
        access::actor_of_synthetic(self.office, post).await
    }
}

/// Makes the accounts. The first administrator is `admin`.
///
/// # Errors
/// The database's, or a city without counties.
pub async fn employ(
    office: &Office,
    prefecture: DivisionId,
    watch: &mut dyn FnMut(u64, u64),
) -> Result<Staff, OfficeError> {
    let once = access::create_first_administrator(office, "admin", "系统管理员", prefecture).await?;
    let (_, signed_in) = access::sign_in_staff(office, "admin", once.reveal()).await?;
    let access::SignedIn::Staff(first) = signed_in else {
        return Err(OfficeError::Internal("管理员登录".to_owned()));
    };
    access::change_password(office, &first, once.reveal(), PASSWORD).await?;
    let (_, signed_in) = access::sign_in_staff(office, "admin", PASSWORD).await?;
    let access::SignedIn::Staff(root) = signed_in else {
        return Err(OfficeError::Internal("管理员登录".to_owned()));
    };
    let city = divisions::find(office.db(), prefecture).await?;
    let mut hand = Hand {
        office,
        root: root.grant()?,
        from_on: office.now().today(),
        accounts: vec![Account {
            login: "admin".to_owned(),
            name: "系统管理员".to_owned(),
            post: format!("{} 系统管理员", city.name),
        }],
    };
    let policy = hand.post("shi".to_owned(), prefecture, &city.name, "prefecture_policy").await?;
    let releaser = hand.post("shifabu".to_owned(), prefecture, &city.name, "prefecture_releaser").await?;
    hand.post("lingdao".to_owned(), prefecture, &city.name, "prefecture_leader").await?;
    hand.post("shenji".to_owned(), prefecture, &city.name, "auditor").await?;
    let counties = divisions::children(office.db(), prefecture).await?;
    let total = counties.len() as u64;
    let mut staff = Vec::new();
    for (index, county) in counties.iter().enumerate() {
        watch(index as u64, total);
        let mut found = None;
        for township in divisions::children(office.db(), county.id).await? {
            let villages = divisions::children(office.db(), township.id).await?;
            if let Some(village) = villages.into_iter().next() {
                found = Some((township, village));
                break;
            }
        }
        let Some((township, village)) = found else { continue };
        let n = index + 1;
        let place = format!("{}{}", county.name, township.name);
        staff.push(County {
            township_clerk: hand.post(format!("zhen{n}"), township.id, &place, "township_clerk").await?,
            second_clerk: hand.post(format!("zhen{n}b"), township.id, &place, "township_clerk").await?,
            township_head: hand.post(format!("zhenzhang{n}"), township.id, &place, "township_head").await?,
            village_worker: hand
                .post(format!("cun{n}"), village.id, &format!("{place}{}", village.name), "village_worker")
                .await?,
            county_clerk: hand.post(format!("xian{n}"), county.id, &county.name, "county_clerk").await?,
            director: hand.post(format!("juzhang{n}"), county.id, &county.name, "county_director").await?,
            accountant: hand.post(format!("kuaiji{n}"), county.id, &county.name, "county_accountant").await?,
            approver: hand
                .post(format!("fuhe{n}"), county.id, &county.name, "county_payment_approver")
                .await?,
            division: county.id,
            code: county.code.clone(),
            township: township.id,
            village: village.id,
            village_code: village.code.clone(),
        });
    }
    watch(total, total);
    // Whose plan it is has somebody who makes it and somebody who looks at it; the assessor comes from outside.
    let home = office::plans::installed(office).await?.map_or_else(|| city.clone(), |plan| plan.home);
    let assessor = hand.post("pinggu".to_owned(), home.id, &home.name, "plan_assessor").await?;
    let of_a_county = staff.iter().any(|county: &County| county.division == home.id);
    let planners = match staff.iter().find(|county| county.division == home.id) {
        Some(county) => Planners {
            maker: hand.post("guihua".to_owned(), home.id, &home.name, "county_planner").await?,
            approver: county.director.clone(),
            assessor,
        },
        None => Planners { maker: policy, approver: releaser, assessor },
    };
    // The city's own posts, and those of which one county shows enough.
    for (login, role) in [
        ("dangan", "prefecture_archivist"),
        ("danganfuhe", "prefecture_archive_head"),
        ("shijingban", "prefecture_clerk"),
        ("choucha", "prefecture_inspector"),
    ] {
        hand.post(login.to_owned(), prefecture, &city.name, role).await?;
    }
    if let Some(county) = counties.first() {
        hand.post("hedui1".to_owned(), county.id, &county.name, "means_test_clerk").await?;
        if !of_a_county {
            hand.post("guihua1".to_owned(), county.id, &county.name, "county_planner").await?;
        }
        // Departments outside civil affairs answer for themselves.
        hand.department("bumen1".to_owned(), county, "banks").await?;
    }
    let Hand { accounts, root, from_on, .. } = hand;
    Ok(Staff { counties: staff, planners, accounts, root, from_on })
}

/// An account of the care home with the most residents, once there are care homes: it reports its residents, beds and care workers itself.
///
/// # Errors
/// The database's.
pub async fn organisation(office: &Office, staff: &mut Staff) -> Result<(), OfficeError> {
    if office.release().registers.get("care_institution").is_none() {
        return Ok(());
    }
    let found = Query::system(
        "a synthetic city is made",
        "SELECT r.id, r.title, r.division_id FROM reg_care_institution r WHERE r.closed_on IS NULL \
         ORDER BY coalesce(r.f_residents_now, 0) DESC, r.id LIMIT 1",
    );
    let Some(row) = found.optional(office.db()).await? else { return Ok(()) };
    let (id, title): (i64, String) = (row.get("id")?, row.get("title")?);
    let mut hand = Hand {
        office,
        root: staff.root.clone(),
        from_on: staff.from_on,
        accounts: std::mem::take(&mut staff.accounts),
    };
    let businesses = vec![format!("{}care_institution/{id}", access::ORGANISATION)];
    let title = format!("{title}（机构经办）");
    let made = hand
        .post_for("jigou1".to_owned(), row.get("division_id")?, title, "organisation_clerk", businesses)
        .await;
    staff.accounts = hand.accounts;
    made.map(drop)
}
