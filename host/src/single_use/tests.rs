use super::*;
use futures_util::FutureExt as _;
use http_body_util::Full;

const FIRST: Link = Link {
    depth: 0,
    holds_place: false,
};

#[tokio::test]
async fn requests_wait_for_a_place_in_the_order_of_their_arrival() {
    let single_use = SingleUse::start(1).unwrap();
    let running = single_use.place(FIRST, None).await.unwrap();
    let mut second = pin!(single_use.place(FIRST, None));
    assert!(second.as_mut().now_or_never().is_none());
    let mut third = pin!(single_use.place(FIRST, None));
    assert!(third.as_mut().now_or_never().is_none());
    drop(running);
    assert!(third.as_mut().now_or_never().is_none());
    let second = second.now_or_never().expect("its turn");
    assert!(third.as_mut().now_or_never().is_none());
    drop(second);
    assert!(third.now_or_never().is_some());
}

#[tokio::test]
async fn a_request_whose_caller_holds_a_place_does_not_wait_for_another() {
    let single_use = SingleUse::start(1).unwrap();
    let _running = single_use.place(FIRST, None).await.unwrap();
    let chained = Link {
        depth: 1,
        holds_place: true,
    };
    assert!(single_use.place(chained, None).now_or_never().is_some());
}

#[tokio::test]
async fn a_request_waits_no_longer_than_it_may_take() {
    let single_use = SingleUse::start(1).unwrap();
    let _running = single_use.place(FIRST, None).await.unwrap();
    let waited = single_use.place(FIRST, Some(Duration::from_millis(1)));
    let error = waited.await.err().expect("no place");
    assert!(error.is::<ExpirationError>());
}

#[tokio::test]
async fn an_instance_learns_that_its_caller_is_gone_only_before_the_response() {
    let single_use = SingleUse::start(2).unwrap();
    let gone = single_use.place(FIRST, None).await.unwrap();
    drop(gone.caller());
    assert!(gone.fate().is_abandoned());
    assert!(gone.fate().abandoned().now_or_never().is_some());
    let answered = single_use.place(FIRST, None).await.unwrap();
    let error = wasmtime::format_err!("a trap");
    assert!(answered.caller().answered(Err(error)).is_err());
    assert!(!answered.fate().is_abandoned());
}

#[tokio::test]
async fn a_body_is_not_complete_if_its_instance_failed() {
    for has_failed in [false, true] {
        let single_use = SingleUse::start(1).unwrap();
        let used = single_use.place(FIRST, None).await.unwrap();
        let body = Full::new(Bytes::from_static(b"a piece"));
        let body = body.map_err(|never| match never {}).boxed_unsync();
        let answered = used.caller().answered(Ok(Response::new(body)));
        let mut body = answered.unwrap().into_body();
        if has_failed {
            used.fate().fail();
        }
        assert!(matches!(body.frame().await, Some(Ok(_))));
        let end = body.frame().await;
        let is_broken = matches!(end, Some(Err(Error::HttpResponseIncomplete)));
        assert_eq!((is_broken, end.is_none()), (has_failed, !has_failed));
        assert!(body.frame().await.is_none());
    }
}

#[tokio::test]
async fn tasks_are_spawned_on_the_threads_of_single_use_instances() {
    let single_use = SingleUse::start(1).unwrap();
    let threads = single_use.threads();
    let name = async || {
        let task = tokio::spawn(async { std::thread::current().name().map(str::to_owned) });
        task.await.unwrap()
    };
    let name = on(threads, name()).await;
    assert_eq!(name.as_deref(), Some("single-use"));
}
