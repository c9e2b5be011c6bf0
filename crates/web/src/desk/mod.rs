//! The desks of villages, townships and counties: work list, cases and what is done to them, departments' files.

use office::access::Right;

use crate::form_body::upload_limit;
use crate::layout::NavEntry;
use crate::routes::{Routes, get, post};

mod action;
mod bookings;
mod case;
pub(crate) mod cases;
mod check;
mod checks;
mod department_questions;
mod departments;
mod files;
mod inspections;
mod joint;
mod means;
mod places;
mod publication;
mod random_checks;
mod rules_in_words;
mod sampling;
pub(crate) mod search;
mod views;
pub(crate) mod words;
mod work;

pub(crate) use check::{answers as check_answers, beside as facts_beside};
pub(crate) use files::{shown_file, shown_letter};
pub(crate) use rules_in_words::{
    grounds as determination_grounds, months as case_months, replaced as case_replaced,
};

/// Entries of the staff navigation.
pub const NAV: &[NavEntry] = &[
    NavEntry { id: "work", href: "/desk/work", text: "我的待办", rights: &[Right::ReadCase] },
    NavEntry { id: "cases", href: "/desk/cases", text: "全部办件", rights: &[Right::ReadCase] },
    NavEntry {
        id: publication::NAV_ID, href: publication::HERE, text: "公布表", rights: &[Right::ReadCase]
    },
    NavEntry {
        id: "departments",
        href: "/desk/departments",
        text: "部门数据",
        rights: &[Right::ImportDepartmentFile],
    },
    NavEntry {
        id: checks::NAV_ID,
        href: "/desk/checks",
        text: "信息核对",
        rights: &[Right::ImportDepartmentFile],
    },
    NavEntry {
        id: department_questions::NAV_ID,
        href: department_questions::HERE,
        text: "核对询问",
        rights: &[Right::AnswerCheck],
    },
    NavEntry { id: sampling::NAV_ID, href: "/desk/draws", text: "抽查", rights: &[Right::Sample] },
];

/// Routes under `/desk`.
pub fn routes() -> Routes {
    let uploads = Routes::new()
        .route("/desk/cases/{case}/actions/{action}", get(action::show).post(action::send))
        .route("/desk/departments", get(departments::list).post(departments::preview))
        .route("/desk/cases/{case}/check/relatives", post(check::relative))
        .route("/desk/checks/answers", post(checks::answers))
        .route("/desk/department/answers", post(department_questions::answers))
        .layer(upload_limit());
    Routes::new()
        .route("/desk/search", get(search::page))
        .route("/desk/work", get(work::list))
        .route("/desk/work/export", get(work::export))
        .route("/desk/cases", get(cases::list))
        .route("/desk/cases/export", get(cases::export))
        .route("/desk/publication", get(publication::page))
        .merge(views::routes())
        .route("/desk/cases/{case}", get(case::show))
        .route("/desk/cases/{case}/means-test", post(means::run))
        .route("/desk/cases/{case}/check", get(check::show))
        .route("/desk/cases/{case}/check/send", post(check::send))
        .route("/desk/cases/{case}/check/export", get(check::export))
        .route("/desk/cases/{case}/check/letter", post(check::letter))
        .route("/desk/cases/{case}/check/{contradiction}", post(check::deed))
        .route("/desk/check-requests/{check_request}", get(check::ask_answer).post(check::answer))
        .route("/desk/check-requests/{check_request}/withdraw", post(check::withdraw))
        .route("/desk/department", get(department_questions::list))
        .route("/desk/department/file", post(department_questions::file))
        .route(
            "/desk/department/questions/{check_request}",
            get(department_questions::show).post(department_questions::answer),
        )
        .route("/desk/department/questions/{check_request}/reveal", post(department_questions::reveal))
        .route(
            "/desk/department/records/{department_register}/{department_record}",
            get(department_questions::record),
        )
        .route(
            "/desk/department/records/{department_register}/{department_record}/do/{department_move}",
            post(department_questions::record_move),
        )
        .route("/desk/families/{household}/joint", get(joint::ask).post(joint::begin))
        .route("/desk/bookings", get(bookings::list))
        .route("/desk/bookings/new", get(bookings::begin).post(bookings::book))
        .route("/desk/bookings/{booking}", post(bookings::settle))
        .route("/desk/bookings/{booking}/move", get(bookings::move_form).post(bookings::move_to))
        .route("/desk/bookings/{booking}/cancel", post(bookings::cancel))
        .route("/desk/joint", get(joint::list))
        .route("/desk/joint/export", get(joint::export))
        .route("/desk/joint/{joint}", get(joint::show))
        .route("/desk/joint/{joint}/parts/{joint_part}", post(joint::part))
        .route("/desk/checks", get(checks::list))
        .route("/desk/checks/requests", post(checks::requests))
        .route("/desk/checks/template/{dataset}", get(checks::template))
        .route("/desk/checks/late/export", get(checks::late_export))
        .route("/desk/checks/sources/export", get(checks::sources_export))
        .route("/desk/departments/template/{dataset}", get(departments::template))
        .route("/desk/departments/corrected/{upload}", get(departments::corrected))
        .route("/desk/departments/commit", post(departments::commit))
        .route("/desk/draws", get(sampling::list).post(sampling::draw))
        .route("/desk/draws/{draw}", get(sampling::show))
        .route("/desk/draws/{draw}/export", get(sampling::export))
        .route("/desk/random-checks", get(random_checks::list).post(random_checks::draw))
        .route("/desk/random-checks/{random_check}", get(random_checks::show))
        .route("/desk/random-checks/{random_check}/export", get(random_checks::export))
        .route("/desk/inspections", get(inspections::list))
        .route(
            "/desk/inspections/{random_check}/{random_place}",
            get(inspections::show).post(inspections::record),
        )
        .route("/desk/attachments/{attachment}", get(files::attachment))
        .route("/desk/letters/{letter}", get(files::letter))
        .merge(uploads)
        .merge(crate::trial::routes())
}
