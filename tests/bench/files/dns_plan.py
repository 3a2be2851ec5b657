"""Seconds that records take until they are a zone file, or questions to servers, as JSON on standard output."""

from __future__ import annotations

import json
import time
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._dns_check import questions
from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_expect import read_expected
from ansible_collections.postmaster.mail.plugins.module_utils._dns_hosts import parse_host
from ansible_collections.postmaster.mail.plugins.module_utils._dns_records import (
    RecordOptions,
    RecordPlan,
    plan_records,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dns_render import record_as_dict, render

RECORDS = 10_000
FEW, MANY = 50, 500
SERVERS = ("127.0.0.1", "127.0.0.2")

T = t.TypeVar("T")


def measured(work: t.Callable[[], T]) -> tuple[float, T]:
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def zone() -> RecordPlan:
    """One domain with many hosts."""
    extra = tuple(
        {"name": f"h{n}.example.org", "type": "A", "value": f"10.0.{n // 250}.{n % 250}"} for n in range(RECORDS)
    )
    return plan_records([parse_host({"hostname": "mail.example.org"}, "host")], RecordOptions(extra=extra))


def deployment(count: int) -> RecordPlan:
    """Many domains, with all that a domain may have."""
    domains = [f"d{number}.example" for number in range(count)]
    host = {"hostname": "mail.example.org", "addresses": ["192.0.2.25", "2001:db8::25"], "domains": domains}
    options = RecordOptions(mta_sts_id="1", tlsrpt="v=TLSRPTv1; rua=mailto:postmaster@{domain}", autoconfig=True)
    return plan_records([parse_host(host, "host")], options)


def plan_check(plan: RecordPlan) -> int:
    """How many questions a check of these records asks."""
    expected = read_expected([record_as_dict(record) for record in plan.records])
    servers = dict.fromkeys((item.zone for item in expected), SERVERS)
    return len(questions(expected, servers, "127.0.0.3"))


def main() -> None:
    zone_planned, records = measured(zone)
    zone_rendered, text = measured(lambda: render(records.records, "zone", explain=False))
    few_planned, _few = measured(lambda: deployment(FEW))
    many_planned, many = measured(lambda: deployment(MANY))
    check_planned, asked = measured(lambda: plan_check(many))
    figures = {
        "zone": zone_planned + zone_rendered,
        "zone_bytes": len(text),
        "few": few_planned,
        "many": many_planned,
        "records": len(many.records),
        "check": check_planned,
        "questions": asked,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
