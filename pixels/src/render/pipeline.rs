//! What happens to each frame between decoding and encoding.

use darkroom_transform::{Background, Decimal, Fit, Gravity, Limits, Plan};

use super::Job;
use crate::colour::Converter;
use crate::ops::resize::{Filter, Part, Scaler};
use crate::ops::{canvas, filter, focus, tone, turn};
use crate::{Error, Frame, Image, Layout, Shrink};

/// The steps, and what they keep from one frame to the next.
pub(super) struct Pipeline<'a> {
    job: &'a Job<'a>,
    converter: Converter,
    scaler: Scaler,
    plan: Plan,
    /// Whether what matters in the picture is still to be found.
    unfocused: bool,
    filter: Filter,
    /// Where in the stored picture frames begin.
    origin: (u32, u32),
}

impl<'a> Pipeline<'a> {
    /// `thrift` as in [`Settings`](crate::encode::Settings): sharp edges take bytes.
    pub(super) fn new(job: &'a Job<'a>, thrift: u8) -> Self {
        Pipeline {
            job,
            converter: Converter::new(&job.info),
            scaler: Scaler::default(),
            plan: job.plan,
            unfocused: job.transform.gravity() == Gravity::Auto && job.plan.cuts_off(),
            filter: match thrift {
                0 => Filter::Sharp,
                1 => Filter::Mean,
                _ => Filter::Nearest,
            },
            origin: (0, 0),
        }
    }

    /// The same for frames that begin here in the stored picture.
    pub(super) fn at(self, origin: (u32, u32)) -> Self {
        Pipeline { origin, ..self }
    }

    pub(super) fn apply(&mut self, mut frame: Frame) -> Result<Image, Error> {
        let pause = self.job.pause;
        if frame.image.layout() == Layout::Cmyk {
            // The mean of inks does not have the mean of their colours.
            frame.image = self.converter.to_srgb(frame.image, pause)?;
        }
        if self.unfocused {
            self.plan = self.focused(&frame)?;
            self.unfocused = false;
        }
        let window = self.plan.window;
        let part = self.part(
            window.x,
            window.y,
            window.width,
            window.height,
            frame.shrink,
        );
        let size = self.plan.scaled;
        self.job.check_scaling(&frame.image)?;
        let image = self
            .scaler
            .resize(frame.image, part, size, self.filter, pause)?;
        pause.pause();
        let image = self.converter.to_srgb(image, pause)?;
        let image = turn::turn(image, self.plan.turn, pause);
        let image = self.effects(image)?;
        Ok(self.laid_out(image))
    }

    fn effects(&mut self, image: Image) -> Result<Image, Error> {
        let pause = self.job.pause;
        let image = match self.job.transform.blur() {
            Some(sigma) => filter::blur(image, sigma.to_f64(), &mut self.scaler, pause)?,
            None => image,
        };
        Ok(match self.job.transform.sharpen() {
            Some(amount) => filter::sharpen(image, amount.to_f64(), pause),
            None => image,
        })
    }

    /// Puts the picture on its background, and that around it.
    fn laid_out(&self, image: Image) -> Image {
        let pause = self.job.pause;
        let has_alpha = self.job.format.has_alpha();
        let asked = self.job.transform.background();
        let image = match asked {
            Some(background) => canvas::on_background(image, background, pause),
            None => image,
        };
        let image = match self.job.transform.fit() {
            Fit::Pad => {
                let border = asked.unwrap_or(Background::TRANSPARENT);
                canvas::pad(image, self.plan.offset, self.plan.canvas, border, pause)
            }
            _ => image,
        };
        let image = if has_alpha {
            image
        } else {
            canvas::on_background(image, Background::WHITE, pause)
        };
        tone::apply(image, self.job.transform.tone(), pause)
    }

    /// The plan whose window is where the picture matters most.
    fn focused(&mut self, frame: &Frame) -> Result<Plan, Error> {
        let pause = self.job.pause;
        let (crop, window) = (self.plan.crop, self.plan.window);
        let [x, y, width, height] = [crop.x, crop.y, crop.width, crop.height].map(f64::from);
        let part = self.part(x, y, width, height, frame.shrink);
        // Large enough to be judged.
        let longer = f64::from(crop.width.max(crop.height));
        let side = |side: u32| ((f64::from(side) * 128.0 / longer).round() as u32).max(1);
        let size = (side(crop.width), side(crop.height));
        let small = self
            .scaler
            .resize(frame.image.clone(), part, size, Filter::Mean, pause)?;
        let small = self.converter.to_srgb(small, pause)?;
        let small = turn::turn(small, self.plan.turn, pause);
        let fraction = (
            window.width / f64::from(crop.width),
            window.height / f64::from(crop.height),
        );
        let fraction = self.plan.turn.size(fraction);
        let (x, y) = focus::focus(&small, fraction, &mut self.scaler, pause)?;
        let millionths = |part: f64| {
            let scale = Decimal::SCALE as f64;
            Decimal::from_millionths((part.clamp(0.0, 1.0) * scale).round() as u64)
        };
        let gravity = Gravity::Point {
            x: millionths(x),
            y: millionths(y),
        };
        let transform = self.job.transform.with_gravity(gravity);
        let limits = Limits {
            max_side: self.job.limits.max_side,
        };
        Ok(Plan::new(&transform, &self.job.source, &limits)?)
    }

    /// A part of the stored picture in a decoded one, which may be smaller, and a part itself.
    fn part(&self, x: f64, y: f64, width: f64, height: f64, shrink: Shrink) -> Part {
        let shrink = shrink.ratio();
        let (left, top) = self.origin;
        Part {
            x: (x - f64::from(left)) / shrink,
            y: (y - f64::from(top)) / shrink,
            width: width / shrink,
            height: height / shrink,
        }
    }
}
