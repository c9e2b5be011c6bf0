//! Work at a desk as an officer would do it, through the same use-cases: filing, acting, with forms filled from a family's truth.

use catalogue::definition::{About, FieldKind, Page};
use chrono::NaiveDate;
use office::access::Actor;
use office::casework::{self, Acted, AttachmentId, Deed, Doer, DraftId, drafts, view};
use office::forms::{Answers, FieldPath, Raw, specimen};
use office::{Office, OfficeError};
use store::{CaseId, IdempotencyKey};

use crate::family::{Area, Family, Member, Relation};

/// A white dot: the smallest picture that is one.
const DOT: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0,
    1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 10, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0xf8,
    0x0f, 0, 1, 1, 1, 0, 0x1b, 0xb6, 0xee, 0x56, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

async fn picture(office: &Office, owner: &str) -> Result<AttachmentId, OfficeError> {
    casework::attachments::put(office, owner, "签名.png", DOT).await
}

/// Yuan as a form takes them.
fn yuan(fen: i64) -> Raw {
    Raw::Text(vocab::Fen(fen).to_string())
}

fn yes(holds: bool) -> Raw {
    Raw::from(if holds { "yes" } else { "no" })
}

fn relation(member: &Member) -> &'static str {
    match member.relation {
        Relation::Head => "head",
        Relation::Spouse => "spouse",
        Relation::Child => "child",
        Relation::Grandchild => "grandchild",
        Relation::Parent => "parent",
    }
}

fn able(office: &Office, member: &Member) -> &'static str {
    let age = member.age_on(office.now().today());
    let severe = member.disability_level.is_some_and(|level| level <= 2);
    match age {
        18..=59 if !severe && !member.seriously_ill => "full",
        18..=59 if !severe => "partial",
        _ => "none",
    }
}

/// What a form says of one member.
pub(crate) fn of_member(office: &Office, member: &Member, field: &str) -> Option<Raw> {
    Some(match field {
        "name" => Raw::Text(member.name.clone()),
        "citizen_id" => Raw::Text(member.citizen_id.expose().to_owned()),
        "phone" => Raw::Text(member.phone.clone()?),
        "relation" => Raw::from(relation(member)),
        "excluded_status" => Raw::from("none"),
        "disability_kind" => Raw::from(member.disability_kind.unwrap_or("none")),
        "disability_level" => Raw::Text(member.disability_level?.to_string()),
        "serious_illness" => yes(member.seriously_ill),
        "student" => yes(member.student),
        "work_ability" => Raw::from(able(office, member)),
        "employed" => yes(member.wage_fen > 0),
        "wage_income" => yuan(member.wage_fen),
        "business_income" => yuan(member.business_fen),
        "property_income" => yuan(member.property_fen),
        "transfer_income" => yuan(member.transfer_fen),
        "basic_pension" | "exempt_income" => yuan(0),
        _ => return None,
    })
}

/// What a form says of the family.
pub(crate) fn of_family(family: &Family, field: &str) -> Option<Raw> {
    Some(match field {
        "residence_division" => Raw::Text(family.village.clone()),
        "registered_division" => Raw::Text(family.registered_village.clone()),
        "registered_here" => Raw::from("yes"),
        "address" => Raw::Text(family.address.clone()),
        "area" => Raw::from(if family.area == Area::Urban { "urban" } else { "rural" }),
        "deposits" => yuan(family.deposits_fen),
        "vehicles" => Raw::Text(family.vehicles.to_string()),
        "houses" => Raw::Text(family.houses.to_string()),
        "business_registrations" => Raw::Text(family.businesses.to_string()),
        "rigid_medical" => yuan(family.medical_fen),
        "rigid_education" => yuan(family.schooling_fen),
        "rigid_disability" => yuan(0),
        "unstable_income" => yes(family.members.iter().any(|member| member.wage_fen > 0)),
        "living_together" => Raw::Text(family.members.len().to_string()),
        "account_number" => Raw::Text(account_number(&family.members[0])),
        // Other matters than 低保: it burned where they live; they stay at home, and a neighbour looks after them.
        "incident_division" => Raw::Text(family.village.clone()),
        "emergency_kind" => Raw::from("fire"),
        "support_form" => Raw::from("none"),
        "carer_phone" => Raw::from("13900000000"),
        _ => return None,
    })
}

/// A passbook number (no card): the bank of the synthetic city numbers them by the holder's ID.
#[must_use]
pub fn account_number(member: &Member) -> String {
    format!("88{}", &member.citizen_id.expose()[4..17])
}

