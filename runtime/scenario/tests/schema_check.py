"""Checks documents against a schema; both come as JSON on standard input."""

import json
import sys

from jsonschema import Draft202012Validator

given = json.load(sys.stdin)
Draft202012Validator.check_schema(given["schema"])
validator = Draft202012Validator(given["schema"])


def examples(schema, path):
    """Every default and example of the schema, with the schema that it belongs to."""
    if isinstance(schema, dict):
        for value in schema.get("examples", []) + [schema[k] for k in ["default"] if k in schema]:
            if "description" in schema:
                yield path, schema, value
        for key, inside in schema.items():
            if key not in ("examples", "default"):
                yield from examples(inside, f"{path}/{key}")
    elif isinstance(schema, list):
        for index, inside in enumerate(schema):
            yield from examples(inside, f"{path}/{index}")


wrong = []
for path, schema, value in examples(given["schema"], ""):
    whole = {**schema, "$defs": given["schema"]["$defs"]}
    for error in Draft202012Validator(whole).iter_errors(value):
        wrong.append(f"example {path}: {error.message}")
for document in given["documents"]:
    errors = list(validator.iter_errors(document["document"]))
    if document["expected"] is True:
        wrong += [f"{document['name']}: {error.json_path}: {error.message}" for error in errors]
    if document["expected"] is False and not errors:
        wrong.append(f"{document['name']}: the schema accepts it")
print("\n".join(wrong) if wrong else f"{len(given['documents'])} documents")
sys.exit(bool(wrong))
