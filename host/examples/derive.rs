//! Runs a component that derives images, as the host runs it for another component, but on a
//! source that is already in memory. The benchmark compares it with other programs.
//!
//! ```text
//! derive MODULE CACHE SOURCE TARGET RESULT
//! ```
//! For each number that it reads from standard input, it sends the bytes of SOURCE to TARGET, such
//! as `/render?w=300`, so many times. It answers with a line of JSON: the processor time of this
//! process for each response, the length of the response, and the most memory that an instance has
//! had so far. The bytes of the response are in RESULT after the first.
//!
//! Without SOURCE, it only starts instances.

use std::collections::HashMap;
use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use darkroom_host::chain::Link;
use darkroom_host::component::Component;
use darkroom_host::ctx::{Ctx, Granted};
use darkroom_host::single_use::SingleUse;
use darkroom_host::under_way::{Activity, UnderWay};
use darkroom_host::worker::{Factory, Limits};
use darkroom_host::{engine, stats};
use http::Request;
use http_body_util::{BodyExt as _, Full};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;
use tokio::sync::{Notify, Semaphore};
use wasmtime::Store;
use wasmtime_wasi_http::handler::ProxyPre;

/// The limits of the host, unless the operator says otherwise.
const LIMITS: Limits = Limits {
    instances: 1000,
    reused: 1000,
    max_memory: None,
    single_use: 1,
    reuse: 1024,
    concurrent: 16,
    idle: Duration::from_secs(1),
    request: None,
    compute: Some(Duration::from_secs(10)),
};

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [module, cache, job @ ..] = &arguments[..] else {
        anyhow::bail!("usage: derive MODULE CACHE [SOURCE TARGET RESULT]");
    };
    let engine = engine::engine(LIMITS.interrupt(), LIMITS.instances)?;
    let pre = engine::load(&engine, Path::new(module), Path::new(cache))?;
    let granted = granted();
    match job {
        [source, target, result] => {
            let source = std::fs::read(source).with_context(|| format!("cannot read {source}"))?;
            let factory = Factory::new(
                Arc::new(pre),
                granted,
                LIMITS.for_single_use(),
                Arc::new(Notify::new()),
            );
            let places = Arc::new(SingleUse::start(LIMITS.single_use)?);
            let component = Component::single_use(factory, places, None);
            let source = Bytes::from(source);
            let mut first = true;
            serve(async || {
                let made = derive(&component, source.clone(), target).await?;
                if std::mem::take(&mut first) {
                    std::fs::write(result, &made)?;
                }
                Ok(made.len())
            })
            .await
        }
        _ => {
            serve(async || {
                start(&pre, granted.clone()).await?;
                Ok(0)
            })
            .await
        }
    }
}

/// Nothing, as a component that derives has it.
fn granted() -> Arc<Granted> {
    Arc::new(Granted {
        variables: HashMap::new(),
        key_value: HashMap::new(),
        sqlite: HashMap::new(),
        postgres: Arc::default(),
        outbound: Arc::default(),
        neighbours: Arc::default(),
        is_single_use: true,
    })
}

/// Does the work as often as the lines of standard input say, and answers each with what it took.
async fn serve(mut work: impl AsyncFnMut() -> Result<usize>) -> Result<()> {
    for line in std::io::stdin().lock().lines() {
        let times: u32 = line?.trim().parse().context("expected a number")?;
        let (begin, used) = (Instant::now(), processor_time());
        let mut length = 0;
        for _ in 0..times {
            length = work().await?;
        }
        let each = |time: Duration| time.as_secs_f64() * 1e3 / f64::from(times);
        let report = json!({
            "processor_ms": each(processor_time() - used),
            "elapsed_ms": each(begin.elapsed()),
            "bytes": length,
            "memory": stats::peak_memory(),
        });
        println!("{report}");
        std::io::stdout().flush()?;
    }
    Ok(())
}

async fn derive(component: &Component, source: Bytes, target: &str) -> Result<Bytes> {
    let request = Request::post(format!("http://derive.spin.internal{target}"))
        .header("content-length", source.len());
    let body = Full::new(source).map_err(|never| match never {});
    let request = request.body(body.boxed_unsync())?;
    let places = Arc::new(Semaphore::new(2));
    let under_way = UnderWay::begin(
        &request,
        &Activity::new(),
        [&places, &places],
        Link::default(),
    );
    let under_way = under_way.context("there are places")?;
    let response = component.answer(request, under_way).await;
    let (head, body) = response.map_err(anyhow::Error::from)?.into_parts();
    let bytes = body.collect().await?.to_bytes();
    ensure!(
        head.status == 200,
        "{target} was answered with {}: {}",
        head.status,
        String::from_utf8_lossy(&bytes)
    );
    Ok(bytes)
}

/// Starts an instance, which ends at once.
async fn start(pre: &ProxyPre<Ctx>, granted: Arc<Granted>) -> Result<()> {
    let engine = match pre {
        ProxyPre::P2(pre) => pre.engine(),
        ProxyPre::P3(pre) => pre.engine(),
    };
    let mut store = Store::new(engine, Ctx::new(granted, None));
    store.limiter(|ctx| &mut ctx.limiter);
    store.set_epoch_deadline(u64::MAX / 2);
    pre.instantiate_async(&mut store).await?;
    Ok(())
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
