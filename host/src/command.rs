//! Runs a program that is compiled to WebAssembly, as a shell would: with arguments, an
//! environment and one directory. The component's unit tests are such a program, so they run on
//! the same target as the component.

use std::path::Path;

use anyhow::{Context as _, Result};
use wasi_preview1_component_adapter_provider as adapter;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Config, Engine, Store};
use wasmtime_wasi::p2::bindings::Command;
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtx, WasiCtxView, WasiView};

use crate::engine::componentize;

/// The prefixes of the environment variables that are passed to a program.
const VARIABLES: [&str; 3] = ["DARKROOM_", "PROPTEST_", "RUST_"];

struct Ctx {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for Ctx {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// Runs a core module of WASI preview 1 to its end, and returns its exit status. The module can
/// access the directory under the same path, this process's standard streams, and the environment
/// variables that configure tests.
///
/// # Errors
///
/// Fails if the module cannot be read, compiled or started, or if it traps.
pub async fn run(module: &Path, arguments: &[String], folder: &Path) -> Result<i32> {
    let shown = || module.display().to_string();
    let wasm = std::fs::read(module).with_context(|| format!("cannot read {}", shown()))?;
    let engine = Engine::new(&Config::new())?;
    let wasm = componentize(&wasm, adapter::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER)
        .with_context(|| format!("{} is not a program for WASI preview 1", shown()))?;
    let component = Component::new(&engine, wasm)
        .map_err(anyhow::Error::from)
        .with_context(|| format!("cannot compile {}", shown()))?;
    let mut linker = Linker::<Ctx>::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    let ctx = Ctx {
        wasi: wasi(&shown(), arguments, folder)?,
        table: ResourceTable::new(),
    };
    let mut store = Store::new(&engine, ctx);
    let command = Command::instantiate_async(&mut store, &component, &linker)
        .await
        .map_err(anyhow::Error::from)
        .with_context(|| format!("cannot start {}", shown()))?;
    match command.wasi_cli_run().call_run(&mut store).await {
        Ok(Ok(())) => Ok(0),
        Ok(Err(())) => Ok(1),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(exit) => Ok(exit.0),
            None => Err(anyhow::Error::from(error)),
        },
    }
}

fn wasi(name: &str, arguments: &[String], folder: &Path) -> Result<WasiCtx> {
    let mut wasi = WasiCtx::builder();
    // Nothing else runs in this process that blocking on a file could delay.
    wasi.inherit_stdio().allow_blocking_current_thread(true);
    wasi.arg(name).args(arguments);
    for (variable, value) in std::env::vars_os() {
        if let (Some(variable), Some(value)) = (variable.to_str(), value.to_str())
            && VARIABLES.iter().any(|known| variable.starts_with(known))
        {
            wasi.env(variable, value);
        }
    }
    wasi.preopened_dir(folder, folder.to_string_lossy(), FsPerms::ReadWrite)
        .map_err(anyhow::Error::from)
        .with_context(|| format!("cannot open {}", folder.display()))?;
    Ok(wasi.build())
}
