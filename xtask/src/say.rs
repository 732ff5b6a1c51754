//! Progress and errors, printed for a person. They go to stderr, so that stdout has only
//! results.

use std::time::Duration;

/// Announces a step: what is about to happen, and why, unless that is obvious.
pub(crate) fn step(text: &str) {
    eprintln!("==> {text}");
}

/// Prints an error with its causes.
pub(crate) fn failure(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

/// A duration for people: `0.42 s`, `12.3 s`, `3 min 05 s`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        ..10.0 => format!("{seconds:.2} s"),
        ..60.0 => format!("{seconds:.1} s"),
        _ => format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_durations_are_shown_with_less_precision() {
        for (millis, expected) in [(420, "0.42 s"), (12_340, "12.3 s"), (185_000, "3 min 05 s")] {
            assert_eq!(duration(Duration::from_millis(millis)), expected);
        }
    }
}
