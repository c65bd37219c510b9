//! The part of docs/scenarios-expressions.md that is rendered from the table.

use std::fmt::Write;

use super::table::FUNCTIONS;

/// The functions as a Markdown section: signatures, what they do, and examples.
pub fn functions_document() -> String {
    let mut text = String::new();
    for (title, is_standard) in [
        ("### Functions of the language", true),
        ("### Functions beside the language", false),
    ] {
        let _ = writeln!(
            text,
            "{title}\n\n| Function | What it gives | Examples |\n|---|---|---|"
        );
        for function in FUNCTIONS
            .iter()
            .filter(|one| one.is_standard == is_standard)
        {
            let forms: Vec<String> = function
                .signatures
                .iter()
                .map(|one| format!("`{} → {}`", function.form(one), one.result))
                .collect();
            let examples: Vec<String> = function
                .examples
                .iter()
                .map(|(call, result)| format!("`{call}` = `{result}`"))
                .collect();
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                forms.join("<br>"),
                function.about,
                examples.join("<br>").replace('|', "\\|"),
            );
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use serde_json::Value;

    use super::super::table::FUNCTIONS;
    use crate::cel::{Environment, Expression, Root};
    use crate::place::Origin;

    struct Nothing;

    impl Environment for Nothing {
        fn value(&self, _: Root, _: &str, _: Option<&str>) -> Option<Cow<'_, Value>> {
            None
        }
    }

    #[test]
    fn the_examples_of_the_documentation_are_true() {
        for (call, wanted) in FUNCTIONS.iter().flat_map(|function| function.examples) {
            let expression = Expression::parse(call, Origin::default()).expect(call);
            let value = expression.evaluate(&Nothing).expect(call);
            assert_eq!(&value.to_string(), wanted, "{call}");
        }
    }
}
