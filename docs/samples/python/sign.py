#!/usr/bin/env python3
"""Sends one signed exchange to sesame and verifies the answer. Needs Python 3.8 and gmssl (requirements.txt).

    python3 sign.py URL APPID KEYHEX BUSICODE ACTION FILE [--random R] [--sign-only]

FILE holds the busilist: a JSON array of flat objects, in UTF-8. --random sets 请求随机标识 instead of a new UUID;
--sign-only prints the signature and sends nothing. Exit status: 0 accepted, 1 refused or not verified, 2 wrong usage.

    python3 sign.py http://127.0.0.1:18101/sesame/exchange demo-370203 0123456789abcdeffedcba9876543210 003 01 records.json
"""

import argparse
import json
import re
import sys
import urllib.error
import urllib.request
import uuid

from gmssl import sm3, sm4

SPACE = re.compile(r"[ \t\r\n]*")


# [begin: sesame app add]
def sign(key, canonical):
    """Upper-case hex of SM4-ECB-PKCS#7(key, lower-case hex of SM3(canonical))."""
    # gmssl's SM3 is written in Python, some five seconds a megabyte. Where Python's OpenSSL has SM3, this is the same at once:
    # hashlib.new("sm3", canonical.encode("utf-8")).hexdigest()
    digest = sm3.sm3_hash(list(canonical.encode("utf-8")))
    cipher = sm4.CryptSM4()
    cipher.set_key(key, sm4.SM4_ENCRYPT)
    return cipher.crypt_ecb(digest.encode("ascii")).hex().upper()


def build_request(appid, key, busicode, action, busilist, random):
    """The body of a request. The busilist travels as a JSON string: its text is signed, and no library can reformat it."""
    canonical = f"action={action}&appid={appid}&busicode={busicode}&busilist={busilist}&random={random}"
    request = {"appid": appid, "busicode": busicode, "action": action, "busilist": busilist, "random": random}
    request["sign"] = sign(key, canonical)
    return request
# [end: sesame app add]


def raw_members(text):
    """The members of a JSON object, each value as its exact text: the signature covers the text, not what it means."""
    decoder, members = json.JSONDecoder(), {}
    json.loads(text)
    at = SPACE.match(text, text.index("{") + 1).end()
    while text[at] != "}":
        name, at = decoder.raw_decode(text, at)
        start = SPACE.match(text, text.index(":", at) + 1).end()
        _, end = decoder.raw_decode(text, start)
        members[name] = text[start:end]
        at = SPACE.match(text, end).end()
        if text[at] == ",":
            at = SPACE.match(text, at + 1).end()
    return members


def verify_answer(body, key, random):
    """Whether the answer is to this request and signed with the key; and its datalist."""
    members = raw_members(body)
    datalist = members["datalist"]
    if datalist.startswith('"'):  # Some nodes are set to send it as a string (table 4): then its content is signed.
        datalist = json.loads(datalist)
    expected = sign(key, f"datalist={datalist}&random={random}")
    verified = json.loads(members["random"]) == random and json.loads(members["sign"]).upper() == expected
    return verified, json.loads(datalist)


# [begin: sesame app add]
def post(url, request):
    """The body of the response. A refusal comes with a 4xx status and is an answer like any other."""
    data = json.dumps(request, ensure_ascii=False).encode("utf-8")
    headers = {"Content-Type": "application/json; charset=utf-8"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=60) as response:
            return response.read().decode("utf-8")
    except urllib.error.HTTPError as refusal:
        return refusal.read().decode("utf-8")
# [end: sesame app add]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("url", "appid", "keyhex", "busicode", "action", "file"):
        parser.add_argument(name, metavar=name.upper())
    parser.add_argument("--random", default=str(uuid.uuid4()))
    parser.add_argument("--sign-only", action="store_true")
    given = parser.parse_args()
    # gmssl takes a key of any length and silently uses its first 16 bytes, so the length is checked here.
    if not re.fullmatch("[0-9a-fA-F]{32}", given.keyhex):
        parser.error("KEYHEX is the 16 bytes of the key as 32 hexadecimal digits")
    key = bytes.fromhex(given.keyhex)
    with open(given.file, encoding="utf-8-sig", newline="") as file:
        busilist = file.read().strip(" \t\r\n")
    if not isinstance(json.loads(busilist), list):
        parser.error("FILE is not a JSON array")

    request = build_request(given.appid, key, given.busicode, given.action, busilist, given.random)
    if given.sign_only:
        print(request["sign"])
        return 0
    body = post(given.url, request)
    print(body)
    verified, datalist = verify_answer(body, key, given.random)
    print("answer signature:", "verified" if verified else "NOT VERIFIED", file=sys.stderr)
    return 0 if verified and datalist["result"] == "0001" else 1


if __name__ == "__main__":
    sys.exit(main())
