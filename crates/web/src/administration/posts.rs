//! Posts: who stands where, as what, for which business, from when until when.

use maud::html;
use office::access::{self, DEPARTMENT, ManageStaff, NewPost, PostId, StaffView};
use office::divisions::{self, Meant};
use office::records::organisation;
use store::StaffId;

use super::staff::{DIVISION, home, office_field, office_meant};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Begun, Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::typed;
use crate::ui::Link;
use crate::ui::form::{
    Choice, DateParts, Errors, Field, Width, buttons, checkboxes, date_input, error_summary, form_post,
    text_input,
};
use crate::ui::parts::heading;

pub(super) async fn form(desk: Desk<ManageStaff>, Path(id): Path<StaffId>) -> Result<Page, Fault> {
    let staff = access::find_staff(desk.office().db(), desk.granted(), id).await?;
    page(&desk, &staff, &Fields::default(), &[], &Errors::none()).await
}

async fn page(
    desk: &Desk<ManageStaff>,
    staff: &StaffView,
    typed: &Fields,
    offered: &[Meant],
    errors: &Errors,
) -> Result<Page, Fault> {
    let id = staff.id;
    let served = divisions::served(desk.office()).await?;
    let places = match &served {
        Some(home) => divisions::around(desk.office().db(), home.id).await?,
        None => Vec::new(),
    };
    let roles = access::roles(&desk.office().release(), &places);
    let roles: Vec<Choice<'_>> = roles
        .iter()
        .map(|offer| {
            Choice::new(offer.role.code(), offer.title.as_str())
                .hint(format!("设在{}", offer.levels.join("、")))
        })
        .collect();
    let release = desk.office().release();
    let mut businesses: Vec<Choice<'_>> = match release.codelists.get("business") {
        Some(list) => {
            list.values.iter().map(|code| Choice::new(code.code.as_str(), code.title.as_str())).collect()
        }
        None => release.businesses().into_iter().map(|business| Choice::new(business, business)).collect(),
    };
    let departments = release.departments.iter();
    businesses.extend(departments.map(|department| {
        Choice::new(format!("{DEPARTMENT}{}", department.id.get()), department.title.as_str())
            .hint("部门经办选这一项")
    }));
    let chosen: Vec<&str> = typed.all("roles").collect();
    let division = if typed.0.is_empty() { home(desk, staff).await? } else { typed.get(DIVISION).to_owned() };
    let from =
        if typed.0.is_empty() { DateParts::from(desk.office().now().today()) } else { typed.date("from_on") };
    let back = format!("/desk/admin/staff/{id}");
    let body = html! {
        (office_field("单位", &division, offered, errors))
        (checkboxes(&Field::new("roles", "角色").hint("必须由两人承担的职责（如受理与确认、制作与复核发放批次），不能给同一个人。")
            .errors(errors), &roles, &chosen))
        (checkboxes(&Field::new("businesses", "业务").hint("系统管理员和审计人员不用选。").errors(errors),
            &businesses, &typed.all("businesses").collect::<Vec<_>>()))
        (text_input(&Field::new("organisation", "机构").hint("机构经办填写代表哪家机构：登记簿里的全称，或者统一社会信用代码。其他岗位不填。")
            .optional().width(Width::Full).value(typed.get("organisation")).max_chars(60).errors(errors)))
        (date_input(&Field::new("from_on", "从哪天起").errors(errors), &from))
        (date_input(&Field::new("until_on", "到哪天止").hint("这一天起不再任职。长期任职的不填。").optional().errors(errors), &typed.date("until_on")))
        (buttons("增加岗位", &[Link::new(back.clone(), "不办了")]))
    };
    let content = html! {
        div.prose {
            (error_summary(errors))
            (heading(Some(&staff.name), "增加岗位"))
            (form_post(&format!("/desk/admin/staff/{id}/posts/new"), &desk.key(), &body))
        }
    };
    Ok(Page::new("增加岗位", content).under("admin").errors(errors).back(back, staff.name.clone()))
}

pub(super) async fn give(
    desk: Desk<ManageStaff>,
    Path(id): Path<StaffId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let staff = access::find_staff(desk.office().db(), desk.granted(), id).await?;
    let to = format!("/desk/admin/staff/{id}");
    let mut errors = Errors::none();
    let meant = office_meant(&desk, form.get(DIVISION), &mut errors).await?;
    let from_on = typed::date(&form, "from_on", &mut errors);
    let until_on = typed::optional_date(&form, "until_on", &mut errors);
    let roles = form.all("roles").map(str::to_owned).collect();
    let mut businesses: Vec<String> = form.all("businesses").map(str::to_owned).collect();
    let organisation = form.get("organisation").trim();
    if !organisation.is_empty() {
        match organisation::named(desk.office(), desk.granted(), organisation).await {
            Ok(named) => businesses.push(named),
            Err(error) => {
                for (field, message) in form_errors(error)?.iter() {
                    errors.add(field, message);
                }
            }
        }
    }
    if let (Some(division), Some(from_on), true) = (meant.one, from_on, errors.is_empty()) {
        let write = match desk.begin(&key).await? {
            Begun::Again(_) => return Ok(SeeOther::to(to).into()),
            Begun::First(write) => write,
        };
        let post = NewPost { division, roles, businesses, from_on, until_on };
        match access::add_post_in(desk.office(), write.tx(), desk.granted(), id, &post).await {
            Ok(_) => {
                write.finish(&to).await?;
                return Ok(SeeOther::to(to).done("岗位已增加。").into());
            }
            Err(error) => {
                drop(write);
                errors = form_errors(error)?;
            }
        }
    }
    Ok(page(&desk, &staff, &form, &meant.offered, &errors).await?.into())
}

pub(super) async fn end(
    desk: Desk<ManageStaff>,
    Path(post): Path<PostId>,
    KeyedForm { key, .. }: KeyedForm<Fields>,
) -> Result<SeeOther, Fault> {
    if let Begun::First(write) = desk.begin(&key).await? {
        let today = desk.office().now().today();
        access::end_post_in(desk.office(), write.tx(), desk.granted(), post, today).await?;
        write.finish("/desk/admin/staff").await?;
    }
    Ok(SeeOther::to("/desk/admin/staff").done("岗位已免去，今天起不能再以这个岗位办理业务。"))
}
