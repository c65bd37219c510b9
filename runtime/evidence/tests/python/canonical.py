"""Reads a receipt on stdin. Prints, in hexadecimal, the file and the signed bytes that its values
have in canonical form, made with the standard library alone."""

import json
import sys


def canonical(value):
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8")


receipt = json.load(sys.stdin)
print(canonical(receipt).hex())
del receipt["signature"]
body = canonical(receipt)
kind = b"application/vnd.tenzik.receipt.v1+json"
print((b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)).hex())
