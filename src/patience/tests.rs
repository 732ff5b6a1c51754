//! Time limits, by a clock that the tests drive.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use futures_util::future::{BoxFuture, pending, poll_fn};

use super::*;
use crate::catalog::SqlCatalog;
use crate::catalog::migrations::migrate;
use crate::catalog::testing::native::Native;
use crate::model::Timestamp;

/// A clock that a test drives.
#[derive(Clone, Default)]
struct Seconds {
    seconds: Arc<AtomicU64>,
    /// The limits of the timers that were polled.
    set: Arc<Mutex<Vec<u64>>>,
}

impl Seconds {
    fn shared(&self) -> Arc<dyn Clock> {
        Arc::new(self.clone())
    }

    /// The seconds after which `call` is answered, and the answer. It is polled every second.
    fn answered<T>(&self, call: impl Future<Output = T>) -> Option<(u64, T)> {
        let mut call = pin!(call);
        let mut context = Context::from_waker(Waker::noop());
        for second in 0..10_000 {
            if let Poll::Ready(answer) = call.as_mut().poll(&mut context) {
                return Some((second, answer));
            }
            self.seconds.fetch_add(1, Ordering::Relaxed);
        }
        None
    }
}

impl Clock for Seconds {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.seconds.load(Ordering::Relaxed))
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        let (clock, mut end) = (self.clone(), None);
        Box::pin(poll_fn(move |_| {
            let now = clock.seconds.load(Ordering::Relaxed);
            let end = *end.get_or_insert_with(|| {
                let mut set = clock.set.lock().expect("not poisoned");
                set.push(time.as_secs());
                now + time.as_secs()
            });
            if now >= end {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }))
    }
}

/// A store that never answers.
struct Silent;

#[async_trait]
impl Database for Silent {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn query(&self, _sql: &str, _parameters: Vec<Value>) -> Result<Vec<Row>, CatalogError> {
        pending().await
    }
}

#[async_trait]
impl KeyValue for Silent {
    async fn get(&self, _key: String) -> Result<Option<Bytes>, BlobError> {
        pending().await
    }

    async fn set(&self, _key: String, _value: Vec<u8>) -> Result<(), BlobError> {
        pending().await
    }

    async fn delete_many(&self, _keys: Vec<String>) -> Result<(), BlobError> {
        pending().await
    }
}

#[test]
fn a_database_that_never_answers_fails_after_ten_seconds() {
    let clock = Seconds::default();
    let database = Patient::new(Silent, clock.shared());
    let silence = CatalogError::unknown("no answer within 10 seconds");
    let answered = clock.answered(database.query("SELECT 1", vec![]));
    assert_eq!(answered, Some((10, Err(silence.clone()))));
    // So does opening a catalog, which begins with a query.
    let opened = clock.answered(SqlCatalog::open(database));
    let (seconds, opened) = opened.expect("is answered");
    assert_eq!((seconds, opened.err()), (10, Some(silence)));
}

#[test]
fn a_statement_over_all_rows_has_ten_minutes() {
    let clock = Seconds::default();
    let database = Patient::new(Silent, clock.shared());
    let answered = clock.answered(database.query_long("UPDATE images SET size = 1", vec![]));
    let silence = CatalogError::unknown("no answer within 600 seconds");
    assert_eq!(answered, Some((600, Err(silence))));
}

#[test]
fn every_call_of_a_blob_store_that_never_answers_fails_after_ten_seconds() {
    let clock = Seconds::default();
    let values = Patient::new(Silent, clock.shared());
    let silence = BlobError::store("no answer within 10 seconds");
    let key = || "k".to_owned();
    let got = clock.answered(values.get(key()));
    assert_eq!(got, Some((10, Err(silence.clone()))));
    let set = clock.answered(values.set(key(), vec![1]));
    assert_eq!(set, Some((10, Err(silence.clone()))));
    let deleted = clock.answered(values.delete_many(vec![key(), key()]));
    assert_eq!(deleted, Some((10, Err(silence))));
}

#[test]
fn a_store_that_answers_at_once_needs_no_timer() {
    let clock = Seconds::default();
    let database = Patient::new(Native::new(), clock.shared());
    let one = Row(vec![Value::Integer(1)]);
    let answered = clock.answered(database.query("SELECT 1", vec![]));
    assert_eq!(answered, Some((0, Ok(vec![one]))));
    assert_eq!(*clock.set.lock().expect("not poisoned"), [0; 0]);
}

#[test]
fn migrations_have_a_time_limit_for_each_statement() {
    /// Takes a minute for anything that changes the schema or all rows.
    struct Slow(Native, Seconds);
    #[async_trait]
    impl Database for Slow {
        fn dialect(&self) -> Dialect {
            Dialect::Sqlite
        }

        async fn query(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Row>, CatalogError> {
            let word = sql.split_whitespace().find(|word| !word.starts_with("--"));
            let is_quick =
                matches!(word, Some("SELECT" | "PRAGMA")) || sql.contains("schema_migrations");
            if !is_quick {
                self.1.sleep(Duration::from_secs(60)).await;
            }
            self.0.query(sql, parameters).await
        }
    }
    let clock = Seconds::default();
    let database = Patient::new(Slow(Native::new(), clock.clone()), clock.shared());
    let (seconds, made) = clock.answered(migrate(&database)).expect("ends");
    assert_eq!(made, Ok(()));
    assert!(
        seconds > 1800,
        "{seconds} seconds are too few for a large schema"
    );
}
