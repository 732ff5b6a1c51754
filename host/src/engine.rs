//! Compiles a component once, after converting it from a core module if necessary, and links it
//! with WASI and the stores.

use crate::ctx::{Ctx, HostState};
use crate::{bindings, compute, log, wasi};
use anyhow::{Context, Result, bail};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use wasi_preview1_component_adapter_provider as adapter;
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};
use wasmtime_wasi_http::handler::ProxyPre;
use wasmtime_wasi_http::{p2, p3};

/// The most stacks that an instance uses: one of a call that waits for the host, one of the calls
/// that are made meanwhile, and one that is kept for the next call.
const STACKS: u32 = 3;

/// Creates the engine. With `interrupt`, guests can be interrupted, but run more slowly. At most
/// `instances` instances are alive at the same time: another one cannot be started.
pub fn engine(interrupt: bool, instances: u32) -> Result<Engine> {
    let mut config = Config::new();
    config
        .wasm_component_model_async(true)
        .epoch_interruption(interrupt);
    let mut pooling = PoolingAllocationConfig::default();
    pooling
        .total_component_instances(instances)
        .total_memories(instances)
        .total_tables(instances.saturating_mul(2))
        // Enough for all instances: an instance for whose call there is no stack would end.
        .total_stacks(instances.saturating_mul(STACKS))
        .total_core_instances(instances.saturating_mul(4))
        .table_elements(100_000)
        .max_component_instance_size(10 << 20)
        .max_core_instance_size(10 << 20)
        .max_memory_size(4 << 30)
        // The memory that a slot keeps between instances is never released: after a thousand
        // concurrent connections, that is a thousand times this.
        .linear_memory_keep_resident(64 << 10);
    let mut pooled = config.clone();
    pooled.allocation_strategy(InstanceAllocationStrategy::Pooling(pooling));
    let engine = Engine::new(&pooled).or_else(|error| {
        log::debug(format_args!("cannot create an instance pool: {error:#}"));
        Engine::new(&config)
    })?;
    if interrupt {
        compute::tick(&engine);
    }
    Ok(engine)
}

/// Compiles the WebAssembly file `source`, or loads its compiled code from `cache`, and links it.
pub fn load(engine: &Engine, source: &Path, cache: &Path) -> Result<ProxyPre<Ctx>> {
    let wasm =
        std::fs::read(source).with_context(|| format!("cannot read {}", source.display()))?;
    link(engine, &wasm, cache).with_context(|| format!("cannot use {}", source.display()))
}

/// Does the same as [`load`] for the bytes `wasm`.
pub fn link(engine: &Engine, wasm: &[u8], cache: &Path) -> Result<ProxyPre<Ctx>> {
    let component = compiled(engine, wasm, cache).context("cannot compile the component")?;
    let mut linker = Linker::<Ctx>::new(engine);
    wasi::add_to_linker(&mut linker)?;
    p2::add_only_http_to_linker_async(&mut linker)?;
    p3::add_to_linker(&mut linker)?;
    bindings::Host_::add_to_linker::<_, HostState>(&mut linker, |ctx| ctx)?;
    let pre = linker
        .instantiate_pre(&component)
        .map_err(anyhow::Error::from);
    handler(pre.context("cannot link the component")?)
}

/// The handler that the component exports: that of WASI 0.2 or of WASI 0.3, in any of their minor
/// versions.
fn handler(pre: InstancePre<Ctx>) -> Result<ProxyPre<Ctx>> {
    let single_use = p2::bindings::ProxyPre::new(pre.clone());
    let reused = p3::bindings::ServicePre::new(pre);
    match (single_use, reused) {
        (Ok(_), Ok(_)) => bail!("the component exports the HTTP handlers of both WASI 0.2 and 0.3"),
        (Ok(pre), Err(_)) => Ok(ProxyPre::P2(pre)),
        (Err(_), Ok(pre)) => Ok(ProxyPre::P3(pre)),
        (Err(_), Err(error)) => Err(anyhow::Error::from(error)).context(
            "the component exports neither wasi:http/handler@0.3 nor \
             wasi:http/incoming-handler@0.2",
        ),
    }
}

fn compiled(engine: &Engine, wasm: &[u8], cache: &Path) -> Result<Component> {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    wasm.hash(&mut hasher);
    let path = cache.join(format!("{:016x}-{}.cwasm", hasher.finish(), wasm.len()));
    if path.exists() {
        // SAFETY: this program wrote the file, for this engine and these bytes. The file is in
        // the same directory as the application's databases, and a user who can write there
        // already controls the application.
        #[expect(unsafe_code, reason = "the only way to load compiled code")]
        let found = unsafe { Component::deserialize_file(engine, &path) };
        match found {
            Ok(component) => return Ok(component),
            Err(error) => log::debug(format_args!("{}: {error:#}", path.display())),
        }
    }
    let adapter = adapter::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER;
    let component = Component::new(engine, componentize(wasm, adapter)?)?;
    if let Err(error) = save(&component, &path) {
        log::debug(format_args!("{}: {error:#}", path.display()));
    }
    Ok(component)
}

fn save(component: &Component, path: &Path) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let unfinished = path.with_extension(format!("{}.tmp", std::process::id()));
    std::fs::write(&unfinished, component.serialize()?)?;
    Ok(std::fs::rename(&unfinished, path)?)
}

/// Converts a core module to a component with one of the preview 1 adapters. A component is
/// returned unchanged.
pub(crate) fn componentize(wasm: &[u8], adapter: &[u8]) -> Result<Vec<u8>> {
    const CORE_MODULE: [u8; 8] = *b"\0asm\x01\0\0\0";
    if !wasm.starts_with(&CORE_MODULE) {
        return Ok(wasm.to_vec());
    }
    wit_component::ComponentEncoder::default()
        .validate(true)
        .module(wasm)?
        .adapter(adapter::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter)?
        .encode()
}
