//! Releases: kept for ever, changed by two hands, written back as files.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use catalogue::{LoadOptions, PackFiles, Release};
use office::releases;
use vocab::Now;

use crate::town::{START, Town, day, towns};

/// The town's packs and a city that sets a standard.
fn packs(standard: &str) -> Release {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/town");
    let head =
        "id = \"city\"\ntitle = \"试点市\"\nlayer = \"demo\"\nrequires = [\"town\"]\ndivision = \"990100\"\n";
    let standards = format!(
        r#"[[parameter]]
id = "dibao_standard"
title = "最低生活保障标准"
unit = "元/人·月"
type = "money"
min = 100
max = 10000
value = [{{ from = 2020-01-01, stated_until = 2020-12-31, value = {standard}, source = "演示参数" }}]

[[parameter]]
id = "residence_filing"
title = "持居住证可在居住地申请"
type = "boolean"
"#
    );
    let city =
        BTreeMap::from([("pack.toml".to_owned(), head.to_owned()), ("standards.toml".to_owned(), standards)]);
    let packs = vec![PackFiles::read(&folder).unwrap(), PackFiles::new("city", city)];
    Release::from_packs(packs, LoadOptions { synthetic: true, ..LoadOptions::default() }).unwrap()
}

async fn install(town: &Town, standard: &str) -> Arc<Release> {
    let release = releases::install(town.office.db(), packs(standard), town.office.now()).await.unwrap();
    town.office.put_in_force(Arc::clone(&release));
    release
}

fn value(release: &Release, division: &str, on: &str) -> Option<String> {
    release.parameter("dibao_standard", division, day(on)).map(|effective| effective.value.to_string())
}

#[tokio::test]
async fn what_was_installed_is_read_back_and_the_old_one_stays() {
    for town in towns("releases_kept").await {
        let first = install(&town, "760").await;
        assert_eq!(releases::current(town.office.db()).await.unwrap().hash, first.hash);
        let again =
            releases::install(town.office.db(), packs("760"), Now::from_unix_ms(START)).await.unwrap();
        assert_eq!(again.hash, first.hash);

        let second =
            releases::install(town.office.db(), packs("800"), Now::from_unix_ms(START)).await.unwrap();
        assert_ne!(second.hash, first.hash);
        // Another process put it in force: this one follows.
        assert!(releases::follow(&town.office).await.unwrap());
        assert!(!releases::follow(&town.office).await.unwrap());
        assert_eq!(town.office.release().hash, second.hash);

        let old = releases::kept(&town.office, &first.hash).await.unwrap();
        assert_eq!(value(&old, "990101", "2026-11-01").as_deref(), Some("760"));
        // The same one again, not compiled again.
        assert!(Arc::ptr_eq(&old, &releases::kept(&town.office, &first.hash).await.unwrap()));
        let new = releases::kept(&town.office, &second.hash).await.unwrap();
        assert_eq!(value(&new, "990101", "2026-11-01").as_deref(), Some("800"));
        assert!(releases::kept(&town.office, "00").await.is_err());
    }
}
