//! The registers of a synthetic city, from `registers.toml`: places as they are, people who live there, everything else drawn. Every record
//! goes through the office's own door, by somebody who keeps the register there, many in a transaction.

use std::collections::{BTreeMap, HashMap, HashSet};

use catalogue::Release;
use catalogue::definition::{Field, FieldKind, Requirement, Target};
use chrono::{Days, NaiveDate};
use office::access::{Actor, KeepRecords, Right};
use office::forms::{Answers, Raw};
use office::records::{self, Open, RecordId};
use office::{Office, OfficeError, divisions};
use serde::Deserialize;
use store::{DivisionId, PersonId};
use vocab::Level;

use crate::city::{Home, Watch};
use crate::draw::Draw;
use crate::outlines::Outlines;
use crate::staff::Staff;

const SPECS: &str = include_str!("../registers.toml");

/// Records entered in one transaction.
const TOGETHER: usize = 200;

/// Places at which a register of a small city stands, at most: a prefecture has thousands of villages however few people are asked for.
const PLACES_MAX: usize = 600;
/// With more people there are more of them: one for so many.
const PEOPLE_OF_A_PLACE: usize = 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Specs {
    register: Vec<Spec>,
}

/// How a register is filled.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    id: String,
    at: String,
    #[serde(default = "one_each")]
    count: [i64; 2],
    #[serde(default = "everywhere")]
    of: i64,
    /// It stands everywhere, in the smallest city too.
    #[serde(default)]
    covers: bool,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    person: Option<Who>,
    #[serde(default)]
    rows: usize,
    #[serde(default)]
    fields: BTreeMap<String, Say>,
}

fn one_each() -> [i64; 2] {
    [1, 1]
}

