//! Resumable uploads whose circumstances change between two statements.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use uuid::Uuid;

use super::*;
use crate::catalog::{Begun, Resumable};
use crate::model::Quota;

/// A database on which another request ends the upload `first` as soon as one was refused.
struct Freed {
    database: Native,
    is_free: AtomicBool,
}

#[async_trait]
impl Database for Freed {
    fn dialect(&self) -> Dialect {
        self.database.dialect()
    }

    async fn query(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Row>, CatalogError> {
        let rows = self.database.query(sql, parameters).await;
        let is_begin = sql.contains("INSERT INTO resumable_uploads");
        if is_begin && !self.is_free.swap(true, Ordering::Relaxed) {
            let end = "DELETE FROM resumable_uploads WHERE id = 'first'";
            assert_eq!(self.database.run(end, vec![]), Ok(vec![]));
        }
        rows
    }
}

fn upload(id: &str) -> Resumable {
    Resumable {
        id: id.to_owned(),
        owner: "alice".to_owned(),
        is_partial: false,
        image: Uuid::from_u128(1),
        begun_by: None,
        terms: "{}".to_owned(),
        received: 0,
        length: Some(5),
        epoch: 0,
        created_at: Timestamp::from_millis(0),
        deadline: Timestamp::from_millis(9),
        expires_at: Timestamp::from_millis(9),
        completed_at: None,
    }
}

#[tokio::test]
async fn an_upload_begins_if_the_reason_against_it_is_gone() {
    for (images, most) in [(Some(1), 9), (None, 1)] {
        let quota = Quota {
            images,
            ..Quota::default()
        };
        let database = Native::new();
        let catalog = SqlCatalog::open(database.clone()).await.expect("opens");
        let first = upload("first");
        let begun = catalog.begin_resumable(&first, quota, most).await;
        assert_eq!(begun, Ok(Begun::Now));
        let freed = SqlCatalog::open(Freed {
            database,
            is_free: AtomicBool::new(false),
        });
        let freed = freed.await.expect("opens");
        let second = upload("second");
        let begun = freed.begin_resumable(&second, quota, most).await;
        assert_eq!(begun, Ok(Begun::Now), "{images:?}");
    }
}
