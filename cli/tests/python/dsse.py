"""Reads a DSSE envelope on stdin and verifies it with the standard library and openssl. Prints the
payload. The argument is the node id: the 32 bytes of the public key in hexadecimal."""

import base64
import json
import subprocess
import sys
import tempfile

envelope = json.load(sys.stdin)
[signature] = envelope["signatures"]
kind = envelope["payloadType"].encode()
payload = base64.b64decode(envelope["payload"], validate=True)
files = {
    "message": b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload),
    "signature": base64.b64decode(signature["sig"], validate=True),
    # A SubjectPublicKeyInfo for Ed25519 (RFC 8410).
    "key": bytes.fromhex("302a300506032b6570032100" + sys.argv[1]),
}
with tempfile.TemporaryDirectory() as place:
    for name, content in files.items():
        with open(f"{place}/{name}", "wb") as file:
            file.write(content)
    command = "openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey key -in message -sigfile signature"
    subprocess.run(command.split(), cwd=place, check=True, stdout=subprocess.DEVNULL)
sys.stdout.buffer.write(payload)
