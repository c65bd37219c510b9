"""Checks the JSON on stdin against the JSON schema whose file is the argument. Prints `valid`."""

import json
import sys

from jsonschema import Draft7Validator

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
Draft7Validator.check_schema(schema)
errors = list(Draft7Validator(schema).iter_errors(json.load(sys.stdin)))
for error in errors:
    print(error.json_path, error.message, file=sys.stderr)
sys.exit(1) if errors else print("valid")