/// Whether a page is about whoever applies.
fn of_applicant(page: &Page) -> bool {
    page.id.as_str() == "applicant" || page.about == About::Applicant
}

/// A day as its three boxes.
fn date(day: NaiveDate) -> Raw {
    let parts = [("year", "%Y"), ("month", "%m"), ("day", "%d")]
        .map(|(part, format)| (part.to_owned(), day.format(format).to_string()));
    Raw::Parts(parts.into_iter().collect())
}

/// Files at the window for a family.
///
/// # Errors
/// Of the form or of the register.
pub async fn file(
    office: &Office,
    clerk: &Actor,
    item: &str,
    family: &Family,
) -> Result<CaseId, OfficeError> {
    let draft = fill_in(office, clerk, item, family).await?;
    drafts::submit(office, drafts::Filler::Desk(&clerk.grant()?), draft, &IdempotencyKey::fresh()?).await
}

/// Fills in the whole form for a family and leaves it unsent.
///
/// # Errors
/// Of the form or of the register.
pub async fn fill_in(
    office: &Office,
    clerk: &Actor,
    item: &str,
    family: &Family,
) -> Result<DraftId, OfficeError> {
    let desk = clerk.grant()?;
    let filler = drafts::Filler::Desk(&desk);
    let draft = drafts::begin(office, filler, item, None).await?;
    let open = drafts::open(office, filler, draft).await?;
    let picture = picture(office, &filler.owner()).await?.to_string();
    let release = office.release();
    let form = release.forms.get(&open.form).ok_or(OfficeError::NotFound("这份表单"))?;
    let answers = specimen(&release, form, family.members.len(), &picture, |page, index, field| {
        let member = match (&page.repeat, index) {
            (Some(_), Some(index)) => family.members.get(index),
            _ => None,
        };
        member
            .or(family.members.first().filter(|_| of_applicant(page)))
            .and_then(|member| of_member(office, member, &field.id))
            .or_else(|| of_family(family, &field.id))
            .or_else(|| (*field.kind == FieldKind::Date).then(|| date(office.now().today())))
    });
    drafts::save(office, filler, draft, open.version, &answers).await?;
    Ok(draft)
}

/// Does an action, its form filled from the family's truth and else in the simplest right way.
///
/// # Errors
/// As [`casework::act::act`].
pub async fn act(
    office: &Office,
    actor: &Actor,
    case: CaseId,
    action: &str,
    family: &Family,
    reasons: &[&str],
) -> Result<Acted, OfficeError> {
    let doer = Doer::Desk(actor);
    let page = view::action_page(office, doer, case, action).await?;
    // A picture that no form asks for would stay behind, and a desk may keep only so many of them.
    let asked = page.action.form.as_ref().and_then(|form| page.release.forms.get(form)).is_some_and(|form| {
        let mut fields = form.fields();
        fields.any(|(_, field)| {
            matches!(*field.kind, FieldKind::File | FieldKind::Files | FieldKind::Signature)
        })
    });
    let picture = if asked { picture(office, &doer.owner()).await?.to_string() } else { String::new() };
    let today = office.now().today();
    let answers = match page.action.form.as_ref().and_then(|form| page.release.forms.get(form)) {
        None => Answers::new(),
        Some(form) => {
            let mut answers =
                specimen(&page.release, form, page.members.len(), &picture, |page, index, field| {
                    match (&page.repeat, index) {
                        (Some(_), Some(index)) => {
                            family.members.get(index).and_then(|member| of_member(office, member, &field.id))
                        }
                        _ => match field.id.as_str() {
                            "cooperation" | "agree" | "severe" | "obligor" => Some(Raw::from("yes")),
                            // Of the six items of self-care all but washing.
                            "eats_alone" | "dresses_alone" | "moves_bed_alone" | "toilets_alone"
                            | "walks_alone" => Some(Raw::from("yes")),
                            "agreed_until" => today.checked_add_months(chrono::Months::new(12)).map(date),
                            id => family
                                .members
                                .first()
                                .filter(|_| of_applicant(page))
                                .and_then(|member| of_member(office, member, id))
                                .or_else(|| of_family(family, id)),
                        },
                    }
                });
            for (page, field) in form.fields() {
                if *field.kind == FieldKind::Date && answers.get(&FieldPath::new(page, None, field)).is_none()
                {
                    answers.set(&FieldPath::new(page, None, field), date(today));
                }
            }
            answers
        }
    };
    let deed = Deed {
        case,
        action: action.to_owned(),
        answers,
        reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
        version: page.case.version,
        key: IdempotencyKey::fresh()?,
    };
    casework::act::act(office, doer, &deed).await
}
