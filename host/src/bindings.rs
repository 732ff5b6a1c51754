//! The interfaces that the host offers, generated from `host/wit`.
#![allow(missing_docs, unreachable_pub, clippy::all)]

wasmtime::component::bindgen!({
    path: "wit",
    world: "darkroom:host/host",
    imports: { default: async | trappable },
    anyhow: true,
    with: {
        "spin:key-value/key-value.store": crate::key_value::Store,
        "wasi:keyvalue/store.bucket": crate::key_value::Store,
        "spin:postgres/postgres.connection": crate::postgres::Connection,
        "spin:postgres/postgres.connection-builder": crate::postgres::Builder,
        "spin:sqlite/sqlite.connection": crate::sqlite::Connection,
    },
    trappable_error_type: {
        "spin:key-value/key-value.error" => spin::key_value::key_value::Error,
        "spin:postgres/postgres.error" => spin::postgres::postgres::Error,
        "spin:sqlite/sqlite.error" => spin::sqlite::sqlite::Error,
        "spin:variables/variables.error" => spin::variables::variables::Error,
        "wasi:keyvalue/store.error" => wasi::keyvalue::store::Error,
    },
});
