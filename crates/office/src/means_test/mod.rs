//! 家庭经济状况核对: what five departments say of a family that allowed them to be asked.
//!
//! - `authorisation`: each member's consent, its scope, expiry and withdrawal;
//! - `department_file`: departments' Excel and CSV files, previewed, then imported by a job;
//! - `request`: a township asks for the test of a case;
//! - `run`: the county asks the data sets, member by member, and records what came of it;
//! - `report`: what desks and families read of it;
//! - [`check`]: the same as a process where departments answer question by question, in their own time;
//! - `nightly`: the files in use beside the roll, every night, for leads.
//!
//! Nothing is asked without consent: the table of queries has a foreign key to (authorisation, person, data set) and a
//! trigger on its dates, so that not even a mistake of this program can ask; an attempt is refused and stands in the audit.
//! Departments' rows lie under blind indexes and belong to nobody until an authorised query finds them, or the nightly comparison that the law
//! asks for (社会救助法 art. 41, 46), which keeps what a rule said and no row. What the
//! departments hold may be old or wrong: every value is shown with its source and date, and differences to what the family
//! declared are listed, never settled, by the machine.

use store::{Migration, id_type};

mod authorisation;
pub mod check;
mod department_file;
mod gather;
pub(crate) mod nightly;
mod report;
mod request;
mod run;

pub use authorisation::{
    AuthorisationView, Method, NewAuthorisation, all_authorised, authorisations, authorise, authorise_in,
    own_authorisations, withdraw, withdraw_own,
};
pub use department_file::{
    DEPARTMENT_FILE_JOB, DepartmentFileView, DepartmentPreview, commit_department_file,
    corrected_department_file, department_files, department_template, preview_department_file,
    work_department_file,
};
pub use report::{
    DeskReport, FamilyReport, FamilyReportLine, ReportDifference, ReportLine, ReportValue, desk_report,
    family_report,
};
pub use request::{State, request_in, start_in, state};
pub use run::{RunOutcome, run};

id_type! {
    /// A consent.
    AuthorisationId,
    /// A department's file.
    DepartmentFileId,
    /// A request for the test of a case.
    MeansRequestId,
    /// A report.
    MeansReportId,
}

/// Tables of this module; they point at persons, staff, uploads, cases and attachments.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "20261121_means_test", sql: include_str!("../../migrations/20261121_means_test.sql") },
    Migration { name: "20261126_checks", sql: include_str!("../../migrations/20261126_checks.sql") },
    Migration {
        name: "20261127_department_answers",
        sql: include_str!("../../migrations/20261127_department_answers.sql"),
    },
];

/// The parameter that says for how many months an authorisation holds. Where a place sets none, it holds until it is
/// withdrawn.
const EXPIRY_PARAMETER: &str = "authorisation_months";
