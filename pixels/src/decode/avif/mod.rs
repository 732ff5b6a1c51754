//! AVIF.

use super::{Decoder, Info, Wanted};
use crate::{Error, Frame, Limits, Pause};

pub(super) struct Avif {
    info: Info,
}

pub(super) fn open(_: &[u8], _: &Limits) -> Result<Avif, Error> {
    Err(Error::Unsupported { feature: "AVIF" })
}

impl Decoder for Avif {
    fn info(&self) -> &Info {
        &self.info
    }

    fn next_frame(&mut self, _: &Wanted, _: &dyn Pause) -> Result<Option<Frame>, Error> {
        Ok(None)
    }
}
