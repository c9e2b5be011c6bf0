//! Accounts: list, new, change, disable, one-time passwords.

use axum::extract::Query;
use maud::{Markup, html};
use office::access::{self, ManageStaff, NewStaff, PostView, Secret, StaffPage, StaffView};
use office::divisions::{self, Meant};
use serde::Deserialize;
use store::{DivisionId, StaffId};
use vocab::{Now, zh_date};

use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Begun, Desk, Path, Staff};
use crate::form_body::{Fields, KeyedForm};
use crate::typed;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, button_group, button_link, buttons, error_summary, form_get,
    form_post, hidden, radios, submit, text_input,
};
use crate::ui::parts::{Colour, SummaryRow, heading, panel, print_button, summary_list, tag};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

const PAGE_ROWS: u32 = 30;
/// The field in which an office is written.
pub(super) const DIVISION: &str = "division";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    after: String,
}

pub(super) async fn list(desk: Desk<ManageStaff>, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let after = asked.after.parse::<StaffId>().ok();
    let found = access::staff_list(desk.office(), desk.granted(), &asked.q, after, PAGE_ROWS).await?;
    if !asked.q.trim().is_empty() {
        let actor = desk.actor();
        access::opened(desk.office(), actor, "staff.searched", ("staff", 0), None, actor.division).await?;
    }
    let next = (found.len() == PAGE_ROWS as usize).then(|| found.last()).flatten();
    let now = desk.office().now().at_ms();
    let rows = found.iter().map(|staff| {
        vec![
            html! { a.govuk-link href={ "/desk/admin/staff/" (staff.id) } { (staff.name) } },
            html! { (staff.login) },
            html! { (staff.division_name) },
            state_of(staff, now),
        ]
    });
    let table = Table {
        id: "staff".into(),
        caption: "账号".into(),
        caption_hidden: true,
        columns: ["姓名", "登录名", "所在单位", "状态"].map(Column::new).into(),
        rows: rows.collect(),
        pager: Some(Pager {
            previous: (!asked.after.is_empty())
                .then(|| address("/desk/admin/staff", &[("q", &asked.q)]).into()),
            next: next.map(|staff| {
                address("/desk/admin/staff", &[("q", &asked.q), ("after", &staff.id.to_string())]).into()
            }),
        }),
        ..Table::default()
    };
    let search = html! {
        (text_input(&Field::new("q", "姓名或者登录名").value(asked.q.as_str()).optional()))
        (submit("查找", ButtonKind::Secondary, None))
    };
    let content = html! {
        (heading(Some(&desk.actor().division_name), "工作人员"))
        (button_link("/desk/admin/staff/new", "新增账号", ButtonKind::Primary))
        (form_get("/desk/admin/staff", &search))
        (table)
    };
    Ok(Page::new("工作人员", content).under("admin"))
}

fn state_of(staff: &StaffView, now: i64) -> Markup {
    if staff.disabled_at.is_some() {
        tag(Colour::Grey, "已停用")
    } else if staff.locked_until.is_some_and(|until| until > now) {
        tag(Colour::Orange, "已锁定")
    } else if staff.must_change {
        tag(Colour::Yellow, "未改初始密码")
    } else {
        tag(Colour::Green, "正常")
    }
}

