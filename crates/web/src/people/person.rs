//! A person's page, and correcting what is wrong on it.

use maud::{Markup, html};
use office::access::{ReadPeople, RegisterPeople, Right};
use office::business::Reader;
use office::people::{self, AccountView, DuplicateView, FactView, PersonCorrection, PersonView, Subject};
use store::PersonId;
use vocab::{Now, PersonName, Phone, zh_date};

use super::on_file::OnFile;
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path, Staff};
use crate::form_body::{Fields, KeyedForm};
use crate::typed;
use crate::ui::form::{
    Errors, Field, Width, buttons, error_summary, form_post, hidden, text_area, text_input,
};
use crate::ui::parts::{Colour, SummaryRow, heading, masked, summary_list, tag};
use crate::ui::table::{Column, Table};
use crate::ui::{Link, address};

/// `GET /desk/people/{person}`
pub(super) async fn person(desk: Desk<ReadPeople>, OnFile(id): OnFile) -> Result<Page, Fault> {
    let page = people::person_page(desk.office(), desk.granted(), id).await?;
    let duplicates = people::duplicates_of(desk.office(), desk.granted(), id).await?;
    let facts = format!("/desk/people/{id}/facts/");
    let content = html! {
        (heading(Some("人员档案"), &page.person.name))
        @if !duplicates.is_empty() { (suspicion(&desk, id, &duplicates)) }
        (summary(&desk, &page.person))
        p.govuk-body {
            @match page.household {
                Some(household) => (Link::new(format!("/desk/families/{household}"), "查看所在家庭")),
                None => "没有登记在本辖区的家庭里。",
            }
        }
        (facts_table("facts", "个人情况", &page.facts, &facts))
        (accounts_table(&desk, &page.accounts))
        ul.govuk-list {
            li { (Link::new(format!("/desk/people/{id}/benefits"), "幸福清单")) }
            @if desk.may(Right::FileForOther) && page.person.died_on.is_none() {
                li { (Link::new(format!("/desk/people/{id}/code"), "发放登录验证码")) }
            }
            @if desk.may(Right::MergePeople) {
                li { (Link::new(format!("/desk/people/{id}/merge"), "与另一份档案合并")) }
            }
            @if desk.may(Right::Accept) && page.person.died_on.is_none() {
                li { (Link::new(address("/desk/bookings/new", &[("person", &id.to_string())]), "为他预约窗口")) }
            }
            @if desk.may(Right::SearchAudit) {
                li { (Link::new(format!("/desk/admin/audit?person={id}"), "谁看过这份档案")) }
            }
        }
    };
    Ok(Page::new(page.person.name.clone(), content).under("people").back("/desk/people", "对象档案"))
}

fn suspicion(staff: &Staff, id: PersonId, duplicates: &[DuplicateView]) -> Markup {
    html! {
        div.govuk-inset-text {
            @for flag in duplicates {
                p.govuk-body {
                    (flag.reason.title()) "："
                    @match &flag.other {
                        Some((other, name)) => {
                            a.govuk-link href={ "/desk/people/" (other) } { (name) }
                            @if staff.may(Right::MergePeople) {
                                "，" (Link::new(format!("/desk/people/{id}/merge?other={other}"), "核对两份档案").about(format!("：{name}")))
                            }
                        },
                        None => "另一人在他处登记，请联系县级民政部门核实。",
                    }
                }
            }
            p.govuk-body { (Link::new("/desk/duplicates", "去核实")) }
        }
    }
}

fn summary(staff: &Staff, person: &PersonView) -> Markup {
    let reveal = staff.may(Right::Reveal).then(|| {
        Link::new(format!("/desk/people/{}/reveal", person.id), "查看完整号码").about("（身份证号和电话）")
    });
    let correct = Link::new(format!("/desk/people/{}/correct", person.id), "更正");
    let name = SummaryRow::text("姓名", &person.name);
    let phone = SummaryRow::text("联系电话", person.phone.as_deref().unwrap_or("没有登记"));
    let (name, phone) = if staff.may(Right::RegisterPeople) {
        (name.action(correct.clone().about("姓名")), phone.action(correct.about("联系电话")))
    } else {
        (name, phone)
    };
    let mut rows = vec![
        name,
        SummaryRow::text("性别", person.sex.zh()),
        SummaryRow::text("出生日期", &zh_date(person.born_on)),
        SummaryRow::new("身份证号", masked(&person.citizen_id, reveal.as_ref())),
        phone,
        SummaryRow::text("户籍地", &person.division_name),
        SummaryRow::text("现住地", &person.residence_name),
    ];
    if let Some(died_on) = person.died_on {
        let died = html! { (tag(Colour::Grey, "已故")) " " (zh_date(died_on)) };
        rows.insert(3, SummaryRow::new("死亡日期", died));
    }
    summary_list(&rows)
}

