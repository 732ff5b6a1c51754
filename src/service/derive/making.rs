//! Making a variant: once per deployment, whatever requests it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use sha2::Digest as _;
use uuid::Uuid;

use super::{Content, DerivationError, MAX_AVIF_PIXELS, Service, ServiceError};
use crate::blobs::BlobError;
use crate::catalog::{NewVariant, VariantClaim, VariantCommit, VariantState};
use crate::model::{Image, Sha256, Variant};
use crate::platform::{DeriveError, DeriveLimits, Derived, HttpError, HttpErrorKind, Source};
use crate::trace::{self, Phase};

/// How long a claim lasts, in milliseconds: longer than a derivation may take, with the wait
/// for a place. Only a crash leaves a claim behind.
const CLAIM_MILLIS: i64 = 90_000;
/// How long failures of a source count, in seconds.
const FAILURE_SECONDS: i64 = 86_400;
/// How long to wait for a variant that another request makes.
const PATIENCE: Duration = Duration::from_secs(20);
/// The first pause between two looks at whether another request has made it, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(25), Duration::from_millis(400)];
/// How often a commit makes room for its variant.
const ATTEMPTS: u32 = 8;
/// The most variants that make room in one statement.
const EVICTED_AT_ONCE: u32 = 64;

/// A claim, which is released when this is dropped.
struct Claim {
    service: Service,
    claim: Option<VariantClaim>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(claim) = self.claim.take() {
            let service = self.service.clone();
            self.service.spawn(async move {
                if let Err(error) = service.catalog().release_variant(&claim).await {
                    service.log(&format!("a variant stays claimed for a while: {error}"));
                }
            });
        }
    }
}

impl Service {
    /// Makes a variant, or waits until another request has made it.
    pub(super) async fn make(
        &self,
        image: &Image,
        transform: &str,
    ) -> Result<Variant, DerivationError> {
        if !self.settings().derived.is_on || self.parts.deriver.is_none() {
            return Err(DerivationError::Unavailable);
        }
        let claim = VariantClaim {
            image: image.id,
            transform: transform.to_owned(),
            id: self.new_id(),
        };
        let [mut pause, longest] = PAUSES;
        let mut waited = Duration::ZERO;
        loop {
            let now = self.now();
            let state = self
                .catalog()
                .variant_state(image.id, transform, now)
                .await?;
            match state {
                VariantState::Stored(variant) => return Ok(*variant),
                VariantState::SourceFailed => return Err(DerivationError::SourceFailed),
                VariantState::NoImage => return Err(ServiceError::NotFound.into()),
                VariantState::Absent => {
                    let until = now.plus_millis(CLAIM_MILLIS);
                    if self.catalog().claim_variant(&claim, now, until).await? {
                        return self.make_claimed(image, claim).await;
                    }
                }
                VariantState::InProgress => {}
            }
            if waited >= PATIENCE {
                return Err(DerivationError::Busy);
            }
            self.platform().sleep(pause).await;
            waited += pause;
            pause = (pause * 2).min(longest);
        }
    }

    async fn make_claimed(
        &self,
        image: &Image,
        claim: VariantClaim,
    ) -> Result<Variant, DerivationError> {
        let mut held = Claim {
            service: self.clone(),
            claim: Some(claim.clone()),
        };
        let clock = &**self.platform();
        let place = self.parts.derivations.enter(&image.owner, clock).await;
        let place = place.ok_or(DerivationError::Busy)?;
        let made = self.derive(image, &claim).await;
        drop(place);
        let committed = match made {
            Ok(new) => self.commit_variant(new).await,
            Err(error) => Err(error),
        };
        match &committed {
            // The commit has ended the claim.
            Ok(_) => held.claim = None,
            Err(error) if error.blames_source() => self.count_failure(image, error).await,
            Err(_) => {}
        }
        self.sweep_in_background();
        committed
    }

    pub(super) async fn count_failure(&self, image: &Image, error: &DerivationError) {
        let (id, now) = (image.id, self.now());
        self.log(&format!("nothing was derived from image {id}: {error}"));
        let until = now.plus_seconds(FAILURE_SECONDS);
        if let Err(error) = self.catalog().count_failure(id, now, until).await {
            self.log(&format!("the failure was not recorded: {error}"));
        }
    }

