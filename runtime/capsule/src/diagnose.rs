//! The second look at a module that wasmparser rejected: what is broken, and what is merely a
//! feature that capsules may not use.

use std::ops::Range;

use wasmparser::{BinaryReaderError, FunctionBody, Validator, WasmFeatures};

use crate::features::{
    ACCEPTED_FEATURES, FeatureRemedy, all_features, feature_remedies, refused_feature_of, remedy_of,
};
use crate::finding::{Finding, FindingCode, Location};
use crate::walk::Walk;

/// Most functions whose refused features are listed.
const FUNCTIONS_LISTED_MAX: usize = 50;

/// A use of a refused feature.
struct Use {
    feature: WasmFeatures,
    location: Location,
    operator: Option<String>,
}

/// Walks the module again with every feature accepted, so that one pass still finds everything
/// else, and adds what `first_error` was about.
pub(crate) fn diagnose(bytes: &[u8], first_error: BinaryReaderError) -> Walk {
    let mut walk = Walk::new(all_features());
    let mut bodies: Vec<(Range<usize>, u32)> = Vec::new();
    let mut uses: Vec<Use> = Vec::new();
    let broken = walk.run_with(bytes, |body, index| {
        bodies.push((body.range(), index));
        if uses.len() < FUNCTIONS_LISTED_MAX {
            scan(body, index, &mut uses);
        }
    });
    for (feature, offset) in features_needed(bytes) {
        let location = locate(&bodies, offset);
        let known = uses.iter().any(|seen| {
            seen.feature == feature && seen.location.function_index == location.function_index
        });
        // A second memory, a shared one and a 64-bit one have findings of their own.
        let own = matches!(feature, WasmFeatures::MULTI_MEMORY | WasmFeatures::MEMORY64)
            || (feature == WasmFeatures::THREADS && location.function_index.is_none());
        if !known && !own {
            uses.push(Use {
                feature,
                location,
                operator: None,
            });
        }
    }
    let explained = !uses.is_empty() || !walk.findings.is_empty();
    for seen in uses {
        walk.report(feature_finding(&seen));
    }
    match broken {
        Err(error) => walk.report(invalid(&error, &bodies)),
        Ok(()) if !explained => walk.report(invalid(&first_error, &bodies)),
        Ok(()) => {}
    }
    walk
}

/// The first use of each refused feature in one function body.
fn scan(body: &FunctionBody<'_>, index: u32, uses: &mut Vec<Use>) {
    let mut seen = WasmFeatures::empty();
    let Ok(mut operators) = body.get_operators_reader() else {
        return;
    };
    while !operators.eof() {
        let offset = operators.original_position();
        let Ok(operator) = operators.read() else {
            return;
        };
        let Some(feature) =
            refused_feature_of(&operator).filter(|feature| !seen.contains(*feature))
        else {
            continue;
        };
        seen |= feature;
        let shown = format!("{operator:?}");
        let name = shown
            .split([' ', '{', '('])
            .next()
            .unwrap_or_default()
            .to_owned();
        uses.push(Use {
            feature,
            location: Location::in_function(offset, index),
            operator: Some(name),
        });
    }
}

/// The refused features that the module needs, each with the offset at which it is first missed:
/// found by accepting one more feature for as long as that gets the validator further.
fn features_needed(bytes: &[u8]) -> Vec<(WasmFeatures, usize)> {
    let mut accepted = ACCEPTED_FEATURES;
    let mut needed = Vec::new();
    while let Err(error) = Validator::new_with_features(accepted).validate_all(bytes) {
        let further = feature_remedies().iter().find(|row| {
            !accepted.contains(row.feature)
                && match Validator::new_with_features(accepted.union(row.feature))
                    .validate_all(bytes)
                {
                    Ok(_) => true,
                    // Some places need two features, missed one after the other.
                    Err(next) => {
                        next.offset() > error.offset()
                            || (next.offset() == error.offset()
                                && next.message() != error.message())
                    }
                }
        });
        let Some(row) = further else {
            break;
        };
        needed.push((row.feature, error.offset()));
        accepted = accepted.union(row.feature);
    }
    needed
}

fn locate(bodies: &[(Range<usize>, u32)], offset: usize) -> Location {
    match bodies.iter().find(|(range, _)| range.contains(&offset)) {
        Some((_, index)) => Location::in_function(offset, *index),
        None => Location::at(offset),
    }
}

fn feature_finding(seen: &Use) -> Finding {
    let unknown = FeatureRemedy {
        name: "unknown",
        feature: seen.feature,
        remedy: "switch the feature off",
    };
    let row = remedy_of(seen.feature).unwrap_or(&unknown);
    let message = match &seen.operator {
        Some(operator) => format!(
            "uses the feature {} ({operator}), which capsules may not use",
            row.name
        ),
        None => format!("uses the feature {}, which capsules may not use", row.name),
    };
    Finding::error(FindingCode::FeatureDisabled, seen.location.clone(), message)
        .with_remedy(row.remedy)
}

fn invalid(error: &BinaryReaderError, bodies: &[(Range<usize>, u32)]) -> Finding {
    let message = match error.message().char_indices().nth(400) {
        Some((cut, _)) => format!(
            "is not valid: {}…",
            error.message().get(..cut).unwrap_or_default()
        ),
        None => format!("is not valid: {}", error.message()),
    };
    let printable: String = message
        .chars()
        .flat_map(|c| {
            if (' '..='~').contains(&c) || c == '…' {
                vec![c]
            } else {
                c.escape_default().collect()
            }
        })
        .collect();
    Finding::error(
        FindingCode::ModuleInvalid,
        locate(bodies, error.offset()),
        printable,
    )
}
