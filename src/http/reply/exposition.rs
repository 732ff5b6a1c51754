//! The Prometheus text format, version 0.0.4: metrics as lines of name, labels, value.
//!
//! `# HELP name …`, `# TYPE name gauge`, then `name{label="value",…} number` for each
//! sample. Backslashes, quotes and line breaks in a label's value are escaped.

use std::fmt::Write as _;

/// The media type.
pub(crate) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A label: a name and a value that distinguish samples of a metric.
pub(crate) type Label<'a> = (&'a str, &'a str);

/// A builder of metrics in the text format.
#[derive(Debug, Default)]
pub(crate) struct Exposition {
    text: String,
}

impl Exposition {
    /// Adds a gauge and its samples. The help text must not contain backslashes or line breaks.
    /// A metric without samples is omitted.
    pub(crate) fn gauge<'a, L: AsRef<[Label<'a>]>>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (L, u64)>,
    ) {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
        for (labels, value) in samples {
            self.sample(name, labels.as_ref(), value);
        }
    }

    fn sample(&mut self, name: &str, labels: &[Label<'_>], value: u64) {
        self.text.push_str(name);
        let mut before = '{';
        for (label, value) in labels {
            let _ = write!(self.text, "{before}{label}=\"{}\"", escaped(value));
            before = ',';
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }

    /// Returns the text.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn metrics_are_written_in_the_text_format() {
        let mut metrics = Exposition::default();
        metrics.gauge("a_total", "A total.", [([], 3)]);
        let labelled: [(&[Label<'_>], u64); 2] = [
            (&[("owner", "a\\b\"c\nd"), ("hash", "é")], u64::MAX),
            (&[("owner", "")], 0),
        ];
        metrics.gauge("b", "Of each.", labelled);
        metrics.gauge("c", "Of none.", Vec::<([Label<'_>; 0], u64)>::new());
        assert_eq!(
            metrics.into_text(),
            "# HELP a_total A total.\n# TYPE a_total gauge\na_total 3\n\
             # HELP b Of each.\n# TYPE b gauge\n\
             b{owner=\"a\\\\b\\\"c\\nd\",hash=\"é\"} 18446744073709551615\n\
             b{owner=\"\"} 0\n"
        );
    }

    /// The inverse of [`escaped`], as the format describes it.
    fn unescaped(text: &str) -> Option<String> {
        let mut value = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            value.push(match c {
                '\\' => match chars.next()? {
                    'n' => '\n',
                    c @ ('\\' | '"') => c,
                    _ => return None,
                },
                '"' | '\n' => return None,
                c => c,
            });
        }
        Some(value)
    }

    proptest! {
        #[test]
        fn escaped_labels_can_be_unescaped(value in "(\\PC|[\\\\\"\n\r\t]){0,20}") {
            prop_assert_eq!(unescaped(&escaped(&value)), Some(value));
        }
    }
}