    /// Derives a variant into a new blob, as its bytes arrive.
    async fn derive(
        &self,
        image: &Image,
        claim: &VariantClaim,
    ) -> Result<NewVariant, DerivationError> {
        let id = self.next_blob_id().await?;
        let failure = SourceFailure::default();
        let derived = self.begin(image, &claim.transform, &failure).await;
        let derived = derived.map_err(|error| failure.take().unwrap_or(error))?;
        let placeholder = derived.placeholder;
        let mut bytes = derived.bytes;
        let mut hasher = sha2::Sha256::new();
        let mut writer = self.blobs().create(id.blob, None);
        let (mut size, limit) = (0_u64, self.budget());
        let written = async {
            while let Some(piece) = bytes.next().await {
                let piece = piece.map_err(|error| DeriveError::of(&error))?;
                size = size.saturating_add(piece.len() as u64);
                if size > limit {
                    return Err(DerivationError::OverBudget { limit });
                }
                if self.now() >= id.write_until {
                    return Err(ServiceError::TooLate.into());
                }
                hasher.update(&piece);
                writer.write(piece).await.map_err(ServiceError::from)?;
            }
            Ok::<(), DerivationError>(())
        };
        if let Err(error) = written.await {
            let service = self.clone();
            self.spawn(async move { service.delete_written(writer).await });
            return Err(failure.take().unwrap_or(error));
        }
        if let Some(placeholder) = placeholder {
            self.note_placeholder(image.id, placeholder);
        }
        let now = self.now();
        Ok(NewVariant {
            lease: id.lease,
            claim: claim.clone(),
            variant: Variant {
                transform: claim.transform.clone(),
                blob: writer.finish().await.map_err(ServiceError::from)?,
                sha256: Sha256::from(hasher.finalize()),
                kind: derived.kind,
                width: derived.width,
                height: derived.height,
                frames: derived.frames,
                created_at: now,
                used_at: now,
            },
        })
    }

    /// Sends the original to be derived. `failure` gets the error that breaks it off.
    async fn begin(
        &self,
        image: &Image,
        transform: &str,
        failure: &SourceFailure,
    ) -> Result<Derived, DerivationError> {
        let deriver = self.parts.deriver.as_ref();
        let deriver = deriver.ok_or(DerivationError::Unavailable)?;
        let source = self.source(image, failure).await?;
        let with_placeholder = self.lacks_placeholder(image);
        let limits = self.derive_limits();
        let _timer = trace::start(Phase::Derive);
        let derived = deriver.derive(source, transform, limits, with_placeholder);
        Ok(derived.await?)
    }

    /// The bytes of an image for the component that derives. `failure` gets the error that breaks
    /// them off.
    pub(super) async fn source(
        &self,
        image: &Image,
        failure: &SourceFailure,
    ) -> Result<Source, ServiceError> {
        let whole = 0..image.blob.size;
        let bytes = self.read(&Content::of(image), &[whole]).await?;
        let failure = failure.clone();
        Ok(Source {
            bytes: bytes.map_err(move |error| failure.note(error)).boxed(),
            length: image.blob.size,
        })
    }

    pub(super) fn derive_limits(&self) -> DeriveLimits {
        let settings = self.settings();
        DeriveLimits {
            max_pixels: settings.derived.max_pixels,
            max_frames: settings.media.max_frames,
            max_side: settings.derived.max_side,
            max_avif_pixels: MAX_AVIF_PIXELS,
        }
    }

    /// The most bytes of all variants.
    fn budget(&self) -> u64 {
        self.settings().derived.max_bytes.unwrap_or(u64::MAX)
    }

    /// Commits a variant. If that needs room, the least recently used make it.
    async fn commit_variant(&self, mut new: NewVariant) -> Result<Variant, DerivationError> {
        let budget = self.budget();
        let blob = new.variant.blob.clone();
        for _ in 0..ATTEMPTS {
            // If a call fails, the commit may have been made, or may still be: the bytes stay
            // until their lease ends, after which it can no longer be made.
            let committed = self.catalog().commit_variant(&new, budget, self.now());
            let look = || async {
                let (image, transform) = (new.claim.image, &new.claim.transform);
                let state = self.catalog().variant_state(image, transform, self.now());
                Ok(match state.await? {
                    VariantState::Stored(variant) => Some(VariantCommit::Stored(variant.blob)),
                    _ => None,
                })
            };
            match self.find_out(committed.await, look).await? {
                VariantCommit::Stored(used) => {
                    if used != blob {
                        self.delete_in_background(vec![blob]);
                    }
                    new.variant.blob = used;
                    return Ok(new.variant);
                }
                VariantCommit::OverBudget => {
                    let keep = budget.saturating_sub(blob.size);
                    self.catalog().evict_variants(keep, EVICTED_AT_ONCE).await?;
                }
                VariantCommit::Refused => {
                    self.delete_in_background(vec![blob]);
                    return self
                        .stored_by_another(new.claim.image, &new.claim.transform)
                        .await;
                }
            }
        }
        self.delete_in_background(vec![blob]);
        Err(DerivationError::Busy)
    }

    /// What has become of a variant whose commit was refused.
    async fn stored_by_another(
        &self,
        image: Uuid,
        transform: &str,
    ) -> Result<Variant, DerivationError> {
        match self
            .catalog()
            .variant_state(image, transform, self.now())
            .await?
        {
            VariantState::Stored(variant) => Ok(*variant),
            VariantState::NoImage => Err(ServiceError::NotFound.into()),
            _ => Err(DerivationError::Busy),
        }
    }
}

/// The error of the blob store that broke off the original: the derivation that failed for it
/// is not to blame.
#[derive(Clone, Default)]
pub(super) struct SourceFailure(Arc<Mutex<Option<BlobError>>>);

impl SourceFailure {
    fn note(&self, error: BlobError) -> HttpError {
        let text = error.to_string();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        HttpError::new(HttpErrorKind::BrokenOff, text)
    }

    pub(super) fn take(&self) -> Option<DerivationError> {
        let error = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        error.map(|error| ServiceError::from(error).into())
    }
}
