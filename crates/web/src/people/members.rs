//! Changes of a family: who joins, who leaves, who heads it, who splits off, where it moves.
//!
//! Each is a form on the family's page: read into a [`Deed`], done by [`settle`].

use axum::extract::Query;
use maud::{Markup, html};
use office::OfficeError;
use office::access::{ReadPeople, RegisterPeople};
use office::business::Reader;
use office::people::{self, FamilyPage, MemberChange, MemberView, NewHousehold, NewMember, NewPlace};
use serde::Deserialize;
use store::{DivisionId, HouseholdId, IdempotencyKey, PersonId, Tx};

use super::family::title;
use super::menus::{choices, codes, options, places, relations};
use super::register::{TypedPerson, person_fields};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Begun, Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::typed;
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, buttons, checkboxes, date_input, error_summary, form_get,
    form_post, hidden, radios, select, submit, text_area, text_input,
};
use crate::ui::parts::{heading, inset};

type Registrar = Desk<RegisterPeople>;

async fn open(desk: &Registrar, id: HouseholdId) -> Result<FamilyPage, Fault> {
    Ok(people::family_page(desk.office(), &desk.grant::<ReadPeople>()?, id).await?)
}

/// A form of this module: title, what it does, fields, when and why.
fn page(
    desk: &Registrar,
    family: &FamilyPage,
    action: &str,
    what: &str,
    fields: &Markup,
    form: &Fields,
    errors: &Errors,
) -> Page {
    let id = family.household.id;
    let back = format!("/desk/families/{id}");
    let body = html! {
        (fields)
        (date_input(&Field::new("on", "从哪天起").hint("实际发生的日期，不是今天登记的日期。").errors(errors), &form.date("on")))
        (text_area(&Field::new("reason", "原因").hint("例如：出生、结婚、迁入、死亡、就业后分开生活。").value(form.get("reason"))
            .max_chars(200).errors(errors), 2))
        (buttons("保存", &[Link::new(back.clone(), "不办了")]))
    };
    let content = html! {
        div.prose {
            (error_summary(errors))
            (heading(Some(&title(family)), what))
            (form_post(&format!("/desk/families/{id}/{action}"), &desk.key(), &body))
        }
    };
    Page::new(what, content).under("people").errors(errors).back(back, title(family))
}

fn read_change(form: &Fields, errors: &mut Errors) -> Option<MemberChange> {
    let on = typed::date(form, "on", errors);
    let reason = typed::text(form, "reason", "请填写原因。", errors);
    Some(MemberChange { on: on?, reason: reason?, case: None })
}

/// What is done to a family.
enum Deed {
    /// Somebody joins, as what of the head's.
    Add(TypedPerson, String),
    /// Somebody leaves.
    Remove(PersonId),
    /// Somebody heads it; what the others are to them.
    Head(PersonId, Vec<(PersonId, String)>),
    /// Some of it become a family of their own.
    Split(NewHousehold),
    /// All of another family join it, as what of the head's.
    Join(HouseholdId, Vec<(PersonId, String)>),
    /// It lives elsewhere.
    Move(NewPlace),
}

impl Deed {
    /// What the family's page says afterwards.
    fn said(&self) -> &'static str {
        match self {
            Deed::Add(..) => "成员已添加。",
            Deed::Remove(_) => "减员已登记。",
            Deed::Head(..) => "户主已变更。",
            Deed::Split(_) => "已分户，这是新家庭。",
            Deed::Join(..) => "已并户。",
            Deed::Move(_) => "家庭迁移已登记。",
        }
    }

    /// Does it; the family whose page comes next.
    async fn act(
        self,
        desk: &Registrar,
        tx: &Tx,
        id: HouseholdId,
        change: &MemberChange,
    ) -> Result<HouseholdId, OfficeError> {
        let (office, actor) = (desk.office(), desk.granted());
        let (scope, audit) = (actor.scope(), actor.audit());
        match self {
            Deed::Add(person, relation) => {
                let family = people::find_household(office, tx, &scope, id).await?;
                let (home, residence) = (family.registered_division, family.division);
                let person = person.register(office, tx, actor, home, residence).await?;
                let member = NewMember { person, relation, head: false };
                people::add_member_in(office, tx, &scope, &audit, id, &member, change).await?;
            }
            Deed::Remove(person) => {
                people::remove_member_in(office, tx, &scope, &audit, id, person, change).await?;
            }
            Deed::Head(head, relations) => {
                people::change_head_in(office, tx, &scope, &audit, id, head, &relations, change).await?;
            }
            Deed::Split(new) => {
                return people::split_household_in(office, tx, &scope, &audit, id, &new, change).await;
            }
            Deed::Join(from, relations) => {
                people::join_households_in(office, tx, &scope, &audit, id, from, &relations, change).await?;
            }
            Deed::Move(place) => {
                people::move_household_in(office, tx, &scope, &audit, id, &place, change).await?;
            }
        }
        Ok(id)
    }
}

