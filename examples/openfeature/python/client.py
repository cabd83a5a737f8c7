"""A service in Python that asks for flags as it goes: python client.py URL KEY."""

import json
import sys
import urllib.request

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext


def plain(value):
    return value if isinstance(value, str) else json.dumps(value)


def show(customer, kind, details):
    """One evaluation on a line, the same way in every client."""
    metadata = [f"{name}={plain(value)}" for name, value in sorted(details.flag_metadata.items())]
    value = json.dumps(details.value, sort_keys=True, separators=(",", ":"))
    error = details.error_code.value if details.error_code else "-"
    print(details.flag_key, customer, kind, value, details.variant or "-", details.reason, error, *metadata)


def send(server, key, path, fact):
    """What a customer met and did: OpenFeature evaluates flags and reports nothing by itself."""
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    request = urllib.request.Request(f"{server}/v1/{path}", json.dumps(fact).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        answer = json.load(response)
    counts = [f"{answer[name]} {name}" for name in ("accepted", "duplicates", "rejected")]
    print(f"{path}: {', '.join(counts)}")


def main(server, key):
    api.set_provider(OFREPProvider(server, headers_factory=lambda: {"Authorization": f"Bearer {key}"}))
    client = api.get_client()
    for customer in ["p-1", "p-2", "qa-1"]:
        context = EvaluationContext(customer, {"days_since_order": 75})
        show(customer, "boolean", client.get_boolean_details("free_shipping", False, context))
        show(customer, "string", client.get_string_details("banner", "default", context))
        show(customer, "integer", client.get_integer_details("percent", -1, context))
        show(customer, "float", client.get_float_details("price_factor", -1.0, context))
        show(customer, "object", client.get_object_details("card", {"title": "default"}, context))
        show(customer, "string", client.get_string_details("checkout", "default", context))
        show(customer, "integer", client.get_integer_details("upcoming", -1, context))
        show(customer, "string", client.get_string_details("settled", "default", context))
    # Not at risk, so not in the audience.
    recent = EvaluationContext("p-1", {"days_since_order": 5})
    show("p-1", "string", client.get_string_details("banner", "default", recent))
    # What goes wrong gives the default, and says why. A whole number is no float here, and a float no integer.
    context = EvaluationContext("p-1", {"days_since_order": 75})
    show("p-1", "float", client.get_float_details("percent", -1.0, context))
    show("p-1", "integer", client.get_integer_details("price_factor", -1, context))
    show("p-1", "integer", client.get_integer_details("nobody/knows this", -1, context))
    show("-", "integer", client.get_integer_details("percent", -1))
    long = EvaluationContext("p-1", {"size": "x" * 2000})
    show("p-1", "integer", client.get_integer_details("percent", -1, long))

    # The banner was shown, and the customer ordered. `percent` needs no report: it says `expose: on_evaluate`.
    details = client.get_string_details("banner", "default", context)
    shown = {"experiment": details.flag_metadata["experiment"], "variant": details.variant}
    send(server, key, "exposures", {"id": "python-1", "customer": "p-1", **shown})
    send(server, key, "conversions", {"id": "python-1", "customer": "p-1", "event": "order", "value": 19.9})
    api.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:3])
