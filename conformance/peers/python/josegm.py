"""JSON Web tokens of the GM profile on gmalg: SM2, SM3 and the SM4 block are gmalg's; counter mode with authentication
(NIST SP 800-38D), which gmalg lacks, and the envelope are read here.

A case is a line "name TAB kind TAB field=hex ..." of the file named; the answer is "name TAB accept", "name TAB refuse TAB
why" or "name TAB made TAB token". The verdict that is wanted is not told.
"""

import base64
import hashlib
import json
import re
import secrets
import sys

import gmalg

USER = b"1234567812345678"


def require(holds, what):
    if not holds:
        raise ValueError(what)


def encode(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def decode(text):
    require(re.fullmatch(r"[A-Za-z0-9_-]*", text), "not base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sm3(octets):
    digest = gmalg.SM3()
    digest.update(octets)
    return digest.value()


def der(tag, content):
    length = len(content)
    return bytes([tag]) + (bytes([length]) if length < 128 else bytes([0x81, length])) + content


def der_integer(number):
    return der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def members(octets):
    """Contents of the members of a DER SEQUENCE; whether it is DER shows when it is written again."""
    require(len(octets) > 2 and octets[0] == 0x30, "no SEQUENCE")
    rest, found = octets[3 if octets[1] == 0x81 else 2 :], []
    while rest:
        require(len(rest) > 1 and len(rest) >= 2 + rest[1], "cut")
        found.append(rest[2 : 2 + rest[1]])
        rest = rest[2 + rest[1] :]
    return found


def public_key(jwk):
    x, y = decode(jwk["x"]), decode(jwk["y"])
    require(len(x) == 32 and len(y) == 32, "coordinates")
    point = b"\x04" + x + y
    require(gmalg.SM2().verify_pk(point), "not a point of the curve")
    return point


def find(keys, kid):
    """The key for signatures with the kid, or the only one."""
    fit = [k for k in json.loads(keys)["keys"] if k["crv"] == "SM2-P-256" and k.get("use") != "enc" and (kid is None or k.get("kid") == kid)]
    require(len(fit) == 1, "no key, or a choice")
    return fit[0]


def verify(case, token):
    parts = token.split(".")
    require(len(parts) == 3, "not three parts")
    header = json.loads(decode(parts[0]))
    require(header["alg"] == "SGD_SM3_SM2", "another alg")
    point = public_key(find(case["keys"], header.get("kid")))
    signature = decode(parts[2])
    if case.get("encoding") == b"der":
        pair = [int.from_bytes(m, "big") for m in members(signature)]
        require(len(pair) == 2 and der(0x30, b"".join(map(der_integer, pair))) == signature, "not DER")
        r, s = (number.to_bytes(33, "big") for number in pair)
    else:
        require(len(signature) == 64, "not 64 octets")
        r, s = signature[:32], signature[32:]
    require(gmalg.SM2(uid=USER, pk=point).verify((parts[0] + "." + parts[1]).encode(), r, s), "signature does not verify")


def times(x, y):
    """Product in GF(2^128); the first bit is the most significant."""
    product = 0
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            product ^= y
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return product


def gcm(key, iv, associated, text, seal):
    """The other text, and the tag."""
    block = gmalg.SM4(key).encrypt
    stream = b"".join(block(iv + (2 + i).to_bytes(4, "big")) for i in range((len(text) + 15) // 16))
    other = bytes(a ^ b for a, b in zip(text, stream))
    cipher = other if seal else text
    h, total = int.from_bytes(block(bytes(16)), "big"), 0
    lengths = (8 * len(associated)).to_bytes(8, "big") + (8 * len(cipher)).to_bytes(8, "big")
    for part in (associated, cipher, lengths):
        for at in range(0, len(part), 16):
            total = times(total ^ int.from_bytes(part[at : at + 16].ljust(16, b"\0"), "big"), h)
    return other, bytes(a ^ b for a, b in zip(total.to_bytes(16, "big"), block(iv + b"\0\0\0\1")))


def decrypt(case):
    parts = case["token"].decode().split(".")
    require(len(parts) == 5, "not five parts")
    header = json.loads(decode(parts[0]))
    require(header["alg"] == "SGD_SM2_3" and header["enc"] == "SGD_SM4_GCM" and header["kid"] == case["kid"].decode(), "another algorithm or key")
    wrapped, iv, cipher, tag = map(decode, parts[1:])
    if case.get("encoding") == b"asn1":
        found = members(wrapped)
        require(len(found) == 4, "four members")
        x, y = (int.from_bytes(m, "big") for m in found[:2])
        require(der(0x30, der_integer(x) + der_integer(y) + der(4, found[2]) + der(4, found[3])) == wrapped, "not DER")
        wrapped = b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big") + found[2] + found[3]
    require(len(wrapped) == 113 and wrapped[0] == 4 and len(iv) == 12 and len(tag) == 16, "lengths")
    key = gmalg.SM2(sk=case["private_key"]).decrypt(wrapped)
    plain, computed = gcm(key, iv, parts[0].encode(), cipher, False)
    require(computed == tag, "tag")
    return plain


def sign(case):
    text = encode(case["header"]) + "." + encode(case["payload"])
    r, s = gmalg.SM2(sk=case["private_key"], uid=USER).sign(text.encode())
    if case.get("encoding") == b"der":
        signature = der(0x30, der_integer(int.from_bytes(r, "big")) + der_integer(int.from_bytes(s, "big")))
    else:
        signature = r.rjust(32, b"\0") + s.rjust(32, b"\0")
    return text + "." + encode(signature)


def encrypt(case):
    key, iv = secrets.token_bytes(16), secrets.token_bytes(12)
    wrapped = gmalg.SM2(pk=case["public_key"]).encrypt(key)
    if case.get("encoding") == b"asn1":
        x, y = (int.from_bytes(wrapped[at : at + 32], "big") for at in (1, 33))
        wrapped = der(0x30, der_integer(x) + der_integer(y) + der(4, wrapped[65:97]) + der(4, wrapped[97:]))
    header = encode(case["header"])
    cipher, tag = gcm(key, iv, header.encode(), case["plaintext"], True)
    return ".".join([header, encode(wrapped), encode(iv), encode(cipher), encode(tag)])


def thumbprint_input(case):
    jwk = find(case["keys"], None)
    return json.dumps({name: jwk[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":")).encode()


def judge(kind, case):
    if kind == "jws":
        verify(case, case["token"].decode())
    elif kind == "jwe":
        require(decrypt(case) == case["plaintext"], "another plaintext")
    elif kind == "nested":
        verify(case, decrypt(case).decode())
    elif kind == "half_hash":
        require(encode(sm3(case["value"])[:16]).encode() == case["hash"], "another hash")
    elif kind == "thumbprint_sm3":
        require(encode(sm3(thumbprint_input(case))).encode() == case["thumbprint"], "another thumbprint")
    elif kind == "thumbprint_sha256":
        require(encode(hashlib.sha256(thumbprint_input(case)).digest()).encode() == case["thumbprint"], "another thumbprint")
    elif kind == "sign":
        return sign(case)
    elif kind == "encrypt":
        return encrypt(case)
    else:
        sys.exit("kind " + kind)
    return None


with open(sys.argv[1], encoding="ascii") as cases:
    for line in cases:
        name, kind, *fields = line.rstrip("\n").split("\t")
        case = {}
        for field in fields:
            key, value = field.split("=")
            case[key] = bytes.fromhex(value)
        try:
            made = judge(kind, case)
            answer = "accept" if made is None else "made\t" + made
        except Exception as refusal:
            answer = "refuse\t" + " ".join(f"{type(refusal).__name__}: {refusal}".split())
        print(name + "\t" + answer)
print("ok")
