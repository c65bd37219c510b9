"""Reads a receipt of a batch on stdin and verifies it with the standard library and openssl.
Prints the root of its batch."""

import hashlib
import json
import subprocess
import sys
import tempfile


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


receipt = json.load(sys.stdin)
index, last = int(receipt.pop("batch_index")), int(receipt.pop("batch_size")) - 1
size, path = last + 1, bytes.fromhex(receipt.pop("batch_path"))
signature, node = bytes.fromhex(receipt.pop("signature")), receipt["node_id"]
assert receipt["version"] == "2" and 0 <= index < size
root = sha256(b"\0", canonical(receipt))
for sibling in [path[at : at + 32] for at in range(0, len(path), 32)]:  # RFC 9162, section 2.1.3.2
    assert last > 0
    if index % 2 or index == last:
        root = sha256(b"\1", sibling, root)
        while index and index % 2 == 0:
            index, last = index >> 1, last >> 1
    else:
        root = sha256(b"\1", root, sibling)
    index, last = index >> 1, last >> 1
assert last == 0
head = canonical({"node_id": node, "root": root.hex(), "size": str(size), "tree": "rfc6962-sha256", "version": "1"})
kind = b"application/vnd.tenzik.batch-head.v1+json"
with tempfile.TemporaryDirectory() as place:
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(head), head)
    key = bytes.fromhex("302a300506032b6570032100" + node)
    for name, content in [("message", message), ("signature", signature), ("key", key)]:
        with open(f"{place}/{name}", "wb") as file:
            file.write(content)
    command = "openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey key -in message -sigfile signature"
    subprocess.run(command.split(), cwd=place, check=True, stdout=subprocess.DEVNULL)
print(root.hex())
