"""Converging a whole mail system, against installing its packages alone."""

from __future__ import annotations

import typing as t

from lab import Lab, play
from part import Line, Part


def measure(lab: Lab) -> t.Mapping[str, t.Sequence[Line]]:
    lab.bare()
    packages = {release: play("packages", release).tasks["Install by apt-get"] for release in lab.releases}
    lab.bare()
    measured = {release: converge(release, packages[release]) for release in lab.releases}
    lab.have_mail()
    return measured


def converge(release: str, packages: float) -> list[Line]:
    """From a host without any mail package to one where nothing is left to do."""
    check = play("site", release, "--check")
    first = play("site", release)
    again = play("site", release)
    role = play("postfix", release)
    return [
        Line("Packages alone: `apt-get install`", f"{packages:.1f} s"),
        Line("First converge", f"{first.seconds:.1f} s"),
        Line("**First converge : packages alone**", f"**{first.seconds / packages:.2f}**", "at most 1.5"),
        Line("`--check` on a fresh host", f"{check.seconds:.1f} s"),
        Line("Unchanged converge", f"{again.seconds:.1f} s"),
        Line("Unchanged run of role `postfix` alone", f"{role.seconds:.1f} s"),
        Line("Unchanged converge: tasks ok, changed", f"{again.recap['ok']}, {again.recap['changed']}"),
        Line("**Unchanged : first converge**", f"**{again.seconds / first.seconds:.2f}**"),
    ]


PART = Part(
    name="site",
    title="Converging a mail system",
    measure=measure,
    notes="""\
`ansible-playbook` of `postmaster.mail.site`, from start to end, on a container without any mail package, against the
one `apt-get install` of Postfix, Dovecot (IMAP, POP3, LMTP), Unbound and python3-cryptography on another such
container. Packages are downloaded before both.
""",
)
