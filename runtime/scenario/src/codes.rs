//! Every code of problems and of steps that fail, in one list.

/// What `tenzik explain` says about a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeFacts {
    /// The code.
    pub code: &'static str,
    /// Why there is such a problem.
    pub cause: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

macro_rules! codes {
    ($($code:literal, $cause:literal, $remedy:literal;)*) => {
        &[$(CodeFacts { code: $code, cause: $cause, remedy: $remedy }),*]
    };
}

/// Codes of problems of a scenario: it is not run.
pub const PROBLEM_CODES: &[CodeFacts] = codes! {
    "arithmetic", "an expression divides by zero or leaves the range of its numbers", "change the numbers, or convert with double()";
    "bad_parameter", "a parameter of a tool has another type than the tool takes", "see the message: it says what the tool takes";
    "bad_value", "a value of a scenario is outside of its range", "see the message: it has the range";
    "control_character", "a scenario has a control character", "remove it, or write it as an escape in a quoted text";
    "cycle", "steps wait for each other, or for a step that they lie in", "remove one of the references or needs between them";
    "duplicate_key", "a mapping of a scenario has the same key twice", "remove one of them";
    "duplicate_name", "two steps, groups or variables have the same name", "give one of them another name";
    "effect_not_pure", "a step is said to be pure, but its capsule has effects", "write effect: idempotent or at_most_once";
    "expression_empty", "there is nothing between ${{ and }}", "write an expression, or $${{ for the text itself";
    "expression_limit", "an expression is too long, too deep, or computes too much", "split it into several let steps";
    "expression_misplaced", "an expression stands where the value has to be known before the run", "write the value itself";
    "expression_syntax", "a text is no expression of CEL", "see docs/scenarios-expressions.md";
    "input_outside", "the input file of a step lies outside of the scenario's directory, and no [[files]] tree of its policy lets it be read", "move the file, or grant its directory in [[files]] with access read";
    "input_twice", "a run step has more than one of input, input_file and input_artifact", "keep one of them";
    "invalid_argument", "a function of an expression refuses its argument", "see docs/scenarios-expressions.md";
    "key_malformed", "a key of a mapping is no text", "write a text";
    "limit_raised", "a step asks for a higher limit than its policy allows", "raise it in the policy";
    "misplaced_key", "a key belongs to another kind of step", "move or remove it";
    "missing_key", "a key that is needed is not there", "add it";
    "missing_parameter", "a parameter that a tool needs is not given", "add it beside tool:";
    "missing_value", "an expression asks for a key or an index that is not there", "ask with has(), or give coalesce() another value";
    "name_malformed", "a name has characters that names may not have", "see the message: it says which";
    "name_reserved", "a name is a word of the expression language", "choose another name";
    "name_twice", "there are two of the same name", "give one of them another name";
    "not_json", "a text that is read as JSON is none", "see the place in the message";
    "number_not_finite", "a number is infinite or none", "write a finite number";
    "number_too_large", "a number does not fit 64 bits", "write it as a text";
    "out_of_range", "a value of a scenario is outside of its range", "see the message: it has the range";
    "parameter_malformed", "a parameter of a tool is not declared as parameters are", "see docs/scenarios.md";
    "parameter_misplaced", "an argument of a tool names a parameter where it cannot stand", "see docs/scenarios.md";
    "retries_at_most_once", "a step that must not be repeated has retries", "write effect: idempotent if a repetition does no harm";
    "step_kind", "a step has no kind, or several", "write exactly one of let, secret, assets, run, exec, scan, if, for_each, report";
    "step_not_visible", "a step lies in a loop or a fallback that the one that refers to it is not part of", "refer to the step around it";
    "too_many_steps", "a scenario has too many steps", "use for_each";
    "tool_missing", "a program that a policy names is not on this machine", "install it, or correct program = in the policy";
    "type_mismatch", "an operator, a function or a key takes another type", "convert the value, or write another one";
    "unknown_adapter", "there is no adapter of this name", "write one of those in the message";
    "unknown_function", "an expression calls a function that there is not", "see docs/scenarios-expressions.md";
    "unknown_key", "a scenario has a key that means nothing there", "correct or remove it";
    "unknown_limit", "there is no limit of this name", "see docs/limits.md";
    "unknown_name", "a name stands for nothing at this place", "see the message: it has names that are known";
    "unknown_parameter", "a tool has no parameter of this name", "see the message: it has those that there are";
    "unknown_policy", "there is no policy of this name", "add it to policies: at the top of the scenario";
    "unknown_secret", "the policy of a step has no secret of this name", "add [secrets.NAME] to the policy";
    "unknown_step", "there is no step of this name", "name a step of the scenario";
    "unknown_tool", "there is no tool of this name", "add it to tools: at the top of the scenario";
    "unknown_word", "a key takes one of a few words, and this is none of them", "see the message: it has the words";
    "unreachable_step", "a step can never run, since its condition is constant or its loop empty", "remove it, or let the condition depend on something";
    "value_malformed", "a value is not written as its key needs it, such as a duration or a size", "see the message: it says how it is written";
    "variable_twice", "two steps set the same variable and both may run", "use another name";
    "version_unknown", "the scenario is written in another version of the language", "write version: 1";
    "wrong_arguments", "a function of an expression gets too many arguments or too few", "see docs/scenarios-expressions.md";
    "wrong_type", "a value of a scenario has another type than its key takes", "see the message: it says which";
    "yaml_alias", "an alias names no anchor above it", "correct the name, or write the value itself";
    "yaml_documents", "a file has more than one document", "write one scenario in a file";
    "yaml_empty", "a file has no document", "see docs/scenarios.md";
    "yaml_limit", "a file is too large, too deep, or its aliases stand for too much", "split it, or use for_each";
    "yaml_malformed", "a file is not YAML", "see the place in the message";
    "yaml_merge_key", "a file has the merge key <<", "write the keys out";
    "yaml_tag", "a file has a tag other than those of the core schema", "remove it";
    "yaml_version", "a file asks for another version of YAML", "remove the directive";
};