pub(super) async fn account(desk: Desk<ManageStaff>, Path(id): Path<StaffId>) -> Result<Page, Fault> {
    let page = access::staff_page(desk.office(), desk.granted(), id).await?;
    let StaffPage { staff, phone, posts } = &page;
    let now = desk.office().now();
    let own = desk.actor().staff == id;
    let change = Link::new(format!("/desk/admin/staff/{id}/change"), "修改");
    let rows = [
        SummaryRow::text("姓名", &staff.name).action(change.about("姓名、电话和单位")),
        SummaryRow::text("登录名", &staff.login),
        SummaryRow::text("所在单位", &staff.division_name),
        SummaryRow::text("联系电话", phone.as_deref().unwrap_or("没有登记")),
        SummaryRow::text("本人档案", if staff.linked { "已关联，用于回避" } else { "没有关联" }),
        SummaryRow::new("状态", state_of(staff, now.at_ms())),
    ];
    let content = html! {
        (heading(Some("工作人员"), &staff.name))
        (summary_list(&rows))
        (posts_table(&desk, posts, own, now))
        @if own {
            p.govuk-body { "自己的账号状态和岗位，由另一位管理员办理。" }
        } @else {
            (button_group(&html! {
                (button_link(&format!("/desk/admin/staff/{id}/posts/new"), "增加岗位", ButtonKind::Secondary))
                (act(&desk, id, "reset", "重置密码", ButtonKind::Secondary))
                @if staff.disabled_at.is_some() {
                    (act(&desk, id, "enable", "恢复账号", ButtonKind::Secondary))
                } @else {
                    @if staff.locked_until.is_some_and(|until| until > now.at_ms()) {
                        (act(&desk, id, "enable", "解除锁定", ButtonKind::Secondary))
                    }
                    (act(&desk, id, "disable", "停用账号", ButtonKind::Warning))
                }
            }))
        }
    };
    Ok(Page::new(staff.name.clone(), content).under("admin").back("/desk/admin/staff", "工作人员"))
}

fn act(desk: &Staff, id: StaffId, action: &str, words: &str, kind: ButtonKind) -> Markup {
    form_post(&format!("/desk/admin/staff/{id}/{action}"), &desk.key(), &submit(words, kind, None))
}

fn posts_table(desk: &Staff, posts: &[PostView], own: bool, now: Now) -> Markup {
    let today = now.today();
    let rows = posts.iter().map(|post| {
        let roles: Vec<String> = post.roles.iter().map(|role| role.title_at(&post.division_name)).collect();
        let live = post.until_on.is_none_or(|until| until > today);
        vec![
            html! { (post.division_name) },
            html! { (roles.join("、")) },
            html! { (zh_date(post.from_on)) "起" @if let Some(until) = post.until_on { "，" (zh_date(until)) "止" } },
            html! {
                @if live && !own {
                    (form_post(&format!("/desk/admin/posts/{}/end", post.id), &desk.key(), &html! {
                        button.button-link type="submit" { "今天起免去" span.govuk-visually-hidden { "：" (post.division_name) } }
                    }))
                } @else if !live { "已结束" }
            },
        ]
    });
    let table = Table {
        id: "posts".into(),
        caption: "岗位".into(),
        columns: ["单位", "角色", "任职时间", "办理"].map(Column::new).into(),
        rows: rows.collect(),
        empty: "还没有岗位，不能登录办理业务。".into(),
        ..Table::default()
    };
    html! { (table) }
}

/// The office that was written: the one that is meant, or those that may be, with what is wrong said at the field.
pub(super) struct OfficeMeant {
    pub one: Option<DivisionId>,
    /// Namesakes to choose from.
    pub offered: Vec<Meant>,
}

/// Which office of one's own area is meant, by its name or code; what lies elsewhere is not found.
pub(super) async fn office_meant(
    staff: &Staff,
    typed: &str,
    errors: &mut Errors,
) -> Result<OfficeMeant, Fault> {
    let (db, own) = (staff.office().db(), staff.actor().division);
    let asked = divisions::asked(typed);
    let mut offered = Vec::new();
    if asked.is_empty() {
        errors.add(DIVISION, "请填写单位。");
        return Ok(OfficeMeant { one: None, offered });
    }
    let namesakes = divisions::meant(db, own, asked).await?;
    let (too_many, shown) = (namesakes.too_many(asked), namesakes.found.len());
    for one in namesakes.found {
        if divisions::is_within(db, own, one.id).await? {
            offered.push(one);
        }
    }
    if let [one] = offered.as_slice() {
        return Ok(OfficeMeant { one: Some(one.id), offered: Vec::new() });
    }
    if offered.is_empty() {
        let own = &staff.actor().division_name;
        let message = format!("没有找到“{asked}”。请填写{own}或者它下级的完整名称，也可以填统计区划代码。");
        errors.add(DIVISION, message);
    } else {
        // Those of the own area come first: where all that are shown lie in it, there may be more of them.
        let too_many = too_many.filter(|_| offered.len() == shown);
        errors.add(DIVISION, too_many.unwrap_or_else(|| "有几个同名的，请选是哪一个。".to_owned()));
    }
    Ok(OfficeMeant { one: None, offered })
}

