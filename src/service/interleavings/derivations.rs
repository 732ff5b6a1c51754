//! Derived images: how they are made, and what must hold for them.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use darkroom_transform::Placeholder;
use futures_util::StreamExt as _;
use uuid::Uuid;

use super::clock::{Clock, GRACE, TERM};
use super::model::{Known, State, content};
use super::operations::{Scene, grant};
use super::steps::{Pause, Steps};
use super::world::World;
use crate::blobs::BlobError;
use crate::model::{Image, Variant};
use crate::platform::testing::{self, FakeDeriver};
use crate::platform::{DeriveError, DeriveLimits, Derived, Deriver, Source};
use crate::service::{DerivationError, ServiceError, StoreError, Wanted};

/// The most bytes of all variants: three of them, and not four.
pub(super) const BUDGET: u64 = 130;
/// The widths that images are derived at. All images have one pixel.
const WIDTHS: [u32; 3] = [2, 3, 4];

/// The transform with this number.
fn transform(number: usize) -> String {
    format!("w={}&fit=contain", WIDTHS[number % WIDTHS.len()])
}

/// The transform with this number, as variants have it.
fn decided(number: usize) -> String {
    format!("{}&format=png", transform(number))
}

/// A deriver that takes its time.
pub(super) struct SteppedDeriver {
    pub(super) inner: FakeDeriver,
    pub(super) steps: Arc<Steps>,
    pub(super) clock: Clock,
}

#[async_trait]
impl Deriver for SteppedDeriver {
    async fn derive(
        &self,
        source: Source,
        transform: &str,
        limits: DeriveLimits,
        with_placeholder: bool,
    ) -> Result<Derived, DeriveError> {
        let now = self.clock.timestamp();
        self.steps.pause(Pause::Client, now).await;
        let derived = self
            .inner
            .derive(source, transform, limits, with_placeholder);
        let derived = derived.await;
        self.steps
            .pause(Pause::Client, self.clock.timestamp())
            .await;
        derived
    }

    async fn placeholder(
        &self,
        source: Source,
        limits: DeriveLimits,
    ) -> Result<Placeholder, DeriveError> {
        self.inner.placeholder(source, limits).await
    }
}

impl Scene {
    pub(super) async fn derive(self, number: usize, width: usize) {
        let Some((id, known)) = self.model(|model| {
            model.derives = true;
            model.pick(number)
        }) else {
            return;
        };
        let began = self.clock.read();
        match self.variant(&known, id, width).await {
            Ok(bytes) => {
                let length = content(known.content).len();
                let expected = testing::derived(&decided(width), length);
                assert!(bytes == expected.as_bytes(), "wrong bytes of {id}");
            }
            // Another request makes it, or has lost its claim.
            Err(DerivationError::Busy) => {}
            Err(DerivationError::Service(ServiceError::NotFound)) => {
                assert_ne!(self.model(|model| model.state(id)), Some(State::There));
            }
            Err(DerivationError::Service(ServiceError::TooLate)) => {
                assert!(self.has_passed(began, TERM.write), "a lease ended early");
            }
            // It was evicted or deleted, or its image was.
            Err(DerivationError::Service(ServiceError::Damaged(StoreError::Blobs(
                BlobError::Missing { .. },
            )))) => {
                assert!(
                    self.has_passed(began, GRACE),
                    "a reader had no grace period"
                );
            }
            Err(DerivationError::Service(error)) => {
                assert!(self.model(|model| model.faulty), "{error:?}");
            }
            Err(error) => panic!("{error:?}"),
        }
    }

    async fn variant(
        &self,
        known: &Known,
        id: Uuid,
        width: usize,
    ) -> Result<Vec<u8>, DerivationError> {
        let wanted = Wanted {
            transform: transform(width).parse().expect("a transform"),
            accepts: vec![],
        };
        let grant = grant(known.owner);
        let found = self
            .service
            .find_readable(Some(&grant), id, &wanted)
            .await?;
        let content = self.service.content(&found, &wanted).await?;
        let whole = 0..content.blob.size;
        let mut stream = self
            .service
            .read(&content, std::slice::from_ref(&whole))
            .await?;
        let mut bytes = Vec::new();
        while let Some(piece) = stream.next().await {
            bytes.extend_from_slice(&piece.map_err(ServiceError::from)?);
            self.steps
                .pause(Pause::Client, self.clock.timestamp())
                .await;
        }
        Ok(bytes)
    }

    pub(super) async fn delete_variants(self, number: usize) {
        let Some((id, known)) = self.model(|model| model.pick(number)) else {
            return;
        };
        match self.service.delete_variants(&grant(known.owner), id).await {
            Ok(()) => {}
            Err(ServiceError::NotFound) => {
                assert_ne!(self.model(|model| model.state(id)), Some(State::There));
            }
            Err(error) => assert!(self.model(|model| model.faulty), "{error:?}"),
        }
    }
}

impl World {
    /// The stored variants of an image.
    pub(super) fn variants(&self, image: Uuid) -> Vec<Variant> {
        if !self.model.lock().expect("not poisoned").derives {
            return Vec::new();
        }
        let transforms: Vec<String> = (0..WIDTHS.len()).map(decided).collect();
        let found = self.see(async |catalog| catalog.find_with_variants(image, &transforms).await);
        found.map_or_else(Vec::new, |(_, variants)| variants)
    }

    /// Checks what was derived of these images, each with the number of its file.
    pub(super) fn check_derived(&mut self, images: &[(Image, usize)]) {
        let mut total = 0;
        for (image, number) in images {
            let length = content(*number).len();
            if let Some(placeholder) = &image.placeholder {
                assert_eq!(*placeholder, testing::placeholder(length));
            }
            let mut transforms = BTreeSet::new();
            for variant in self.variants(image.id) {
                let (id, text) = (image.id, testing::derived(&variant.transform, length));
                assert!(
                    self.is_whole(&variant.blob),
                    "bytes derived of {id} are missing"
                );
                if self.seen_texts.get(variant.blob.id.as_str()) != Some(&text) {
                    let bytes = self.bytes(&variant.blob);
                    assert_eq!(bytes.as_deref(), Some(text.as_bytes()), "derived of {id}");
                    let blob = variant.blob.id.to_string();
                    self.seen_texts.insert(blob, text);
                }
                total += variant.blob.size;
                let is_only = transforms.insert(variant.transform);
                assert!(is_only, "a variant of {id} is stored twice");
            }
        }
        assert!(total <= BUDGET, "variants have {total} bytes");
    }
}
