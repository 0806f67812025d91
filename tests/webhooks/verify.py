"""Verifies recorded webhooks by the packages that receivers use.

    python3 -m venv /tmp/webhooks && /tmp/webhooks/bin/pip install -r tests/webhooks/requirements.txt
    TOCSIN_WEBHOOKS_PYTHON=/tmp/webhooks/bin/python cargo test --release --test sinks

Reads a JSON list from a file: `headers`, `body` (text) and the `secrets` that must
each verify it. Prints the ids of the events, one a line. A signature is checked by
`standardwebhooks` against the clock, so what is recorded must be fresh; a changed
byte must be refused.
"""

import json
import sys

from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from standardwebhooks.webhooks import Webhook, WebhookVerificationError


def refused(hook, body, headers):
    try:
        hook.verify(body, headers)
    except WebhookVerificationError:
        return True
    return False


def main(path):
    for request in json.load(open(path, encoding="utf-8")):
        headers, body = request["headers"], request["body"]
        for secret in request["secrets"]:
            hook = Webhook(secret)
            assert hook.verify(body, headers) == json.loads(body)
            assert refused(hook, body.replace("1", "2", 1), headers), "a changed byte"
            assert refused(hook, body, headers | {"webhook-id": "x"}), "a changed id"
        assert refused(Webhook("whsec_" + "A" * 32), body, headers), "another's secret"
        events = json.loads(body)
        single = headers["content-type"].startswith("application/cloudevents+json")
        assert single == isinstance(events, dict)
        for event in [events] if single else events:
            # Structured mode, one by one: what a list holds is what one request would.
            content = {"content-type": "application/cloudevents+json"}
            text = body if single else json.dumps(event)
            read = from_http_event(HTTPMessage(content, text.encode()))
            assert read.get_specversion() == "1.0"
            assert read.get_type().startswith("cn.tocsin.alert.")
            assert read.get_data()["text"] == "风险线索,非认定"
            assert read.get_extension("sequence") == event["sequence"]
            print(read.get_id())


main(sys.argv[1])
