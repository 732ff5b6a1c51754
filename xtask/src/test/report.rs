//! The report of a test run: counts, the table at the end, the closing line.

use std::time::Duration;

use super::Step;
use crate::say;

/// The results of a step.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed.
    pub(crate) failed: u64,
    /// Tests that the harness skipped.
    pub(crate) ignored: u64,
    /// Which tests were skipped, and how to run them.
    pub(crate) skipped: Vec<String>,
    /// A note for the table.
    pub(crate) note: Option<String>,
}

impl Outcome {
    /// Reads a line that a test program printed.
    pub(crate) fn read(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else {
            return;
        };
        let count = |what: &str| {
            counts
                .split([';', '.'])
                .find_map(|part| part.trim().strip_suffix(what)?.trim().parse::<u64>().ok())
                .unwrap_or(0)
        };
        self.passed += count("passed");
        self.failed += count("failed");
        self.ignored += count("ignored");
    }
}

/// A line of the table: a step that has run.
pub(crate) struct Line {
    name: &'static str,
    outcome: Outcome,
    failed: bool,
    time: Duration,
}

impl Line {
    /// The line for a step.
    pub(crate) fn new(step: &Step, mut outcome: Outcome, failed: bool, time: Duration) -> Self {
        // A step without tests of its own counts as one check. A failure outside a test, such as
        // that of a build, counts as one failure.
        if failed && outcome.failed == 0 {
            outcome.failed = 1;
        }
        if !failed && !step.tests {
            outcome.passed = 1;
        }
        Self {
            name: step.name,
            outcome,
            failed,
            time,
        }
    }

    /// `ok` or `FAILED`.
    pub(crate) fn verdict(&self) -> &'static str {
        if self.failed { "FAILED" } else { "ok" }
    }

    /// How long the step took.
    pub(crate) fn time(&self) -> String {
        say::duration(self.time)
    }

    fn detail(&self) -> String {
        let outcome = &self.outcome;
        let mut parts = vec![format!("{} passed", outcome.passed)];
        for (count, what) in [(outcome.failed, "failed"), (outcome.ignored, "ignored")] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        parts.extend(outcome.note.clone());
        parts.join(", ")
    }
}

/// Prints the table, the skipped tests, and the closing line.
pub(crate) fn print(lines: &[Line]) {
    println!("\n{:<12} {:<7} {:>13}  result", "step", "", "time");
    for line in lines {
        println!(
            "{:<12} {:<7} {:>13}  {}",
            line.name,
            line.verdict(),
            line.time(),
            line.detail()
        );
    }
    for skipped in lines.iter().flat_map(|line| &line.outcome.skipped) {
        println!("skipped: {skipped}");
    }
    println!(
        "total time: {}\n",
        say::duration(lines.iter().map(|line| line.time).sum())
    );
    println!("{}", closing(lines));
}

fn closing(lines: &[Line]) -> String {
    let passed: u64 = lines.iter().map(|line| line.outcome.passed).sum();
    let failed: u64 = lines.iter().map(|line| line.outcome.failed).sum();
    format!("{passed} passed, {failed} failed")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECK: Step = Step {
        name: "check",
        about: "",
        tests: false,
        run: |_, _| Ok(()),
    };

    #[test]
    fn results_of_several_test_programs_add_up() {
        let mut outcome = Outcome::default();
        for line in [
            "running 3 tests",
            "test result: ok. 14 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 9 filtered out; finished in 1.50s",
        ] {
            outcome.read(line);
        }
        assert_eq!(
            (outcome.passed, outcome.failed, outcome.ignored),
            (16, 3, 1)
        );
    }

    #[test]
    fn the_closing_line_counts_checks_and_failures_outside_tests() {
        let passed = Line::new(&CHECK, Outcome::default(), false, Duration::ZERO);
        let failed = Line::new(&CHECK, Outcome::default(), true, Duration::ZERO);
        assert_eq!(closing(&[passed, failed]), "1 passed, 1 failed");
    }
}