/// Does once what the form says, when and why: the change, its idempotency key and its audit stand in one transaction. `None` when
/// the form must be shown again with its errors.
async fn settle(
    desk: &Registrar,
    id: HouseholdId,
    key: &IdempotencyKey,
    deed: Option<Deed>,
    form: &Fields,
    errors: &mut Errors,
) -> Result<Option<Answer>, Fault> {
    let change = read_change(form, errors);
    let (Some(deed), Some(change), true) = (deed, change, errors.is_empty()) else { return Ok(None) };
    let write = match desk.begin(key).await? {
        Begun::Again(to) => return Ok(Some(SeeOther::to(to).into())),
        Begun::First(write) => write,
    };
    let said = deed.said();
    match deed.act(desk, write.tx(), id, &change).await {
        Ok(household) => {
            let to = format!("/desk/families/{household}");
            write.finish(&to).await?;
            Ok(Some(SeeOther::to(to).done(said).into()))
        }
        Err(error) => {
            // The transaction must end before the page is read again.
            drop(write);
            *errors = form_errors(error)?;
            Ok(None)
        }
    }
}

pub(super) async fn add_form(desk: Registrar, Path(id): Path<HouseholdId>) -> Result<Page, Fault> {
    add_page(&desk, id, &Fields::default(), &Errors::none()).await
}

async fn add_page(desk: &Registrar, id: HouseholdId, form: &Fields, errors: &Errors) -> Result<Page, Fault> {
    let family = open(desk, id).await?;
    let relations = relations(desk.office());
    let fields = html! {
        (person_fields(form, errors))
        (select(&Field::new("relation", "与户主关系").value(form.get("relation")).errors(errors), &options(&relations), Some("请选择")))
    };
    Ok(page(desk, &family, "add", "添加成员", &fields, form, errors))
}

pub(super) async fn add(
    desk: Registrar,
    Path(id): Path<HouseholdId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let mut errors = Errors::none();
    let person = TypedPerson::read(&form, &mut errors);
    let relation = typed::text(&form, "relation", "请选择与户主的关系。", &mut errors);
    let deed = person.zip(relation).map(|(person, relation)| Deed::Add(person, relation));
    if let Some(done) = settle(&desk, id, &key, deed, &form, &mut errors).await? {
        return Ok(done);
    }
    Ok(add_page(&desk, id, &form, &errors).await?.into())
}

pub(super) async fn remove_form(
    desk: Registrar,
    Path((id, person)): Path<(HouseholdId, PersonId)>,
) -> Result<Page, Fault> {
    remove_page(&desk, id, person, &Fields::default(), &Errors::none()).await
}

async fn remove_page(
    desk: &Registrar,
    id: HouseholdId,
    person: PersonId,
    form: &Fields,
    errors: &Errors,
) -> Result<Page, Fault> {
    let family = open(desk, id).await?;
    let member = family.members.iter().find(|member| member.person.id == person).ok_or(Fault::Hidden)?;
    let what = format!("减员：{}", member.person.name);
    let fields = inset(&html! {
        p.govuk-body { "这里只登记家庭成员的变动。正在领取救助的家庭，金额变动另行办理，减少或者停发前要先听取家庭意见。" }
    });
    Ok(page(desk, &family, &format!("remove/{person}"), &what, &fields, form, errors))
}

pub(super) async fn remove(
    desk: Registrar,
    Path((id, person)): Path<(HouseholdId, PersonId)>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let mut errors = Errors::none();
    if let Some(done) = settle(&desk, id, &key, Some(Deed::Remove(person)), &form, &mut errors).await? {
        return Ok(done);
    }
    Ok(remove_page(&desk, id, person, &form, &errors).await?.into())
}

/// One menu for each member: what they are to the new head.
fn relation_fields<'a>(
    members: impl Iterator<Item = &'a MemberView>,
    relations: &[(String, String)],
    form: &Fields,
    errors: &Errors,
    keep: &str,
) -> Markup {
    let choices = options(relations);
    html! {
        @for member in members {
            @let name = format!("relation-{}", member.person.id);
            @let typed = form.get(&name).to_owned();
            (select(&Field::new(name, format!("{}与新户主的关系", member.person.name)).value(typed).optional().errors(errors),
                &choices, Some(keep)))
        }
    }
}