/// Codes of steps that fail while a scenario runs.
pub const STEP_CODES: &[CodeFacts] = codes! {
    "assumed_failed", "resume --assume failed decided that the step did not happen", "run the scenario again";
    "capsule_changed", "a capsule is not the one that was planned with", "plan again: start a new run";
    "expression_failed", "an expression of the step has no value, or one of the wrong type", "the message has line and column";
    "input_refused", "a step may not read its input file: it lies outside of the scenario's directory and the policy's trees, or is tenzik's own", "move the file, or grant its directory in [[files]] with access read";
    "items_failed", "items of a loop failed", "tenzik show names the steps that failed";
    "memory_guard", "the machine has too little memory for another job", "wait, or pass --guard-memory or --no-guard";
    "output_not_json", "the output is not JSON, as the step says it is", "correct output: of the step";
    "output_not_text", "the output is not UTF-8, as text has to be", "write output: bytes";
    "output_too_deep", "the output is JSON of more than 96 levels", "write output: text, or bytes and hand the artifact on";
    "output_too_large", "the output is too large to be a value", "write output: bytes and hand the artifact on";
    "outputs_too_large", "all outputs together are too large to be values", "write output: bytes and hand artifacts on";
    "queue_timeout", "the step waited for the machine until its time was over, and never began", "raise timeout or --guard-cpu, or pass --no-guard";
    "report_too_large", "a report has too many columns, cells or bytes", "write several reports, each of a part";
    "secret_unavailable", "a secret cannot be had from where the policy says", "see docs/secrets.md";
    "timeout", "the step was ended at its timeout", "raise timeout, or give it less to do";
    "too_many_items", "a loop has more items than max_items", "raise max_items, or give it fewer";
    "too_many_rows", "a report has too many rows", "give it fewer";
    "too_many_targets", "a group has too many targets", "use a smaller network, or expand: false";
};

/// Whether a code is one of problems.
pub(crate) fn is_problem(code: &str) -> bool {
    PROBLEM_CODES.iter().any(|known| known.code == code)
}

#[cfg(test)]
mod tests {
    use super::{PROBLEM_CODES, STEP_CODES};

    #[test]
    fn they_are_sorted_and_unique() {
        for list in [PROBLEM_CODES, STEP_CODES] {
            assert!(list.windows(2).all(|pair| pair[0].code < pair[1].code));
        }
    }
}
