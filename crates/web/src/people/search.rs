//! Finding a person, and the plain list of families of one's area.

use axum::extract::Query;
use maud::{Markup, html};
use office::access::{ReadPeople, Right};
use office::people::{self, SearchAnswer};
use serde::Deserialize;
use store::Cursor;

use crate::answer::Page;
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::ui::form::{
    ButtonKind, Errors, Field, Width, button_group, button_link, error_summary, form_get, submit, text_input,
};
use crate::ui::parts::{Colour, heading, tag};
use crate::ui::table::{Column, Pager, Table, Total};
use crate::ui::{Link, address};

const PAGE_ROWS: usize = 20;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    after: String,
}

impl Asked {
    fn cursor(&self) -> Result<Option<Cursor>, Fault> {
        Ok(if self.after.is_empty() { None } else { Some(self.after.parse()?) })
    }
}

pub(super) async fn search(desk: Desk<ReadPeople>, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let cursor = asked.cursor()?;
    let mut errors = Errors::none();
    let list = if asked.q.trim().is_empty() {
        families(&desk, cursor.as_ref(), &asked).await?
    } else {
        match people::search_people(desk.office(), desk.granted(), &asked.q, cursor.as_ref(), PAGE_ROWS).await
        {
            Ok(answer) => found(&asked, &answer),
            Err(error) => {
                errors = form_errors(error)?;
                html! {}
            }
        }
    };
    let form = html! {
        (text_input(&Field::new("q", "查找人员")
            .hint("姓名、拼音首字母、身份证号、电话，或者姓名加身份证后四位，例如：赵桂兰 1524")
            .value(asked.q.as_str()).width(Width::Full).max_chars(60).errors(&errors)))
        (submit("查找", ButtonKind::Primary, None))
    };
    let content = html! {
        (error_summary(&errors))
        (heading(Some(&desk.actor().division_name), "对象档案"))
        div.prose { (form_get("/desk/people", &form)) }
        (list)
        (button_group(&html! {
            @if desk.may(Right::RegisterPeople) { (button_link("/desk/families/new", "登记家庭", ButtonKind::Secondary)) }
            (Link::new("/desk/duplicates", "疑似重复的人员"))
        }))
    };
    Ok(Page::new("对象档案", content).under("people").errors(&errors))
}

fn found(asked: &Asked, answer: &SearchAnswer) -> Markup {
    let rows = answer.page.rows.iter().map(|found| {
        vec![
            html! {
                a.govuk-link href={ "/desk/people/" (found.person) } { (found.name) }
                @if found.died_on.is_some() { " " (tag(Colour::Grey, "已故")) }
            },
            html! { (found.sex.zh()) "，" (vocab::zh_date(found.born_on)) "生" },
            html! { span.masked { (found.citizen_id) } },
            html! { (found.residence_name) },
            html! {
                @match found.household {
                    Some(household) => (Link::new(format!("/desk/families/{household}"), "家庭").about(format!("：{}", found.name))),
                    None => "未登记家庭",
                }
            },
        ]
    });
    let count = answer.count;
    let table = Table {
        id: "people".into(),
        caption: "查找结果".into(),
        columns: ["姓名", "性别和出生日期", "身份证号", "现住地", "家庭"].map(Column::new).into(),
        rows: rows.collect(),
        empty: answer.note.clone().unwrap_or_default().into(),
        total: Some(if count.more {
            Total::AtLeast(count.counted.into())
        } else {
            Total::Exactly(count.counted.into())
        }),
        pager: Some(Pager {
            previous: (!asked.after.is_empty()).then(|| address("/desk/people", &[("q", &asked.q)]).into()),
            next: answer
                .page
                .next
                .as_ref()
                .map(|next| address("/desk/people", &[("q", &asked.q), ("after", &next.to_string())]).into()),
        }),
        ..Table::default()
    };
    html! { (table) }
}

async fn families(desk: &Desk<ReadPeople>, cursor: Option<&Cursor>, asked: &Asked) -> Result<Markup, Fault> {
    let page =
        people::families_in(desk.office(), desk.granted(), desk.actor().division, cursor, PAGE_ROWS).await?;
    let rows = page.rows.iter().map(|(household, head, division)| {
        vec![
            html! { a.govuk-link href={ "/desk/families/" (household) } { (head) "家" } },
            html! { (division) },
        ]
    });
    let table = Table {
        id: "families".into(),
        caption: "本辖区的家庭".into(),
        columns: ["户主", "住在"].map(Column::new).into(),
        rows: rows.collect(),
        empty: "还没有登记家庭。".into(),
        pager: Some(Pager {
            previous: (!asked.after.is_empty()).then(|| "/desk/people".into()),
            next: page.next.map(|next| address("/desk/people", &[("after", &next.to_string())]).into()),
        }),
        ..Table::default()
    };
    Ok(html! { (table) })
}