fn typed_relations(family: &FamilyPage, form: &Fields, head: PersonId) -> Vec<(PersonId, String)> {
    let typed = family.members.iter().map(|member| member.person.id).filter_map(|person| {
        let relation = if person == head { "head" } else { form.get(&format!("relation-{person}")) };
        (!relation.is_empty()).then(|| (person, relation.to_owned()))
    });
    typed.collect()
}

pub(super) async fn head_form(desk: Registrar, Path(id): Path<HouseholdId>) -> Result<Page, Fault> {
    let family = open(&desk, id).await?;
    Ok(head_page(&desk, &family, &Fields::default(), &Errors::none()))
}

fn head_page(desk: &Registrar, family: &FamilyPage, form: &Fields, errors: &Errors) -> Page {
    let members: Vec<Choice<'_>> = family
        .members
        .iter()
        .filter(|member| !member.membership.head)
        .map(|member| {
            Choice::new(
                member.person.id.to_string(),
                format!("{}（{}）", member.person.name, member.relation_title),
            )
        })
        .collect();
    let fields = html! {
        (radios(&Field::new("head", "谁是新户主").value(form.get("head")).errors(errors), &members))
        (relation_fields(family.members.iter(), &relations(desk.office()), form, errors, "不变"))
    };
    page(desk, family, "head", "变更户主", &fields, form, errors)
}

pub(super) async fn change_head(
    desk: Registrar,
    Path(id): Path<HouseholdId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let family = open(&desk, id).await?;
    let mut errors = Errors::none();
    let head = typed::id::<PersonId>(&form, "head", "请选择新户主。", &mut errors);
    for member in family.members.iter().filter(|member| member.membership.head) {
        // The old head's relation, "head", cannot stay.
        let name = format!("relation-{}", member.person.id);
        if form.get(&name).is_empty() {
            errors.add(name, "请选择原户主与新户主的关系。");
        }
    }
    let deed = head.map(|head| Deed::Head(head, typed_relations(&family, &form, head)));
    if let Some(done) = settle(&desk, id, &key, deed, &form, &mut errors).await? {
        return Ok(done);
    }
    Ok(head_page(&desk, &family, &form, &errors).into())
}

/// Where a family lives from now on; the present place is chosen at first.
async fn place_fields(
    desk: &Registrar,
    family: &FamilyPage,
    form: &Fields,
    errors: &Errors,
) -> Result<Markup, Fault> {
    let household = &family.household;
    let mut places = places(desk.office(), desk.actor()).await?;
    // A family may live here and be registered elsewhere: where it stands now is always offered.
    for (id, name) in [
        (household.division, &household.division_name),
        (household.registered_division, &household.registered_name),
    ] {
        if !places.iter().any(|(place, _)| *place == id) {
            places.push((id, name.clone()));
        }
    }
    let places = choices(&places);
    let areas = codes(desk.office(), "area");
    let or = |name: &str, now: String| {
        if form.0.is_empty() { now } else { form.get(name).to_owned() }
    };
    Ok(html! {
        (select(&Field::new("division", "现住地").value(or("division", household.division.to_string())).errors(errors), &places, Some("请选择")))
        (select(&Field::new("registered", "户籍地").value(or("registered", household.registered_division.to_string())).errors(errors),
            &places, Some("请选择")))
        (radios(&Field::new("area", "城乡").value(or("area", household.area.clone())).inline().errors(errors), &options(&areas)))
        (text_input(&Field::new("address", "门牌地址").value(or("address", household.address.clone().unwrap_or_default())).optional()
            .width(Width::Full).max_chars(100).errors(errors)))
    })
}

fn read_place(form: &Fields, errors: &mut Errors) -> Option<NewPlace> {
    let division = typed::id::<DivisionId>(form, "division", "请选择现住地。", errors);
    let registered_division = typed::id::<DivisionId>(form, "registered", "请选择户籍地。", errors);
    let area = typed::text(form, "area", "请选择城镇或者农村。", errors);
    let address = Some(form.get("address").to_owned()).filter(|address| !address.is_empty());
    Some(NewPlace { division: division?, registered_division: registered_division?, area: area?, address })
}

pub(super) async fn split_form(desk: Registrar, Path(id): Path<HouseholdId>) -> Result<Page, Fault> {
    let family = open(&desk, id).await?;
    split_page(&desk, &family, &Fields::default(), &Errors::none()).await
}

