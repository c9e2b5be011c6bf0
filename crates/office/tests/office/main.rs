//! The office, tested as the field works: on SQLite, and on PostgreSQL when `HUIMIN_TEST_POSTGRES` names a server.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod access;
mod assistance;
mod benefits;
mod case_reports;
mod casework;
mod casework_after;
mod casework_families;
mod casework_law;
mod casework_papers;
mod casework_paths;
mod casework_sampling;
mod checks;
mod facts;
mod indicators;
mod known;
mod leads;
mod leaks;
mod matters;
mod means_test;
mod month_list;
mod people;
mod plan_links;
mod planning;
mod planning_alive;
mod plans;
mod population;
mod record_events;
mod records;
mod records_desk;
mod records_million;
mod register_rows;
mod releases;
mod reports;
mod roll;
mod rows;
mod search;
mod search_box;
mod search_scale;
mod simulation;
mod standard_change;
mod town;
mod trial;
mod wuhai;