/// Facts with who says so and since when; `history` is the address of one fact's history, without its id.
pub(super) fn facts_table(id: &str, caption: &str, facts: &[FactView], history: &str) -> Markup {
    let rows = facts.iter().map(|fact| {
        vec![
            html! { (fact.title) },
            html! {
                @if fact.sensitive && fact.value.is_some() { "已登记（敏感信息）" } @else { (fact.shown) }
                @if fact.stale { " " (tag(Colour::Orange, "需更新")) }
            },
            html! { (fact.source_title) },
            html! { (zh_date(fact.from_on)) },
            html! { (Link::new(format!("{history}{}", fact.fact), "变动记录").about(format!("：{}", fact.title))) },
        ]
    });
    let table = Table {
        id: id.to_owned().into(),
        caption: caption.to_owned().into(),
        columns: ["项目", "现在的情况", "来源", "从何时起", "记录"].map(Column::new).into(),
        rows: rows.collect(),
        empty: "还没有登记。".into(),
        ..Table::default()
    };
    html! { (table) }
}

/// Accounts by their last four.
pub(super) fn accounts_table(staff: &Staff, accounts: &[AccountView]) -> Markup {
    let release = staff.office().release();
    let rows = accounts.iter().map(|account| {
        let reveal = staff.may(Right::Reveal).then(|| {
            Link::new(format!("/desk/accounts/{}/reveal", account.id), "查看完整账号")
                .about(format!("：尾号 {}", account.tail))
        });
        vec![
            html! { (masked(&format!("尾号 {}", account.tail), reveal.as_ref())) },
            html! { (release.code_title("bank", &account.bank)) },
            html! { (account.holder_name) },
            html! { (zh_date(Now::from_unix_ms(account.created_at).today())) },
        ]
    });
    let table = Table {
        id: "accounts".into(),
        caption: "银行账户".into(),
        columns: ["账号", "开户银行", "户名", "登记日期"].map(Column::new).into(),
        rows: rows.collect(),
        empty: "没有登记银行账户。".into(),
        ..Table::default()
    };
    html! { (table) }
}

pub(super) async fn fact_history(
    desk: Desk<ReadPeople>,
    OnFile(id): OnFile,
    Path((_, fact)): Path<(PersonId, String)>,
) -> Result<Page, Fault> {
    // Opening the person's page checks the scope and writes the audit.
    let page = people::person_page(desk.office(), desk.granted(), id).await?;
    let history = history_of(&desk, Subject::Person(id), &fact).await?;
    Ok(history_page(&page.person.name, &history).back(format!("/desk/people/{id}"), page.person.name))
}

pub(super) async fn history_of(staff: &Staff, subject: Subject, fact: &str) -> Result<Vec<FactView>, Fault> {
    let office = staff.office();
    if !Reader::Post(staff.actor()).fact(&office.release(), fact) {
        return Err(Fault::Hidden);
    }
    Ok(people::fact_history(office, office.db(), &staff.scope(), subject, fact).await?)
}