async fn split_page(
    desk: &Registrar,
    family: &FamilyPage,
    form: &Fields,
    errors: &Errors,
) -> Result<Page, Fault> {
    let members: Vec<Choice<'_>> = family
        .members
        .iter()
        .filter(|member| !member.membership.head)
        .map(|member| {
            Choice::new(
                member.person.id.to_string(),
                format!("{}（{}）", member.person.name, member.relation_title),
            )
        })
        .collect();
    let chosen: Vec<&str> = form.all("leaving").collect();
    let fields = html! {
        (checkboxes(&Field::new("leaving", "哪些人分出去").hint("户主要分出的，请先变更户主。").errors(errors), &members, &chosen))
        (select(&Field::new("head", "新家庭的户主").value(form.get("head")).errors(errors), &members, Some("请选择")))
        (relation_fields(family.members.iter().filter(|member| !member.membership.head), &relations(desk.office()), form, errors,
            "不分出，或者是新户主本人"))
        (place_fields(desk, family, form, errors).await?)
        (touched(desk, &[family.household.id]).await?)
    };
    Ok(page(desk, family, "split", "分户", &fields, form, errors))
}

pub(super) async fn split(
    desk: Registrar,
    Path(id): Path<HouseholdId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let family = open(&desk, id).await?;
    let mut errors = Errors::none();
    let leaving: Vec<PersonId> = form.all("leaving").filter_map(|person| person.parse().ok()).collect();
    if leaving.is_empty() {
        errors.add("leaving", "请选择分出去的成员。");
    }
    let head = typed::id::<PersonId>(&form, "head", "请选择新家庭的户主。", &mut errors);
    if head.is_some_and(|head| !leaving.contains(&head)) {
        errors.add("head", "新家庭的户主应当是分出去的成员之一。");
    }
    for person in leaving.iter().filter(|person| Some(**person) != head) {
        let name = format!("relation-{person}");
        if form.get(&name).is_empty() {
            errors.add(name, "请选择与新户主的关系。");
        }
    }
    let place = read_place(&form, &mut errors);
    let deed = head.zip(place).map(|(head, place)| {
        let relations = typed_relations(&family, &form, head);
        let members = relations.into_iter().filter(|(person, _)| leaving.contains(person));
        let NewPlace { division, registered_division, area, address } = place;
        Deed::Split(NewHousehold {
            division,
            registered_division,
            area,
            address,
            members: members
                .map(|(person, relation)| NewMember { person, relation, head: person == head })
                .collect(),
        })
    });
    if let Some(done) = settle(&desk, id, &key, deed, &form, &mut errors).await? {
        return Ok(done);
    }
    Ok(split_page(&desk, &family, &form, &errors).await?.into())
}