fn everywhere() -> i64 {
    1000
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Who {
    field: String,
    from: i32,
    to: i32,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Say {
    Text(String),
    OneOf(Vec<String>),
    Days { days: [i64; 2] },
    Number { number: [i64; 2] },
}

/// Where a record stands: a division, or a record above it.
#[derive(Clone)]
struct Anchor {
    record: Option<RecordId>,
    division: DivisionId,
    code: String,
    name: String,
}

/// Somebody who lives somewhere.
struct Inhabitant {
    id: PersonId,
    born: NaiveDate,
}

struct Filling<'a> {
    office: &'a Office,
    staff: &'a Staff,
    people: HashMap<DivisionId, Vec<Inhabitant>>,
    below: HashMap<DivisionId, Vec<DivisionId>>,
    /// The divisions above a place, itself among them.
    above: HashMap<DivisionId, Vec<DivisionId>>,
    made: HashMap<String, Vec<Anchor>>,
    /// Who stands in a register.
    taken: HashMap<String, HashSet<PersonId>>,
    draw: Draw,
    serial: u32,
    today: NaiveDate,
    places_max: usize,
    outlines: Outlines,
    /// The first refusal of each register.
    refused: BTreeMap<String, String>,
}

/// Fills the registers that the release has; how many records.
pub(crate) async fn fill(
    office: &Office,
    staff: &Staff,
    homes: &[Home],
    seed: u64,
    watch: Watch<'_>,
) -> Result<u64, OfficeError> {
    let specs: Specs = toml::from_str(SPECS).map_err(|error| OfficeError::Internal(error.to_string()))?;
    let mut people: HashMap<DivisionId, Vec<Inhabitant>> = HashMap::new();
    for home in homes {
        for (member, id) in home.family.members.iter().zip(&home.ids.persons) {
            let inhabitant = Inhabitant { id: *id, born: member.citizen_id.born_on() };
            people.entry(home.village).or_default().push(inhabitant);
        }
    }
    let inhabitants: usize = people.values().map(Vec::len).sum();
    let mut filling = Filling {
        office,
        staff,
        places_max: (inhabitants / PEOPLE_OF_A_PLACE).max(PLACES_MAX),
        people,
        below: HashMap::new(),
        above: HashMap::new(),
        made: HashMap::new(),
        taken: HashMap::new(),
        draw: Draw::new(seed, "registers"),
        serial: 0,
        today: office.now().today(),
        outlines: Outlines::of(&office.release()),
        refused: BTreeMap::new(),
    };
    let mut records = 0;
    for spec in &specs.register {
        if let Some(register) = office.release().registers.get(&spec.id) {
            let stage = format!("登记簿：{}", register.title);
            records += filling.register(spec, &mut |done, total| watch(&stage, done, total)).await?;
        }
    }
    // A record or two may not fit what its register demands; a register of which none does is a mistake of the file.
    filling.refused.retain(|register, _| !filling.made.contains_key(register));
    if !filling.refused.is_empty() {
        return Err(OfficeError::Internal(format!("registers.toml: {:?}", filling.refused)));
    }
    Ok(records)
}

/// Records that one officer enters together.
struct Sheaf {
    actor: Actor,
    open: Open,
    anchors: Vec<Anchor>,
    answers: Vec<Answers>,
}

impl Filling<'_> {
    async fn register(&mut self, spec: &Spec, watch: &mut dyn FnMut(u64, u64)) -> Result<u64, OfficeError> {
        let anchors = match spec.at.parse::<Level>() {
            Ok(level) => self.places(level).await?,
            Err(_) => self.made.get(&spec.at).cloned().unwrap_or_default(),
        };
        // Every so many-th, so that they lie all over the city.
        let apart = if spec.covers { 1 } else { anchors.len().div_ceil(self.places_max).max(1) };
        let total = anchors.len() as u64;
        let mut count = 0;
        let mut sheaf: Option<Sheaf> = None;
        for (done, anchor) in anchors.into_iter().enumerate().step_by(apart) {
            if !self.draw.chance(spec.of) {
                continue;
            }
            let keeper = self.keeper(spec, anchor.division).await?;
            for number in 0..self.draw.between(spec.count[0], spec.count[1]) {
                let Some(actor) = &keeper else { continue };
                // Another's hand, or a full one.
                if let Some(full) =
                    sheaf.take_if(|sheaf| sheaf.actor.post != actor.post || sheaf.answers.len() == TOGETHER)
                {
                    count += self.entered(spec, full).await?;
                    watch(done as u64, total);
                }
                let sheaf = match &mut sheaf {
                    Some(sheaf) => sheaf,
                    none => none.insert(Sheaf {
                        open: records::open(self.office, actor, &spec.id, Right::KeepRecords)?,
                        actor: actor.clone(),
                        anchors: Vec::new(),
                        answers: Vec::new(),
                    }),
                };
                if let Some(answers) = self.answers(spec, &sheaf.open, &anchor, number).await? {
                    sheaf.anchors.push(anchor.clone());
                    sheaf.answers.push(answers);
                }
            }
        }
        if let Some(rest) = sheaf {
            count += self.entered(spec, rest).await?;
        }
        watch(total, total);
        Ok(count)
    }

    /// Enters a sheaf; what the register's own rules refuse is left out.
    async fn entered(&mut self, spec: &Spec, sheaf: Sheaf) -> Result<u64, OfficeError> {
        let Sheaf { actor, open, anchors, answers } = sheaf;
        let keeper = actor.grant::<KeepRecords>()?;
        let state = spec.state.as_deref();
        let entered = records::enter_many(self.office, &keeper, &open, answers, state, "建库登记").await?;
        let mut count = 0;
        for (anchor, entered) in anchors.into_iter().zip(entered) {
            match entered {
                Ok(id) => {
                    count += 1;
                    let made = Anchor { record: Some(id), ..anchor };
                    self.made.entry(spec.id.clone()).or_default().push(made);
                }
                Err(error) => {
                    self.refused.entry(spec.id.clone()).or_insert_with(|| format!("{error:?}"));
                }
            }
        }
        Ok(count)
    }

    async fn places(&self, level: Level) -> Result<Vec<Anchor>, OfficeError> {
        let mut places = Vec::new();
        for county in &self.staff.counties {
            for place in divisions::at_level(self.office.db(), county.division, level).await? {
                if self.office.release().places.get(&place.code).is_none_or(|entry| !entry.nominal) {
                    places.push(Anchor {
                        record: None,
                        division: place.id,
                        code: place.code,
                        name: place.name,
                    });
                }
            }
        }
        Ok(places)
    }

    /// Who keeps the register at a place, of those who have an account.
    async fn keeper(&mut self, spec: &Spec, place: DivisionId) -> Result<Option<Actor>, OfficeError> {
        let release = self.office.release();
        let Some(register) = release.registers.get(&spec.id) else { return Ok(None) };
        if !self.above.contains_key(&place) {
            let path = divisions::path(self.office.db(), place).await?;
            self.above.insert(place, path.into_iter().map(|division| division.id).collect());
        }
        let above = self.above.get(&place).map_or(&[][..], Vec::as_slice);
        let staff = self.staff.counties.iter();
        let mut keepers =
            staff.flat_map(|county| [&county.county_clerk, &county.township_clerk, &county.village_worker]);
        Ok(keepers
            .find(|actor| {
                above.contains(&actor.division) && records::may(actor, register, Right::KeepRecords)
            })
            .cloned())
    }

    /// What is written of one record; none where nobody fits.
    async fn answers(
        &mut self,
        spec: &Spec,
        open: &Open,
        anchor: &Anchor,
        number: i64,
    ) -> Result<Option<Answers>, OfficeError> {
        let person = match &spec.person {
            None => None,
            Some(who) => match self.inhabitant(spec, who, anchor.division).await? {
                None => return Ok(None),
                found => found,
            },
        };
        self.serial += 1;
        let Some(form) = open.release().record_form(&spec.id) else { return Ok(None) };
        let (draw, serial, today) = (&mut self.draw, self.serial, self.today);
        let answers = office::forms::specimen(open.release(), form, spec.rows, "", |_, row, field| {
            if let (Some(who), Some(person)) = (&spec.person, person)
                && *field.id == *who.field
            {
                return Some(Raw::Text(format!("〔{person}〕")));
            }
            if let (Some(record), Some(Target::Record(register))) = (anchor.record, field.target())
                && register == spec.at
            {
                return Some(Raw::Text(format!("〔{record}〕")));
            }
            if *field.kind == FieldKind::Division && *field.id == *open.register().place_field {
                return Some(Raw::Text(anchor.code.clone()));
            }
            match spec.fields.get(field.id.get()) {
                // The rows of a list take what stands there in turn.
                Some(Say::OneOf(list)) if row.is_some() => {
                    list.iter().cycle().nth(row.unwrap_or(0)).map(|one| Raw::from(one.as_str()))
                }
                Some(say) => Some(Raw::Text(said(draw, say, anchor, number, serial, today))),
                // What stands on the register's map stands somewhere; drawn apart, so that nothing else comes out otherwise.
                None if *field.kind == FieldKind::Point
                    && open.register().map.as_ref().is_some_and(|map| map.get() == field.id.get()) =>
                {
                    let mut draw = Draw::new(u64::from(serial), "points");
                    self.outlines.somewhere(&mut draw, &anchor.code).map(Raw::Text)
                }
                None => drawn(draw, open.release(), field, today),
            }
        });
        Ok(Some(answers))
    }

    /// Somebody of an age who lives at or below a place and does not stand in the register yet.
    async fn inhabitant(
        &mut self,
        spec: &Spec,
        who: &Who,
        place: DivisionId,
    ) -> Result<Option<PersonId>, OfficeError> {
        if !self.below.contains_key(&place) {
            let villages = divisions::at_level(self.office.db(), place, Level::Village).await?;
            self.below.insert(place, villages.into_iter().map(|village| village.id).collect());
        }
        let villages = self.below.get(&place).map_or(&[][..], Vec::as_slice);
        let taken = self.taken.entry(spec.id.clone()).or_default();
        let age = |born: NaiveDate| self.today.years_since(born).map_or(-1, |years| years as i32);
        let fits: Vec<PersonId> = villages
            .iter()
            .filter_map(|village| self.people.get(village))
            .flatten()
            .filter(|one| (who.from..=who.to).contains(&age(one.born)))
            .filter(|one| !taken.contains(&one.id))
            .map(|one| one.id)
            .collect();
        if fits.is_empty() {
            return Ok(None);
        }
        let person = *self.draw.pick(&fits);
        taken.insert(person);
        Ok(Some(person))
    }
}