/// Every statement of one fact: for when, since when we know it, until when we believed it.
pub(super) fn history_page(subject: &str, history: &[FactView]) -> Page {
    let title = history.first().map_or("变动记录", |fact| fact.title.as_str()).to_owned();
    let rows = history.iter().map(|fact| {
        vec![
            html! { (Now::from_unix_ms(fact.known_at).zh()) },
            html! { @if fact.sensitive && fact.value.is_some() { "已登记（敏感信息）" } @else { (fact.shown) } },
            html! { (fact.source_title) },
            html! { (zh_date(fact.from_on)) "起" @if let Some(until) = fact.until_on { "，" (zh_date(until)) "止" } },
            html! {
                @match fact.superseded_at {
                    Some(at) => { (Now::from_unix_ms(at).zh()) "后不再采用" },
                    None => "采用中",
                }
            },
            html! { (fact.evidence.as_deref().unwrap_or("")) },
        ]
    });
    let table = Table {
        id: "history".into(),
        caption: "变动记录".into(),
        caption_hidden: true,
        columns: ["登记时间", "内容", "来源", "适用时间", "状态", "依据"].map(Column::new).into(),
        rows: rows.collect(),
        empty: "还没有登记过。".into(),
        ..Table::default()
    };
    let content = html! { (heading(Some(subject), &format!("{title}：变动记录"))) (table) };
    Page::new(format!("{title}变动记录"), content).under("people")
}

pub(super) async fn correct_form(desk: Desk<RegisterPeople>, OnFile(id): OnFile) -> Result<Page, Fault> {
    let person = seen(&desk, id).await?;
    let typed = Fields(vec![("name".to_owned(), person.name.clone())]);
    Ok(correct_page(&desk, &person, &typed, &Errors::none()))
}

/// The person, audited as opened.
pub(super) async fn seen(staff: &Staff, id: PersonId) -> Result<PersonView, Fault> {
    let page = people::person_page(staff.office(), &staff.grant::<ReadPeople>()?, id).await?;
    Ok(page.person)
}

fn correct_page(desk: &Desk<RegisterPeople>, person: &PersonView, typed: &Fields, errors: &Errors) -> Page {
    let id = person.id;
    let version = typed.get("version");
    let version = if version.is_empty() { person.version.to_string() } else { version.to_owned() };
    let phone = match &person.phone {
        Some(phone) => format!("现登记为 {phone}。不改的，请重新填写完整号码；留空表示不再登记电话。"),
        None => "没有登记。没有手机的，可以留子女或者村（居）委会的电话。".to_owned(),
    };
    let body = html! {
        (hidden("version", &version))
        (text_input(&Field::new("name", "姓名").hint("与身份证上的一致。").value(typed.get("name")).errors(errors)))
        (text_input(&Field::new("phone", "联系电话").hint(phone).value(typed.get("phone")).inputmode("tel").optional()
            .width(Width::Chars20).errors(errors)))
        (text_area(&Field::new("reason", "更正的原因和依据的证件").value(typed.get("reason")).max_chars(200).errors(errors), 2))
        (buttons("保存更正", &[Link::new(format!("/desk/people/{id}"), "不改了")]))
    };
    let content = html! {
        div.prose {
            (error_summary(errors))
            (heading(Some(&person.name), "更正姓名和电话"))
            p.govuk-body { "身份证号登记错了的，请按正确的号码重新登记，再把两份档案合并。" }
            (form_post(&format!("/desk/people/{id}/correct"), &desk.key(), &body))
        }
    };
    Page::new("更正姓名和电话", content)
        .under("people")
        .errors(errors)
        .back(format!("/desk/people/{id}"), person.name.clone())
}

pub(super) async fn correct(
    desk: Desk<RegisterPeople>,
    OnFile(id): OnFile,
    KeyedForm { form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let mut errors = Errors::none();
    let name = typed::value::<PersonName>(&form, "name", "请填写姓名。", &mut errors);
    let phone = typed::optional_value::<Phone>(&form, "phone", &mut errors);
    let reason = typed::text(&form, "reason", "请填写更正的原因和依据的证件。", &mut errors);
    if let (Some(name), Some(reason), true) = (name, reason, errors.is_empty()) {
        // Sending twice cannot change twice: the version has moved on.
        let version = form.get("version").parse().map_err(|_| Fault::Hidden)?;
        let correction = PersonCorrection { name, phone, reason };
        match people::correct_person(desk.office(), desk.granted(), id, version, &correction).await {
            Ok(()) => return Ok(SeeOther::to(format!("/desk/people/{id}")).done("已更正。").into()),
            Err(error) => errors = form_errors(error)?,
        }
    }
    let person = seen(&desk, id).await?;
    Ok(correct_page(&desk, &person, &form, &errors).into())
}