/// Benefits that run and open cases of families, and what becomes of them: nothing by itself.
async fn touched(desk: &Registrar, families: &[HouseholdId]) -> Result<Markup, Fault> {
    let reader = Reader::Post(desk.actor());
    let touched = people::touched(desk.office(), desk.office().db(), reader, families).await?;
    Ok(html! {
        h2.govuk-heading-m { "涉及的待遇和办件" }
        @if touched.benefits.is_empty() && touched.cases.is_empty() { p.govuk-body { "没有在享受的待遇，也没有在办件。" } }
        @else {
            ul.govuk-list.govuk-list--bullet {
                @for (title, state, reviewed) in &touched.benefits {
                    li {
                        (title) "（" (state) "）：金额和人员都不自动改变"
                        @if *reviewed { "；核查日期提前到今天，由乡镇（街道）核查后再定。" } @else { "。" }
                    }
                }
                @for (_, number, title) in &touched.cases { li { "在办件 " (number) "：" (title) } }
            }
        }
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    other: String,
    q: String,
}

/// `GET /desk/families/{household}/join`: finds the other family, then says what everybody is to the head.
pub(super) async fn join_form(
    desk: Registrar,
    Path(id): Path<HouseholdId>,
    Query(asked): Query<Asked>,
) -> Result<Page, Fault> {
    let family = open(&desk, id).await?;
    match asked.other.parse::<HouseholdId>() {
        Ok(other) => join_page(&desk, &family, other, &Fields::default(), &Errors::none()).await,
        Err(_) => find_page(&desk, &family, &asked.q, &Errors::none()).await,
    }
}

async fn find_page(desk: &Registrar, family: &FamilyPage, q: &str, errors: &Errors) -> Result<Page, Fault> {
    let id = family.household.id;
    let here = format!("/desk/families/{id}/join");
    let mut errors = errors.clone();
    let mut found = Vec::new();
    if !q.trim().is_empty() {
        match people::search_people(desk.office(), &desk.grant::<ReadPeople>()?, q, None, 20).await {
            Ok(answer) => found = answer.page.rows,
            Err(error) => errors = form_errors(error)?,
        }
    }
    found.retain(|found| found.household.is_some_and(|household| household != id));
    let content = html! {
        div.prose {
            (error_summary(&errors))
            (heading(Some(&title(family)), "并户"))
            p.govuk-body { "另一个家庭的成员都并入这一家，例如结婚、搬到一起生活。请先找到另一个家庭的任何一位成员。" }
            (form_get(&here, &html! {
                (text_input(&Field::new("q", "查找另一家的成员").hint("姓名、拼音首字母、身份证号、电话，或者姓名加身份证后四位")
                    .value(q).width(Width::Full).max_chars(60).errors(&errors)))
                (submit("查找", ButtonKind::Primary, None))
            }))
            @if !q.trim().is_empty() && errors.is_empty() {
                @if found.is_empty() { p.govuk-body { "在您的管辖范围内没有找到已登记在别的家庭里的人。" } }
                ul.govuk-list {
                    @for one in &found {
                        @if let Some(household) = one.household {
                            li {
                                (Link::new(format!("{here}?other={household}"), format!("{}（{}，{}）所在的家庭", one.name, one.citizen_id, one.residence_name)))
                            }
                        }
                    }
                }
            }
        }
    };
    Ok(Page::new("并户", content)
        .under("people")
        .errors(&errors)
        .back(format!("/desk/families/{id}"), title(family)))
}

async fn join_page(
    desk: &Registrar,
    family: &FamilyPage,
    other: HouseholdId,
    form: &Fields,
    errors: &Errors,
) -> Result<Page, Fault> {
    let joining = open(desk, other).await?;
    let head = family.members.iter().find(|member| member.membership.head);
    let head = head.map_or_else(|| "户主".to_owned(), |member| member.person.name.clone());
    let relations: Vec<(String, String)> =
        relations(desk.office()).into_iter().filter(|(code, _)| code != "head").collect();
    let choices = options(&relations);
    let fields = html! {
        (hidden("other", &other.to_string()))
        p.govuk-body { (title(&joining)) "的成员都并入" (title(family)) "，原来的家庭随之销户。" }
        @for member in &joining.members {
            @let name = format!("relation-{}", member.person.id);
            @let typed = form.get(&name).to_owned();
            (select(&Field::new(name, format!("{}与{head}的关系", member.person.name)).value(typed).errors(errors), &choices, Some("请选择")))
        }
        (touched(desk, &[family.household.id, other]).await?)
    };
    Ok(page(desk, family, "join", "并户", &fields, form, errors))
}

/// `POST /desk/families/{household}/join`
pub(super) async fn join(
    desk: Registrar,
    Path(id): Path<HouseholdId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let family = open(&desk, id).await?;
    let mut errors = Errors::none();
    let Some(other) = typed::id::<HouseholdId>(&form, "other", "请选择另一个家庭。", &mut errors)
    else {
        return Ok(find_page(&desk, &family, "", &errors).await?.into());
    };
    let joining = open(&desk, other).await?;
    let mut chosen = Vec::new();
    for member in &joining.members {
        let name = format!("relation-{}", member.person.id);
        let relation = form.get(&name).to_owned();
        if relation.is_empty() {
            errors.add(name, format!("请选择{}与户主的关系。", member.person.name));
        }
        chosen.push((member.person.id, relation));
    }
    if let Some(done) = settle(&desk, id, &key, Some(Deed::Join(other, chosen)), &form, &mut errors).await? {
        return Ok(done);
    }
    Ok(join_page(&desk, &family, other, &form, &errors).await?.into())
}

pub(super) async fn move_form(desk: Registrar, Path(id): Path<HouseholdId>) -> Result<Page, Fault> {
    let family = open(&desk, id).await?;
    move_page(&desk, &family, &Fields::default(), &Errors::none()).await
}

async fn move_page(
    desk: &Registrar,
    family: &FamilyPage,
    form: &Fields,
    errors: &Errors,
) -> Result<Page, Fault> {
    let fields = html! {
        (place_fields(desk, family, form, errors).await?)
        (inset(&html! { p.govuk-body { "迁往本辖区以外的，由上一级民政部门办理。" } }))
    };
    Ok(page(desk, family, "move", "家庭迁移", &fields, form, errors))
}

pub(super) async fn move_family(
    desk: Registrar,
    Path(id): Path<HouseholdId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let mut errors = Errors::none();
    let deed = read_place(&form, &mut errors).map(Deed::Move);
    if let Some(done) = settle(&desk, id, &key, deed, &form, &mut errors).await? {
        return Ok(done);
    }
    let family = open(&desk, id).await?;
    Ok(move_page(&desk, &family, &form, &errors).await?.into())
}
