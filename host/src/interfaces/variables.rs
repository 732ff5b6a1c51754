//! `spin:variables`: the component's variables, which were evaluated at start.

use crate::bindings::spin::variables::variables::{Error, Host, HostWithStore};
use crate::ctx::{Ctx, HostState};
use crate::variables::check_name;
use anyhow::Result;
use wasmtime::component::Accessor;

impl Host for Ctx {
    fn convert_error(&mut self, error: Error) -> Result<Error> {
        Ok(error)
    }
}

impl<T: Send> HostWithStore<T> for HostState {
    async fn get(accessor: &Accessor<T, Self>, name: String) -> Result<String, Error> {
        check_name(&name).map_err(|why| Error::InvalidName(format!("{name:?}: {why}")))?;
        accessor
            .with(|mut access| access.get().component.variables.get(&name).cloned())
            .ok_or_else(|| Error::Undefined(format!("the variable {name:?} is not defined")))
    }
}
