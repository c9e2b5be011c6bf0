//! Counting the statements of a page, so that a test can hold a page to its number.

use std::future::Future;
use std::sync::Mutex;

tokio::task_local! {
    static TEXTS: Mutex<Vec<String>>;
}

/// Run something and list the statements that its own task sent, in order.
pub async fn counted<T>(work: impl Future<Output = T>) -> (T, Vec<String>) {
    TEXTS
        .scope(Mutex::default(), async {
            let answer = work.await;
            (
                answer,
                TEXTS.with(|texts| {
                    std::mem::take(&mut *texts.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
                }),
            )
        })
        .await
}

pub(crate) fn note(sql: &str) {
    // Outside `counted` nobody listens.
    let _ = TEXTS.try_with(|texts| {
        texts.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(sql.to_owned());
    });
}