/// What the file says of a field.
fn said(draw: &mut Draw, say: &Say, anchor: &Anchor, number: i64, serial: u32, today: NaiveDate) -> String {
    const NUMBERS: [&str; 8] = ["第一", "第二", "第三", "第四", "第五", "第六", "第七", "第八"];
    match say {
        Say::Text(text) => {
            let number = usize::try_from(number).unwrap_or_default() % NUMBERS.len();
            text.replace("{place}", &anchor.name)
                .replace("{n}", NUMBERS[number])
                .replace("{serial}", &format!("{serial:05}"))
        }
        Say::OneOf(list) => draw.pick(list).clone(),
        Say::Days { days: [from, to] } => day(draw, *from, *to, today).to_string(),
        Say::Number { number: [from, to] } => draw.between(*from, *to).to_string(),
    }
}

fn day(draw: &mut Draw, from: i64, to: i64, today: NaiveDate) -> NaiveDate {
    let days = draw.between(from, to);
    let span = Days::new(days.unsigned_abs());
    let moved = if days < 0 { today.checked_sub_days(span) } else { today.checked_add_days(span) };
    moved.unwrap_or(today)
}

/// What nobody says of a required field: a day of the last two years, any code of its list.
fn drawn(draw: &mut Draw, release: &Release, field: &Field, today: NaiveDate) -> Option<Raw> {
    if !matches!(field.required, Requirement::Always) {
        return None;
    }
    match *field.kind {
        FieldKind::Date => Some(Raw::Text(day(draw, -700, -20, today).to_string())),
        FieldKind::Choice => {
            let list = field.codelist.as_ref().and_then(|list| release.codelists.get(list))?;
            let codes: Vec<&str> =
                list.values.iter().filter(|code| !code.retired).map(|code| code.code.as_str()).collect();
            (!codes.is_empty()).then(|| Raw::from(*draw.pick(&codes)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use catalogue::{LoadOptions, PackFiles, Release};

    use super::{Say, Specs};

    /// What is refused is left out of the city without a word: names and codes are held against the packs here.
    #[test]
    fn the_file_names_registers_fields_and_codes_that_there_are() {
        let specs: Specs = toml::from_str(super::SPECS).unwrap();
        let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
        let packs =
            ["national", "wuhai", "demo-wuhai"].map(|pack| PackFiles::read(&packs.join(pack)).unwrap());
        let release = Release::from_packs(packs.into(), LoadOptions { synthetic: true }).unwrap();
        for spec in &specs.register {
            let register = release.registers.get(&spec.id).unwrap_or_else(|| panic!("{}", spec.id));
            let above =
                spec.at.parse::<vocab::Level>().is_ok() || specs.register.iter().any(|one| one.id == spec.at);
            assert!(above, "{} stands at {}", spec.id, spec.at);
            let states: Vec<&str> = register.state_codes().into_iter().map(|(code, _)| code).collect();
            assert!(
                spec.state.as_deref().is_none_or(|state| states.contains(&state)),
                "{}: {:?}",
                spec.id,
                spec.state
            );
            let names = spec.fields.keys().chain(spec.person.as_ref().map(|who| &who.field));
            for name in names {
                let form = release.record_form(&spec.id).unwrap();
                let field = form.fields().find(|(_, field)| *field.id == **name);
                let (_, field) = field.unwrap_or_else(|| panic!("{} has no {name} that is written", spec.id));
                let Some(list) = field.codelist.as_ref().and_then(|list| release.codelists.get(list)) else {
                    continue;
                };
                let Some(Say::OneOf(codes)) = spec.fields.get(name) else { continue };
                for code in codes {
                    assert!(list.title_of(code).is_some(), "{} {name}: {code}", register.id.get());
                }
            }
        }
    }
}
