"""Logs in with Authlib's client inside a Flask application.

The test and this program exchange one line each: it prints {"visit": address, "until": prefix}, the test walks a browser
there and answers with the address at which the browser came to the prefix. At the end it prints {"done": ...}.
"""

import base64
import json
import os
import sys
from urllib.parse import parse_qs, urlsplit

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, request, session

order = json.loads(os.environ["PEER_ORDER"])


def visit(address, until):
    print(json.dumps({"visit": address, "until": until}), flush=True)
    line = sys.stdin.readline()
    assert line, "the test gave no answer"
    return urlsplit(line.strip())


app = Flask(__name__)
app.secret_key = os.urandom(32)
app.testing = True  # what a view raises comes to this program
yinxin = OAuth(app).register(
    "yinxin",
    server_metadata_url=order["issuer"] + "/.well-known/openid-configuration",
    client_id=order["client_id"],
    client_secret=order["client_secret"],
    client_kwargs={"scope": order["scope"], "code_challenge_method": "S256", "token_endpoint_auth_method": "client_secret_basic"},
)
kept = {}


@app.get("/login")
def login():
    return yinxin.authorize_redirect(order["redirect_uri"])


@app.get("/cb")
def callback():
    token = yinxin.authorize_access_token()  # checks state, signature, issuer, audience, nonce and at_hash
    kept["token"] = token
    session["sub"] = token["userinfo"]["sub"]
    return redirect("/")


def path(address):
    return "/cb?" + address.query


with app.test_client() as browser, app.app_context():
    start = browser.get("/login").headers["Location"]
    back = visit(start, order["redirect_uri"])
    with app.test_client() as stranger:  # has no state of this login
        try:
            stranger.get(path(back))
            raise AssertionError("a stranger's callback was taken")
        except OAuthError:
            pass
    assert browser.get(path(back)).status_code == 302
    token = kept["token"]
    header = json.loads(base64.urlsafe_b64decode(token["id_token"].split(".")[0] + "=="))
    assert header["alg"] == order["alg"], header
    claims = token["userinfo"]
    assert claims["iss"] == order["issuer"]

    info = yinxin.userinfo(token=token)
    assert info["sub"] == claims["sub"] and info["name"] == order["name"], info
    fresh = yinxin.fetch_access_token(grant_type="refresh_token", refresh_token=token["refresh_token"])
    assert fresh["refresh_token"] != token["refresh_token"]
    assert yinxin.userinfo(token=fresh)["sub"] == claims["sub"]

    end = yinxin.create_logout_url(post_logout_redirect_uri=order["post_logout_redirect_uri"], id_token_hint=token["id_token"], state="bye")
    out = visit(end["url"], order["post_logout_redirect_uri"])
    assert parse_qs(out.query)["state"] == ["bye"]
print(json.dumps({"done": {"sub": claims["sub"]}}), flush=True)
