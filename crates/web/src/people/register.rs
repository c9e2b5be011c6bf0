//! Registering a family by its head. Further members follow one by one.

use maud::html;
use office::access::{Granted, RegisterPeople};
use office::people::{self, MemberChange, NewHousehold, NewMember, NewPerson, Registered};
use office::{Office, OfficeError, Problem};
use store::{DivisionId, PersonId, Tx};
use vocab::{CitizenId, PersonName, Phone};

use super::menus::{choices, codes, options, places};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Begun, Desk};
use crate::form_body::{Fields, KeyedForm};
use crate::typed;
use crate::ui::Link;
use crate::ui::form::{
    Errors, Field, Width, buttons, date_input, error_summary, fieldset, form_post, radios, select, text_input,
};
use crate::ui::parts::heading;

pub(super) async fn form(desk: Desk<RegisterPeople>) -> Result<Page, Fault> {
    page(&desk, &Fields::default(), &Errors::none()).await
}

async fn page(desk: &Desk<RegisterPeople>, typed: &Fields, errors: &Errors) -> Result<Page, Fault> {
    let places = places(desk.office(), desk.actor()).await?;
    let places = choices(&places);
    let areas = codes(desk.office(), "area");
    let body = html! {
        (fieldset("户主", &person_fields(typed, errors)))
        (fieldset("住在哪里", &html! {
            (select(&Field::new("division", "现住地").value(typed.get("division")).errors(errors), &places, Some("请选择")))
            (select(&Field::new("registered", "户籍地").hint("与现住地相同的不用选。").value(typed.get("registered")).optional().errors(errors),
                &places, Some("与现住地相同")))
            (radios(&Field::new("area", "城乡").value(typed.get("area")).inline().errors(errors), &options(&areas)))
            (text_input(&Field::new("address", "门牌地址").hint("只写到门牌，例如：建设路 1 号 2 单元 301。").value(typed.get("address"))
                .width(Width::Full).max_chars(100).optional().errors(errors)))
        }))
        (date_input(&Field::new("on", "从哪天起共同生活").hint("记不清的，可以填今天。").errors(errors), &typed.date("on")))
        (buttons("登记并添加成员", &[Link::new("/desk/people", "不登记了")]))
    };
    let content = html! {
        div.prose {
            (error_summary(errors))
            (heading(None, "登记家庭"))
            p.govuk-body { "登记共同生活的一家人，先登记户主。系统里已有的人会直接采用原来的记录，不会重复登记。" }
            (form_post("/desk/families/new", &desk.key(), &body))
        }
    };
    Ok(Page::new("登记家庭", content).under("people").errors(errors).back("/desk/people", "对象档案"))
}

/// Name, citizen ID and phone of a person to be registered.
pub(super) fn person_fields(typed: &Fields, errors: &Errors) -> maud::Markup {
    html! {
        (text_input(&Field::new("name", "姓名").hint("与身份证上的一致。").value(typed.get("name")).max_chars(50).errors(errors)))
        (text_input(&Field::new("citizen_id", "身份证号码").hint("18 位，最后一位可能是字母 X。").value(typed.get("citizen_id"))
            .max_chars(18).errors(errors)))
        (text_input(&Field::new("phone", "联系电话").hint("没有手机的，可以留子女或者村（居）委会的电话。").value(typed.get("phone"))
            .inputmode("tel").optional().errors(errors)))
    }
}

/// A person as typed, all problems at once.
pub(super) struct TypedPerson {
    name: PersonName,
    citizen_id: CitizenId,
    phone: Option<Phone>,
}

impl TypedPerson {
    pub(super) fn read(form: &Fields, errors: &mut Errors) -> Option<TypedPerson> {
        let name = typed::value(form, "name", "请填写姓名。", errors);
        let citizen_id = typed::value(form, "citizen_id", "请填写身份证号码。", errors);
        let phone = typed::optional_value(form, "phone", errors);
        Some(TypedPerson { name: name?, citizen_id: citizen_id?, phone })
    }

    /// Registers the person, or takes the record that is there when it bears the same name.
    pub(super) async fn register(
        self,
        office: &Office,
        tx: &Tx,
        actor: &Granted<RegisterPeople>,
        division: DivisionId,
        residence: DivisionId,
    ) -> Result<PersonId, OfficeError> {
        let TypedPerson { name, citizen_id, phone } = self;
        let new = NewPerson { name, citizen_id, phone, division, residence: Some(residence) };
        let at = office.now().at_ms();
        match people::register_person_in(office, tx, &actor.scope(), &actor.audit(), &new, at).await? {
            Registered::New(person) => Ok(person),
            Registered::Existing(person) => {
                let known = people::find_person(office, tx, &actor.scope(), person).await?;
                if known.name == new.name.as_str() {
                    return Ok(person);
                }
                Err(OfficeError::Invalid(vec![Problem {
                    field: "name".to_owned(),
                    message: format!(
                        "这个身份证号已登记在“{}”名下，与填写的姓名不一致。请核对证件，或者先更正姓名。",
                        known.name
                    ),
                }]))
            }
        }
    }
}

pub(super) async fn register(
    desk: Desk<RegisterPeople>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let mut errors = Errors::none();
    let person = TypedPerson::read(&form, &mut errors);
    let division = typed::id::<DivisionId>(&form, "division", "请选择现住地。", &mut errors);
    let registered = form.get("registered").parse::<DivisionId>().ok();
    let area = typed::text(&form, "area", "请选择城镇或者农村。", &mut errors);
    let on = typed::date(&form, "on", &mut errors);
    if let (Some(person), Some(division), Some(area), Some(on), true) =
        (person, division, area, on, errors.is_empty())
    {
        let write = match desk.begin(&key).await? {
            Begun::Again(to) => return Ok(SeeOther::to(to).into()),
            Begun::First(write) => write,
        };
        let (office, actor) = (desk.office(), desk.granted());
        let done = async {
            let home = registered.unwrap_or(division);
            let head = person.register(office, write.tx(), actor, home, division).await?;
            let new = NewHousehold {
                division,
                registered_division: home,
                area,
                address: Some(form.get("address").to_owned()).filter(|address| !address.is_empty()),
                members: vec![NewMember { person: head, relation: "head".to_owned(), head: true }],
            };
            let change = MemberChange { on, reason: "新登记".to_owned(), case: None };
            people::create_household_in(office, write.tx(), &actor.scope(), &actor.audit(), &new, &change)
                .await
        };
        match done.await {
            Ok(household) => {
                let to = format!("/desk/families/{household}");
                write.finish(&to).await?;
                return Ok(SeeOther::to(to).done("家庭已登记。请继续添加共同生活的成员。").into());
            }
            Err(error) => {
                drop(write);
                errors = form_errors(error)?;
            }
        }
    }
    Ok(page(&desk, &form, &errors).await?.into())
}
