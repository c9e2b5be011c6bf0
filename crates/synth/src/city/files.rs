//! What departments hand in, with what is wrong in it.

use office::{Office, OfficeError, means_test};
use vocab::Fen;

use super::{Home, Plan, Watch};
use crate::departments::{self, Says};
use crate::planted::{self, Standing};
use crate::proof::Planted;
use crate::staff::Staff;

/// The data sets of which a file comes in.
const FILES: [&str; 11] = [
    "real_estate",
    "vehicles",
    "deposits",
    "social_insurance",
    "business_registration",
    "household_registration",
    "death_certificates",
    "assistance_elsewhere",
    "disability_certificates",
    "medical_spending",
    "poverty_prevention",
];

/// Every department hands in its file for every county; the county reads it in. Returns what is wrong in them.
pub(crate) async fn hand_in_files(
    office: &Office,
    staff: &Staff,
    homes: &[(&Home, Standing)],
    plan: Plan,
    watch: Watch<'_>,
) -> Result<Vec<Planted>, OfficeError> {
    let today = office.now().today();
    let total = (staff.counties.len() * FILES.len()) as u64;
    let mut done = 0;
    let mut planted = Vec::new();
    for county in &staff.counties {
        let mut files = FILES.map(|dataset| (dataset, String::new()));
        for (home, standing) in homes.iter().filter(|(home, _)| home.county == county.division) {
            let mut rows = departments::rows(&home.family, plan.seed, today);
            let (wrong, errors) = planted::rows(&home.family, *standing, plan.rates, plan.seed, today);
            rows.extend(wrong);
            planted.extend(errors.into_iter().map(|(member, error)| Planted {
                error,
                household: home.ids.household,
                person: home.ids.persons[member],
            }));
            for row in rows {
                if let Some((_, file)) = files.iter_mut().find(|(dataset, _)| *dataset == row.dataset) {
                    let (substance, day) = (substance(&row.says), row.as_of);
                    file.push_str(&format!("{},{},{substance},{day}\n", row.citizen_id, row.name));
                }
            }
        }
        for (dataset, rows) in files {
            watch("部门数据", done, total);
            done += 1;
            let release = office.release();
            let Some(definition) = release.datasets.get(dataset).filter(|_| !rows.is_empty()) else {
                continue;
            };
            let titles: Vec<&str> = definition.columns.iter().map(|column| column.title.as_str()).collect();
            let file = format!("{}\n{rows}", titles.join(","));
            let granted = county.county_clerk.grant()?;
            let name = format!("{dataset}.csv");
            let preview = means_test::preview_department_file(
                office,
                &granted,
                dataset,
                "",
                &name,
                file.as_bytes(),
                Some(today),
            )
            .await?;
            means_test::commit_department_file(office, &granted, preview.upload, true).await?;
        }
    }
    while let Some(claim) =
        store::jobs::claim(office.db(), &[means_test::DEPARTMENT_FILE_JOB], "synth").await?
    {
        means_test::work_department_file(office, &claim).await?;
    }
    watch("部门数据", total, total);
    Ok(planted)
}

/// What stands between the name and the day, in the order of the pack's columns.
fn substance(says: &Says) -> String {
    match says {
        Says::House { certificate, address, square_metres } => {
            format!("{certificate},{address},{square_metres}")
        }
        Says::Vehicle { plate, kind } => format!("{plate},{kind}"),
        Says::Deposit { bank, balance_fen } => format!("{bank},{}", Fen(*balance_fen)),
        Says::Insurance { kind: "wage", monthly_fen } => format!("{},,", Fen(*monthly_fen)),
        Says::Insurance { monthly_fen, .. } => format!(",{},", Fen(*monthly_fen)),
        Says::Business { name, capital_fen } => format!("{name},{}", Fen(*capital_fen)),
        Says::Death { died_on } => died_on.to_string(),
        Says::Elsewhere { place, programme } => format!("{place},{programme}"),
        Says::Certificate { level } => level.to_string(),
        Says::Bills { self_paid_fen } => Fen(*self_paid_fen).to_string(),
        Says::Watched { risk } => (*risk).to_owned(),
    }
}