/// Where an office is written: a prefecture has thousands of villages, too many for a menu.
pub(super) fn office_field(label: &'static str, typed: &str, offered: &[Meant], errors: &Errors) -> Markup {
    let field = Field::new(DIVISION, label)
        .hint("填写区划名称或者代码，例如“海北街道”。")
        .value(typed.to_owned())
        .width(Width::Full)
        .max_chars(120)
        .errors(errors);
    if offered.is_empty() {
        return text_input(&field);
    }
    let mut choices: Vec<Choice<'_>> =
        offered.iter().map(|one| Choice::new(one.said(), one.name.as_str())).collect();
    choices.push(Choice::new("", "都不是，重新填写"));
    radios(&field, &choices)
}

/// The home office of an account as it stands in the form.
pub(super) async fn home(desk: &Staff, staff: &StaffView) -> Result<String, Fault> {
    let code = divisions::find(desk.office().db(), staff.division).await?.code;
    Ok(format!("{}〔{code}〕", staff.division_name))
}

pub(super) async fn new_form(desk: Desk<ManageStaff>) -> Result<Page, Fault> {
    form_page(&desk, None, &Fields::default(), &[], &Errors::none()).await
}

async fn form_page(
    desk: &Staff,
    of: Option<&StaffView>,
    typed: &Fields,
    offered: &[Meant],
    errors: &Errors,
) -> Result<Page, Fault> {
    let (title, action) = match of {
        Some(staff) => ("修改账号", format!("/desk/admin/staff/{}/change", staff.id)),
        None => ("新增账号", "/desk/admin/staff/new".to_owned()),
    };
    let back =
        of.map_or_else(|| "/desk/admin/staff".to_owned(), |staff| format!("/desk/admin/staff/{}", staff.id));
    let body = html! {
        @if of.is_some() { (hidden("version", typed.get("version"))) }
        @else {
            (text_input(&Field::new("login", "登录名").hint("3 至 32 位字母、数字、点或者横线，定了不能改。").value(typed.get("login"))
                .max_chars(32).autocomplete("off").errors(errors)))
        }
        (text_input(&Field::new("name", "姓名").value(typed.get("name")).max_chars(50).errors(errors)))
        (office_field("所在单位", typed.get(DIVISION), offered, errors))
        (text_input(&Field::new("phone", "联系电话").value(typed.get("phone")).optional().inputmode("tel").errors(errors)))
        (text_input(&Field::new("citizen_id", "身份证号码").hint("用来识别本人和家人的申请，办理时回避。留空则不变。")
            .value(typed.get("citizen_id")).optional().max_chars(18).width(Width::Chars20).errors(errors)))
        (buttons(if of.is_some() { "保存" } else { "新增账号" }, &[Link::new(back.clone(), "不办了")]))
    };
    let content = html! {
        div.prose {
            (error_summary(errors))
            (heading(None, title))
            (form_post(&action, &desk.key(), &body))
        }
    };
    Ok(Page::new(title, content).under("admin").errors(errors).back(back, "返回"))
}

fn read(form: &Fields, login: &str, division: Option<DivisionId>) -> NewStaff {
    NewStaff {
        login: login.to_owned(),
        name: form.get("name").to_owned(),
        phone: form.get("phone").to_owned(),
        citizen_id: form.get("citizen_id").to_owned(),
        division,
    }
}

pub(super) async fn create(
    desk: Desk<ManageStaff>,
    KeyedForm { form, .. }: KeyedForm<Fields>,
) -> Result<Page, Fault> {
    let mut errors = Errors::none();
    let meant = office_meant(&desk, form.get(DIVISION), &mut errors).await?;
    // A form sent twice meets its own login, which is taken then.
    let new = read(&form, form.get("login"), meant.one);
    match access::create_staff(desk.office(), desk.granted(), &new).await {
        Ok((id, password)) => {
            let next = format!("/desk/admin/staff/{id}/posts/new");
            Ok(password_page(&new.name, &new.login, &password, &Link::new(next, "下一步：给他（她）岗位")))
        }
        Err(error) => {
            // Without an office it refuses; what else is wrong is said beside it.
            for (field, message) in form_errors(error)?.iter() {
                errors.add(field, message);
            }
            form_page(&desk, None, &form, &meant.offered, &errors).await
        }
    }
}

