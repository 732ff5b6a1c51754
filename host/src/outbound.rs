//! Requests to other servers and components, which the manifest must allow by Spin's rules.
//!
//! TLS trusts Mozilla's root certificates only, not those of the operating system.

use crate::allowed_hosts::AllowedHosts;
use crate::chain::{self, Link, Neighbours};
use crate::ctx::Granted;
use crate::under_way::Requests;
use crate::{log, stats};
use http::{HeaderName, Request, Response, Uri};
use http_body_util::BodyExt;
use std::sync::Arc;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody,
    WasiHttpHooks, default_send_request,
};

/// The fields that concern a connection, which components neither see nor set. Every field of every
/// message is compared with them, so they are made once.
static FORBIDDEN: [HeaderName; 9] = DEFAULT_FORBIDDEN_HEADERS;

/// Sends an instance's requests to the servers and components that the manifest allows.
pub struct Outbound {
    allowed: Arc<AllowedHosts>,
    neighbours: Arc<Neighbours>,
    /// The requests of the instance, any of which may cause others.
    requests: Requests,
    /// Whether the instance serves one request, and holds a place for it.
    holds_place: bool,
}

impl Outbound {
    /// For an instance of this component that serves these requests.
    pub fn new(component: &Granted, requests: Requests) -> Self {
        Self {
            allowed: component.outbound.clone(),
            neighbours: component.neighbours.clone(),
            requests,
            holds_place: component.is_single_use,
        }
    }

    fn next_link(&self) -> Link {
        let next = self.requests.next_link();
        Link {
            holds_place: next.holds_place || self.holds_place,
            ..next
        }
    }
}

type HttpResult<T> = Result<T, Error>;
type Transfer = Box<dyn Future<Output = HttpResult<()>> + Send>;
type Answer = Box<dyn Future<Output = HttpResult<(Response<WasiBody>, Transfer)>> + Send>;

impl WasiHttpHooks for Outbound {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        FORBIDDEN.contains(name)
    }

    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|name| FORBIDDEN.contains(name))
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Transfer,
    ) -> Answer {
        if !self.allowed.allow(request.uri()) {
            let to = request.uri().authority().map_or("", |to| to.as_str());
            log::warn(format_args!(
                "a request to {to} was refused: allowed_outbound_hosts does not allow this server"
            ));
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        if is_chained(request.uri()) {
            let (neighbours, link) = (self.neighbours.clone(), self.next_link());
            return Box::new(async move {
                let response = neighbours.send(request, link, options).await?;
                let transfer: Transfer = Box::new(async { Ok(()) });
                Ok((response, transfer))
            });
        }
        stats::outbound();
        Box::new(async move {
            let (response, transfer) = default_send_request(request, options).await?;
            let transfer: Transfer = Box::new(transfer);
            Ok((response.map(BodyExt::boxed_unsync), transfer))
        })
    }
}

/// Whether a request stays in the application. The name need not be that of a component: such a
/// name is never looked up elsewhere.
fn is_chained(uri: &Uri) -> bool {
    let host = uri.host().map(str::to_ascii_lowercase);
    host.is_some_and(|host| chain::name(&host).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_to_names_of_components_stay_in_the_application() {
        for (uri, expected) in [
            ("http://a.spin.internal/", true),
            ("https://a.b.SPIN.internal:1/", true),
            ("http://a.spin.internal.example/", false),
            ("http://example/a.spin.internal", false),
        ] {
            assert_eq!(is_chained(&uri.parse().unwrap()), expected, "{uri}");
        }
    }
}
