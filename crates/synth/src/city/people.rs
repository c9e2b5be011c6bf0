//! Persons and families, village by village.

use office::people::{MemberChange, NewFamily, NewPerson, NewPlace, register_families_in};
use office::{Office, OfficeError, divisions};
use store::DivisionId;

use super::{Home, Plan, Watch};
use crate::Relation;
use crate::family::{Area, Families, Family, Village};
use crate::staff::{County, Staff};

pub(crate) async fn people(
    office: &Office,
    staff: &Staff,
    plan: Plan,
    watch: Watch<'_>,
) -> Result<Vec<Home>, OfficeError> {
    let mut villages = Vec::new();
    for county in &staff.counties {
        for township in divisions::children(office.db(), county.division).await? {
            for village in divisions::children(office.db(), township.id).await? {
                villages.push((village, township.id, county));
            }
        }
    }
    let codes: Vec<String> = villages.iter().map(|(village, _, _)| village.code.clone()).collect();
    let elsewhere: Vec<&str> = codes.iter().map(String::as_str).collect();
    let today = office.now().today();
    let each = plan.people / (villages.len() as u64).max(1) + 1;
    let mut homes = Vec::new();
    let mut done = 0;
    for (serial, (village, township, county)) in villages.iter().enumerate() {
        let place = Village {
            code: &village.code,
            name: &village.name,
            elsewhere: &elsewhere,
            serial: u16::try_from(serial + 1).unwrap_or(9999),
            urban: village.name.contains("社区") || village.name.contains("居"),
            today,
        };
        let mut families = Families::new(plan.seed, place);
        let mut here = 0;
        let mut batch = Vec::new();
        while here < each {
            let family = families.build();
            here += family.members.len() as u64;
            batch.push(family);
            if batch.len() == 200 || here >= each {
                done += batch.iter().map(|family| family.members.len() as u64).sum::<u64>();
                homes.extend(
                    register(office, county, village.id, *township, std::mem::take(&mut batch)).await?,
                );
                watch("人口和家庭", done.min(plan.people), plan.people);
            }
        }
    }
    Ok(homes)
}

async fn register(
    office: &Office,
    county: &County,
    village: DivisionId,
    township: DivisionId,
    families: Vec<Family>,
) -> Result<Vec<Home>, OfficeError> {
    let today = office.now().today();
    let tx = office.db().begin().await?;
    let mut new = Vec::with_capacity(families.len());
    for family in &families {
        let registered =
            match store::divisions::division_by_code(&tx, &family.registered_village, today).await? {
                Some(division) => division.id,
                None => village,
            };
        let members = family
            .members
            .iter()
            .map(|member| {
                let name = member
                    .name
                    .parse()
                    .map_err(|error: vocab::VocabError| OfficeError::invalid("name", error.to_string()))?;
                let phone = member.phone.as_ref().and_then(|phone| phone.parse().ok());
                let person = NewPerson {
                    name,
                    citizen_id: member.citizen_id,
                    phone,
                    division: registered,
                    residence: Some(village),
                };
                let relation = match member.relation {
                    Relation::Head => "head",
                    Relation::Spouse => "spouse",
                    Relation::Child => "child",
                    Relation::Grandchild => "grandchild",
                    Relation::Parent => "parent",
                };
                Ok((person, relation.to_owned()))
            })
            .collect::<Result<Vec<_>, OfficeError>>()?;
        let area = if family.area == Area::Urban { "urban" } else { "rural" };
        let place = NewPlace {
            division: village,
            registered_division: registered,
            area: area.to_owned(),
            address: Some(family.address.clone()),
        };
        new.push(NewFamily { place, members });
    }
    let change = MemberChange { on: today - chrono::Days::new(400), reason: "建库".to_owned(), case: None };
    let ids = register_families_in(office, &tx, &county.county_clerk.audit(), &new, &change).await?;
    tx.commit().await?;
    Ok(families
        .into_iter()
        .zip(ids)
        .map(|(family, ids)| Home { family, ids, village, township, county: county.division })
        .collect())
}
