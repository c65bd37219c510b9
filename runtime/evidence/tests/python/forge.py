"""Forges Ed25519 signatures that no strict verifier may accept. Arguments: the seed and an honest
signature in hexadecimal; stdin: the message. Prints one signature per line."""

import hashlib
import sys

ORDER = 2**252 + 27742317777372353535851937790883648493


def number(data):
    return int.from_bytes(data, "little")


seed, honest = (bytes.fromhex(argument) for argument in sys.argv[1:])
message = sys.stdin.buffer.read()
secret = hashlib.sha512(seed).digest()[:32]
secret = number(secret) & ((1 << 254) - 8) | 1 << 254

# R is the neutral element, so S = H(R, A, M) * a satisfies S * B = R + H(R, A, M) * A.
public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
neutral = b"\x01" + bytes(31)
challenge = number(hashlib.sha512(neutral + public + message).digest())
print((neutral + (challenge * secret % ORDER).to_bytes(32, "little")).hex())

# S + L satisfies the same equation as S.
print((honest[:32] + (number(honest[32:]) + ORDER).to_bytes(32, "little")).hex())
