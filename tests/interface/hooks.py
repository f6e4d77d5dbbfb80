"""What schemathesis needs to speak to a node: values of the dictionary's formats, signatures as the interface document says, and
a look at every answer's form and signature."""

import atexit
import collections
import datetime
import hashlib
import json
import os
import uuid

import schemathesis
from gmssl import sm3 as slow_sm3
from gmssl import sm4
from hypothesis import strategies as st

KEY = bytes.fromhex(os.environ["SESAME_KEY"])
DATA_KEY = bytes.fromhex(os.environ["SESAME_DATA_KEY"])
# How often each code was answered; success is 0001.
MET = collections.Counter()

# By the first byte of a hash of the request: who sends it. The most sign as the app that may do everything.
SENDERS = {0: "stranger", 1: "stranger", 2: "forger", 3: "reader", 4: "small", 5: "slow", 6: "literal", 7: "sealed", 8: "hmac",
           9: "reuser", 10: "confused"}
SHARES = 24

DATES = st.dates(datetime.date(2000, 1, 1), datetime.date(2025, 12, 31))
TIMES = st.datetimes(datetime.datetime(2000, 1, 1), datetime.datetime(2025, 12, 31))
USCC = st.sampled_from(["91370100MA3C00011J", "91370100MA3C000540", "1132000001400001XX"])
ID_CARD = st.just("110101190001010014")
schemathesis.openapi.format("date", DATES.map(lambda date: date.isoformat()))
schemathesis.openapi.format("civil-datetime", TIMES.map(lambda time: time.strftime("%Y-%m-%d %H:%M:%S")))
schemathesis.openapi.format("region", st.sampled_from(["370203"] * 9 + ["320106"]))
schemathesis.openapi.format("uscc", USCC)
schemathesis.openapi.format("id-card", ID_CARD)
schemathesis.openapi.format("uscc-or-id-card", USCC | ID_CARD)
schemathesis.openapi.format("phone", st.sampled_from(["13812345678", "0532-85912345", "96333"]))
schemathesis.openapi.format("identifier", st.text("ABCDEFG0123456789鲁梯", min_size=1, max_size=20))


def sm3(data):
    """SM3 of bytes, in lower-case hexadecimal. gmssl's own takes seconds for a megabyte."""
    if "sm3" in hashlib.algorithms_available:
        return hashlib.new("sm3", data).hexdigest()
    return slow_sm3.sm3_hash(list(data))


def sign(appid, canonical):
    """The signature by the profile of the app."""
    data = canonical.encode("utf-8", "surrogatepass")
    if appid == "hmac":
        pads = [bytes(byte ^ pad for byte in KEY.ljust(64, b"\0")) for pad in (0x36, 0x5C)]
        return sm3(pads[1] + bytes.fromhex(sm3(pads[0] + data))).upper()
    cipher = sm4.CryptSM4()
    cipher.set_key(KEY, sm4.SM4_ENCRYPT)
    return cipher.crypt_ecb(sm3(data).encode("ascii")).hex().upper()


def seal(text):
    """The ciphertext of a busilist."""
    iv, cipher = os.urandom(16), sm4.CryptSM4()
    cipher.set_key(DATA_KEY, sm4.SM4_ENCRYPT)
    return (iv + cipher.crypt_cbc(iv, text.encode("utf-8", "surrogatepass"))).hex().upper()


def is_envelope(body):
    strings = ("appid", "busicode", "action", "random", "sign")
    return isinstance(body, dict) and all(isinstance(body.get(name), str) for name in strings) and isinstance(
        body.get("busilist"), (str, list))


@schemathesis.hook
def before_call(context, case, **kwargs):
    """Signs what is an envelope, as one of the apps; leaves the rest as a stranger would send it."""
    body = case.body
    if not is_envelope(body):
        return
    choice = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).digest()
    sender = SENDERS.get(choice[0] % SHARES, "full")
    if sender == "stranger":
        return
    body = dict(body)
    body["appid"] = sender if sender in ("reader", "small", "slow", "literal", "sealed", "hmac") else "full"
    body["random"] = "reused" if sender == "reuser" else str(uuid.uuid4())
    if sender == "forger":
        case.body = body
        return
    if sender == "confused":
        body.update([("busicode", "012"), ("action", "05")][choice[1] % 2:][:1])
    busilist = body["busilist"]
    # The text of an array as it is sent: schemathesis writes its bodies with json.dumps as well.
    text = busilist if isinstance(busilist, str) else json.dumps(busilist)
    if sender == "sealed":
        body["busilist"] = text = seal(text)
    elif choice[1] % 3 == 0:
        body["busilist"] = text
    canonical = (f"action={body['action']}&appid={body['appid']}&busicode={body['busicode']}&busilist={text}"
                 f"&random={body['random']}")
    body["sign"] = sign(body["appid"], canonical)
    case.body = body


def raw_datalist(text):
    """The exact text of datalist, which stands first in an answer, or its content where it is a string."""
    begin = text.index('"datalist":') + len('"datalist":')
    value, end = json.JSONDecoder().raw_decode(text, begin)
    return value if isinstance(value, str) else text[begin:end]


@schemathesis.check
def answer_of_annex_a(ctx, response, case):
    """Every POST ends in an answer that says success where the status does, is to this request, and is signed by the app's key
    once the caller is known."""
    if not case.path.endswith("openapi.json") or response.status_code not in (200, 304):
        text = response.text
        answer = json.loads(text)
        signed = raw_datalist(text)
        datalist = json.loads(signed)
        success = datalist["result"] == "0001"
        code = "0001" if success else datalist["message"][1:].split("]")[0]
        MET[code] += 1
        body = case.body if isinstance(case.body, dict) else {}
        appid = body.get("appid")
        assert success == (response.status_code == 200) or appid == "literal", f"{response.status_code} and {code}"
        if answer["sign"]:
            expected = sign(appid, f"datalist={signed}&random={answer['random']}")
            assert answer["sign"] == expected, f"the signature of the answer does not hold: {text[:500]}"
            assert answer["random"] == body["random"], f"the answer is to another request: {text[:500]}"
        else:
            # Whoever is not known, or has not proved to be who it says it is, gets no signature.
            known = {"MALFORMED", "UNKNOWN_APP", "SIGN_MISMATCH", "TRANSFER_FAILED", "NOT_FOUND"}
            assert code in known, f"an unsigned {code}: {text[:500]}"


@atexit.register
def report():
    if MET:
        with open(os.environ["SESAME_CODES"], "w", encoding="utf-8") as file:
            json.dump(MET, file)
