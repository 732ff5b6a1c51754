//! The interfaces of WASI that components get: those of WASI 0.2 and 0.3, except sockets and, in
//! 0.3, files. A component has no directories, and reaches servers by HTTP and by Spin's interfaces.
//! Each function that is linked is compiled for this host, which would take a quarter longer with
//! them.

use crate::ctx::Ctx;
use wasmtime::Result;
use wasmtime::component::Linker;
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView as _};
use wasmtime_wasi::{p2, p3};

/// Links them.
pub(crate) fn add_to_linker(linker: &mut Linker<Ctx>) -> Result<()> {
    add_p2(linker)?;
    p3::cli::add_to_linker(linker)?;
    p3::clocks::add_to_linker(linker)?;
    p3::random::add_to_linker(linker)
}

/// Links those of WASI 0.2, which a component also has whose standard library was made for
/// `wasm32-wasip1`: the adapter to that uses files, of which there are none, and terminals.
fn add_p2(linker: &mut Linker<Ctx>) -> Result<()> {
    use p2::bindings::{cli, filesystem, random};

    p2::add_to_linker_proxy_interfaces_async(linker)?;
    filesystem::types::add_to_linker::<_, WasiFilesystem>(linker, Ctx::filesystem)?;
    filesystem::preopens::add_to_linker::<_, WasiFilesystem>(linker, Ctx::filesystem)?;
    random::insecure::add_to_linker::<_, WasiRandom>(linker, Ctx::random)?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(linker, Ctx::random)?;
    cli::exit::add_to_linker::<_, WasiCli>(linker, Ctx::cli)?;
    cli::environment::add_to_linker::<_, WasiCli>(linker, Ctx::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(linker, Ctx::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(linker, Ctx::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(linker, Ctx::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(linker, Ctx::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(linker, Ctx::cli)
}
