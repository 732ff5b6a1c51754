//! The results of the measurements, for people and for programs.

use serde_json::{Value, json};

/// A measurement.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    name: String,
    unit: Unit,
    ours: f64,
    /// The figure that ours is compared with.
    other: Option<f64>,
    /// The ratio of ours to the other, if there is one; ours if not.
    result: f64,
    bound: Option<Bound>,
    /// What else there is to know.
    note: String,
}

/// What figures are measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Milliseconds,
    Mebibytes,
    PerSecond,
}

/// The values that a result should have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Mebibytes => "MiB",
            Self::PerSecond => "/s",
        }
    }
}

impl Bound {
    fn is_met(self, result: f64) -> bool {
        match self {
            Self::AtMost(most) => result <= most,
            Self::AtLeast(least) => result >= least,
        }
    }

    fn shown(self) -> String {
        match self {
            Self::AtMost(most) => format!("≤ {most}"),
            Self::AtLeast(least) => format!("≥ {least}"),
        }
    }
}

impl Row {
    /// A figure by itself.
    pub(super) fn of(name: impl Into<String>, unit: Unit, ours: f64) -> Self {
        Self {
            name: name.into(),
            unit,
            ours,
            other: None,
            result: ours,
            bound: None,
            note: String::new(),
        }
    }

    /// Beside another figure. The ratio may be the median of several.
    pub(super) fn beside(self, other: f64, ratio: f64) -> Self {
        Self {
            other: Some(other),
            result: ratio,
            ..self
        }
    }

    /// With a bound of the ratio or, if there is none, of the figure.
    pub(super) fn bounded(self, bound: Bound) -> Self {
        Self {
            bound: Some(bound),
            ..self
        }
    }

    /// With a note.
    pub(super) fn noted(self, note: impl Into<String>) -> Self {
        Self {
            note: note.into(),
            ..self
        }
    }

    fn is_met(&self) -> Option<bool> {
        self.bound.map(|bound| bound.is_met(self.result))
    }
}

/// Prints the table.
pub(super) fn print(rows: &[Row]) {
    println!(
        "\n{:<52} {:>14} {:>12} {:>7} {:>7} {:>7}",
        "derived images", "ours", "other", "ratio", "target", ""
    );
    for row in rows {
        let shown = |figure: f64| match figure {
            10.0.. => format!("{figure:.0}"),
            1.0.. => format!("{figure:.1}"),
            _ => format!("{figure:.2}"),
        };
        let other = row.other.map_or("-".to_owned(), shown);
        let ratio = row.other.map(|_| format!("{:.2}", row.result));
        let bound = row.bound.map_or("-".to_owned(), Bound::shown);
        let verdict = match row.is_met() {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "",
        };
        println!(
            "{:<52} {:>10} {:<3} {other:>12} {:>7} {bound:>7} {verdict:>7}  {}",
            row.name,
            shown(row.ours),
            row.unit.name(),
            ratio.as_deref().unwrap_or("-"),
            row.note
        );
    }
    println!(
        "ms of derivations are processor time; the other is sharp with one thread, or as the row \
         says. Rates and delays need a machine that does nothing else."
    );
}

/// The same as JSON.
pub(super) fn json(rows: &[Row]) -> Value {
    let row = |row: &Row| {
        json!({
            "name": row.name,
            "unit": row.unit.name(),
            "ours": row.ours,
            "other": row.other,
            "result": row.result,
            "bound": row.bound.map(Bound::shown),
            "met": row.is_met(),
            "note": row.note,
        })
    };
    json!({"derive": rows.iter().map(row).collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_that_of_the_ratio_if_there_is_one() {
        let row = Row::of("x", Unit::Milliseconds, 10.0);
        assert_eq!(row.is_met(), None);
        let alone = row.clone().bounded(Bound::AtMost(9.0));
        assert_eq!(alone.is_met(), Some(false));
        let beside = row.beside(20.0, 0.5);
        let met = |bound| beside.clone().bounded(bound).is_met();
        assert_eq!(met(Bound::AtMost(0.5)), Some(true));
        assert_eq!(met(Bound::AtLeast(0.6)), Some(false));
    }
}
