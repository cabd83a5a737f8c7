"""Gives an empty server something to be asked about: experiments in several states, and facts.

The definition is the description's own example, so that its other examples fit."""

import os
import sys

import requests

url, key = sys.argv[1], os.environ["EXPERIMENT_ADMIN_KEY"]
session = requests.Session()
session.headers["X-API-Key"] = key


def send(method, path, body=None):
    answer = session.request(method, url + path, json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()


definition = send("GET", "/openapi.json")["components"]["schemas"]["Definition"]["examples"][0]
for key, steps in {"winback_2026": ["start"], "draft_2026": [], "stopped_2026": ["start", "stop"]}.items():
    send("POST", "/v1/experiments", definition | {"key": key})
    for step in steps:
        send("POST", f"/v1/experiments/{key}/{step}")
for number in range(50):
    customer = {"id": f"c-{number}", "attributes": {"plan": "basic" if number % 2 else "plus"}}
    assigned = send("POST", "/v1/assign", {"experiment": "winback_2026", "customer": customer})
    assert assigned["exposure"] == "recorded", assigned
    order = {"id": f"order-{number}", "customer": customer["id"], "event": "order", "value": number / 10}
    answer = send("POST", "/v1/conversions", order)
    assert answer["accepted"] == 1, answer
