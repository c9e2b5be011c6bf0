//! Use-cases over HTTP: the whole router, on SQLite and, where `HUIMIN_TEST_POSTGRES` says so, on PostgreSQL.

mod administration;
mod api;
mod business;
mod changes;
mod citizen;
mod desk;
mod divisions;
mod frame;
mod leaks;
mod money;
mod organisation;
mod people;
mod plans;
mod random_checks;
mod record_map_and_plan;
mod record_papers;
mod records;
mod rows;
mod sign_in;
mod simulation;
mod standards;
mod stranger;
mod tell;

use std::net::SocketAddr;

use crate::testing::Town;

/// The town on a port, for looking at pages: `HUIMIN_LOOK=127.0.0.1:8099 cargo test -p web -- --ignored serve`.
#[tokio::test]
#[ignore = "serves until it is stopped"]
async fn serve() {
    let address = std::env::var("HUIMIN_LOOK").unwrap_or_else(|_| "127.0.0.1:8099".to_owned());
    let town = Town::all("look").await.remove(0);
    desk::published(&town).await;
    desk::another(&town).await;
    town.staff("auditor", town.county, "auditor").await;
    let listener = tokio::net::TcpListener::bind(&address).await.unwrap();
    println!(
        "http://{address} root clerk_a clerk_b second village county director auditor, password {}",
        crate::testing::PASSWORD
    );
    let service = town.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).await.unwrap();
}
