"""Keep the A and AAAA records of a host at its own addresses, by dynamic updates (RFC 2136) of nsupdate.

Argument: the configuration, a JSON file. Started by root, it reads the key of TSIG and then becomes the user that the
configuration names. Ends with 1 and one line that says why if the records cannot be kept current.
"""

from __future__ import annotations

import ipaddress
import json
import os
import pathlib
import pwd
import subprocess
import sys
import tempfile
import typing as t

Config = t.Mapping[str, t.Any]

TYPES = {"ipv4": "A", "ipv6": "AAAA"}
FAMILIES = {"inet": "ipv4", "inet6": "ipv6"}
# Addresses that a host is about to give up, does not have yet, or changes for the sake of privacy.
UNSTABLE = ("deprecated", "tentative", "dadfailed", "temporary")
# The first that is found in an output counts; an answer of NOTAUTH may have one of the others as its reason.
REMEDIES = {
    "BADKEY": "the server does not know this key with this algorithm",
    "BADSIG": "the secret of the key differs from the server's",
    "BADTIME": "the clocks of host and server differ too much",
    "REFUSED": "permit it at the server, in BIND by update-policy of the zone",
    "NOTAUTH": "give the primary server of the zone, and the right zone",
    "NOTZONE": "the name is not in the zone",
    "SERVFAIL": "the log of the server says why",
    "NXRRSET": "somebody else changed the records, or a wildcard answers for the name",
    "YXRRSET": "somebody else changed the records at the same time",
    "timed out": "check address, port and firewalls of the server",
    "connection refused": "check address and port of the server",
    "no servers could be reached": "check address, port and firewalls of the server",
}


class CannotUpdateError(Exception):
    """Why the records cannot be kept current."""


def run(argv: t.Sequence[str], script: str = "") -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(argv, input=script, capture_output=True, text=True, check=False, timeout=60)
    except subprocess.TimeoutExpired as error:
        raise CannotUpdateError(f"{argv[0]} did not end within a minute") from error
    except OSError as error:
        raise CannotUpdateError(f"{argv[0]} cannot be started: {error.strerror}") from error


def own_addresses(links: t.Iterable[t.Mapping[str, t.Any]], config: Config) -> dict[str, set[str]]:
    """Return the addresses of each family to publish, out of what "ip -j address" printed."""
    found: dict[str, set[str]] = {family: set() for family in config["families"]}
    networks = [ipaddress.ip_network(text) for text in config["networks"]]
    for link in links:
        for entry in link.get("addr_info", ()):
            family = FAMILIES.get(entry.get("family", ""), "")
            if family not in found or any(entry.get(flag) for flag in UNSTABLE):
                continue
            address = ipaddress.ip_address(entry["local"])
            if any(address in network for network in networks) if networks else address.is_global:
                found[family].add(str(address))
    return found


def read_own(config: Config) -> dict[str, set[str]]:
    device = ["dev", config["interface"]] if config["interface"] else []
    printed = run(["ip", "-j", "address", "show", *device])
    if printed.returncode:
        raise CannotUpdateError(f"ip address show: {first_line(printed.stderr)}")
    addresses = own_addresses(json.loads(printed.stdout), config)
    if not any(addresses.values()):
        where = f"Interface {config['interface']}" if config["interface"] else "This host"
        raise CannotUpdateError(f"{where} has no address to publish; the records stay as they are")
    return addresses