/// A one-time password, shown once.
fn password_page(name: &str, login: &str, password: &Secret, next: &Link<'_>) -> Page {
    let rows = [SummaryRow::text("姓名", name), SummaryRow::text("登录名", login)];
    let content = html! {
        (panel("一次性密码", &html! { (password.reveal()) }))
        (summary_list(&rows))
        p.govuk-body { "这个密码只显示一次，请当面交给本人。本人第一次登录时必须设置自己的密码。" }
        (print_button())
        p.govuk-body { (next) }
    };
    Page::new("一次性密码", content).under("admin")
}

pub(super) async fn change_form(desk: Desk<ManageStaff>, Path(id): Path<StaffId>) -> Result<Page, Fault> {
    let staff = access::find_staff(desk.office().db(), desk.granted(), id).await?;
    let typed = [
        ("name", staff.name.clone()),
        (DIVISION, home(&desk, &staff).await?),
        ("version", staff.version.to_string()),
    ];
    let typed = Fields(typed.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
    form_page(&desk, Some(&staff), &typed, &[], &Errors::none()).await
}

pub(super) async fn change(
    desk: Desk<ManageStaff>,
    Path(id): Path<StaffId>,
    KeyedForm { form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let staff = access::find_staff(desk.office().db(), desk.granted(), id).await?;
    let mut errors = Errors::none();
    let version = typed::id::<i64>(&form, "version", "页面已过期，请刷新后再改。", &mut errors);
    let meant = office_meant(&desk, form.get(DIVISION), &mut errors).await?;
    if let Some(version) = version {
        let new = read(&form, &staff.login, meant.one);
        match access::update_staff(desk.office(), desk.granted(), id, version, &new).await {
            Ok(()) => return Ok(SeeOther::to(format!("/desk/admin/staff/{id}")).done("账号已修改。").into()),
            Err(error) => {
                for (field, message) in form_errors(error)?.iter() {
                    errors.add(field, message);
                }
            }
        }
    }
    Ok(form_page(&desk, Some(&staff), &form, &meant.offered, &errors).await?.into())
}

pub(super) async fn disable(
    desk: Desk<ManageStaff>,
    Path(id): Path<StaffId>,
    _: KeyedForm<Fields>,
) -> Result<SeeOther, Fault> {
    access::set_disabled(desk.office(), desk.granted(), id, true).await?;
    Ok(SeeOther::to(format!("/desk/admin/staff/{id}")).done("账号已停用，已登录的会话已退出。"))
}

pub(super) async fn enable(
    desk: Desk<ManageStaff>,
    Path(id): Path<StaffId>,
    _: KeyedForm<Fields>,
) -> Result<SeeOther, Fault> {
    access::set_disabled(desk.office(), desk.granted(), id, false).await?;
    Ok(SeeOther::to(format!("/desk/admin/staff/{id}")).done("账号可以登录了。"))
}

pub(super) async fn reset(
    desk: Desk<ManageStaff>,
    Path(id): Path<StaffId>,
    KeyedForm { key, .. }: KeyedForm<Fields>,
) -> Result<Page, Fault> {
    let staff = access::find_staff(desk.office().db(), desk.granted(), id).await?;
    // The password cannot be read again, so a form sent twice makes no second one.
    let once = access::OneTimePassword::fresh().await?;
    let write = match desk.begin(&key).await? {
        Begun::Again(_) => {
            return Err(Fault::Refused(
                "这次重置的密码已经显示过，只显示一次。没有记下的，请再重置一次。".to_owned(),
            ));
        }
        Begun::First(write) => write,
    };
    let password = access::reset_password_in(desk.office(), write.tx(), desk.granted(), id, once).await?;
    write.finish("").await?;
    let next = Link::new(format!("/desk/admin/staff/{id}"), "返回账号");
    Ok(password_page(&staff.name, &staff.login, &password, &next))
}
