"""Reads a DSSE envelope on stdin and verifies it with securesystemslib. The argument is the node
id. Prints how many keys accepted it."""

import json
import sys

from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

node = sys.argv[1]
key = SSlibKey(node, "ed25519", "ed25519", {"public": node})
print(len(Envelope.from_dict(json.load(sys.stdin)).verify([key], 1)))