def read_published(config: Config, key: t.Sequence[str], name: str, rtype: str) -> tuple[set[str], set[int]]:
    """Return addresses and TTLs that the server itself has for name."""
    options = ["+noall", "+comments", "+answer", "+additional", "+norecurse", "+tries=2", "+time=5"]
    argv = ["dig", *key, *options, "-p", str(config["port"]), f"@{config['server']}", "-q", f"{name}.", "-t", rtype]
    answer = run(argv)
    text = answer.stdout
    if answer.returncode or ("status: NOERROR" not in text and "status: NXDOMAIN" not in text):
        raise CannotUpdateError(f"asking {config['server']} for {name} {rtype}: {cause(text + answer.stderr)}")
    if not any(line.startswith(";; flags:") and " aa" in line.split(";")[2] for line in text.splitlines()):
        raise CannotUpdateError(f"{config['server']} is not authoritative for {name}; give its primary server")
    addresses, ttls = set(), set()
    for fields in (line.split() for line in text.splitlines()):
        if len(fields) != 5 or fields[0].lower() != f"{name.lower()}.":
            continue
        if fields[3] == "CNAME":
            raise CannotUpdateError(f"{name} is a CNAME to {fields[4]}; remove it, or update that name")
        if fields[3] == rtype:
            addresses.add(str(ipaddress.ip_address(fields[4])))
            ttls.add(int(fields[1]))
    return addresses, ttls


def update_script(config: Config, name: str, changes: t.Mapping[str, tuple[set[str], set[str]]]) -> str:
    """Return what nsupdate is told: changes maps each type to the addresses before and after."""
    lines = [f"server {config['server']} {config['port']}"]
    if config["zone"]:
        lines.append(f"zone {config['zone']}")
    for rtype, (before, _after) in changes.items():
        lines += [f"prereq yxrrset {name}. IN {rtype} {address}" for address in sorted(before)]
        if not before:
            lines.append(f"prereq nxrrset {name}. IN {rtype}")
    for rtype, (before, after) in changes.items():
        lines += [f"update add {name}. {config['ttl']} IN {rtype} {address}" for address in sorted(after)]
        lines += [f"update delete {name}. IN {rtype} {address}" for address in sorted(before - after)]
    return "\n".join([*lines, "send", ""])


def keep_current(config: Config, key: t.Sequence[str], name: str, own: t.Mapping[str, set[str]]) -> str:
    """Make the records of name those of the host; return what was done, or nothing."""
    changes = {}
    for family, addresses in own.items():
        rtype = TYPES[family]
        published, ttls = read_published(config, key, name, rtype)
        if published != addresses or ttls - {config["ttl"]}:
            changes[rtype] = (published, addresses)
    if not changes:
        return ""
    done = run(["nsupdate", *key, "-t", "20"], update_script(config, name, changes))
    if done.returncode:
        raise CannotUpdateError(f"updating {name} at {config['server']}: {cause(done.stdout + done.stderr)}")
    return "; ".join(
        f"{name} {rtype}: {', '.join(sorted(before)) or 'none'} -> {', '.join(sorted(after)) or 'none'}"
        for rtype, (before, after) in changes.items()
    )


def cause(text: str) -> str:
    """Return what the output of dig or nsupdate says about a failure, and what to do."""
    for code, remedy in REMEDIES.items():
        if code in text:
            return f"{code}: {remedy}"
    lines = [line.strip("; ") for line in text.splitlines()]
    return next((line for line in lines if line), "no reason given")


def first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else "no reason given"


def become(user: str) -> None:
    """Give up the rights of root. systemd could do so, but not in every container together with its filters."""
    if os.geteuid() == 0:
        account = pwd.getpwnam(user)
        os.setgroups([])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)


def keep_all_current(config: Config, key: t.Sequence[str]) -> bool:
    """Do it for each name, and say what was done and what was not. Return whether all went well."""
    well = True
    own = read_own(config)
    for name in config["names"]:
        try:
            done = keep_current(config, key, name, own)
        except CannotUpdateError as error:
            print(error, file=sys.stderr)
            well = False
        else:
            if done:
                print(done)
    return well


def main() -> int:
    config = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    secret = pathlib.Path(config["key_file"]).read_bytes() if config["key_file"] else b""
    become(config["user"])
    try:
        with tempfile.NamedTemporaryFile(prefix="dns-dynamic-") as copy:
            copy.write(secret)
            copy.flush()
            return 0 if keep_all_current(config, ["-k", copy.name] if secret else []) else 1
    except CannotUpdateError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
