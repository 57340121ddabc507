"""The floor: the least that a double can do which lets botocore do all of its own work.

One ``before-send`` handler answers with a response that was made before. It reads nothing,
checks nothing, stores nothing and records nothing.
"""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse

from benchmarks import sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.awsrequest import AWSPreparedRequest


class Raw(BytesIO):
    """What a response is read from by botocore."""

    def stream(self) -> Iterator[bytes]:
        """Yield the body in one piece."""
        yield self.read()


def answered(
    client: Any, forms: int = 1, *, response: type[AWSResponse] = AWSResponse, raw: Any = Raw
) -> Any:
    """Have a client's posts answered with an echo of so many forms.

    ``response``: what such a client expects; ``raw``: what that is read from, given the body.
    """
    epoch = int(sample.START.timestamp())
    output = {
        "domainId": sample.DOMAIN,
        "entityId": sample.ASSET,
        "entityType": "ASSET",
        "forms": [
            {
                "formName": sample.FORM_NAME,
                "typeIdentifier": sample.FORM_TYPE,
                "typeRevision": "1",
                "timestamp": epoch + second,
                "id": f"{second:014}",
                "content": sample.CONTENT,
            }
            for second in range(forms)
        ],
    }
    body = json.dumps(output).encode()
    headers: Any = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "date": "Mon, 01 Jan 2024 00:00:00 GMT",
        "x-amzn-requestid": "00000000-0000-0000-0000-000000000000",
    }

    def on_before_send(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        return response(request.url, 201, headers, raw(body))

    client.meta.events.register_first("before-send.datazone", on_before_send)
    return client
