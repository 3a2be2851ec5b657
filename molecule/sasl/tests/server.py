"""What is to be seen of each engine, and a client that logs in."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass

from host_client import trusting_context
from testinfra.host import Host

USER = "alice@example.org"
PASSWORD = "Correct-Horse-1"
CHROOT = "/var/spool/postfix"
MUX = f"{CHROOT}/var/run/saslauthd"
SASLDB = f"{CHROOT}/var/lib/sasl"
COURIER = f"{CHROOT}/var/run/authdaemond"
UNITS = "/etc/systemd/system"
SMTPD_CONF = "/etc/postfix/sasl/smtpd.conf"
PAM = "/etc/pam.d/smtp"
LDAP = "/etc/postmaster/sasl"
DOVECOT = f"{CHROOT}/private/auth"
COURIER_DROP_IN = f"{UNITS}/courier-authdaemon.service.d"
# Where Courier's daemon runs for something else too.
WITH_COURIER = "bookworm"
# Paths by which one knows an engine.
TRACES = {
    SMTPD_CONF,
    PAM,
    LDAP,
    DOVECOT,
    MUX,
    f"{UNITS}/saslauthd-postfix.service",
    f"{UNITS}/multi-user.target.wants/saslauthd-postfix.service",
    SASLDB,
    COURIER,
    f"{UNITS}/authdaemond-postfix.socket",
    f"{UNITS}/authdaemond-postfix.service",
    f"{UNITS}/sockets.target.wants/authdaemond-postfix.socket",
    COURIER_DROP_IN,
}
SASLAUTHD = {
    SMTPD_CONF,
    MUX,
    f"{UNITS}/saslauthd-postfix.service",
    f"{UNITS}/multi-user.target.wants/saslauthd-postfix.service",
}


@dataclass(frozen=True)
class Engine:
    """Where its socket or database is, what it has on disk, what a client is offered and logs in as."""

    place: str
    traces: frozenset[str]
    mechanisms: frozenset[str] = frozenset({"PLAIN", "LOGIN"})
    login: str = USER
    # Whether it asks Dovecot in the name of all users.
    speaks_imap: bool = False


ENGINES = {
    "dovecot": Engine(DOVECOT, frozenset({DOVECOT})),
    "pam": Engine(f"{MUX}/mux", frozenset({*SASLAUTHD, PAM}), login="alice"),
    "shadow": Engine(f"{MUX}/mux", frozenset(SASLAUTHD), login="alice"),
    "rimap": Engine(f"{MUX}/mux", frozenset(SASLAUTHD), speaks_imap=True),
    "ldap": Engine(f"{MUX}/mux", frozenset({*SASLAUTHD, LDAP})),
    "authdaemond": Engine(
        f"{COURIER}/socket",
        frozenset({SMTPD_CONF, PAM, *(path for path in TRACES if "authdaemond" in path)}),
    ),
    "sasldb": Engine(
        f"{SASLDB}/sasldb2",
        frozenset({SMTPD_CONF, SASLDB}),
        frozenset({"PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"}),
    ),
}


@dataclass(frozen=True)
class Server:
    host: Host
    address: str
    engine: Engine

    def connect(self, port: int, *, tls: bool = True) -> smtplib.SMTP:
        """A session that has said EHLO."""
        helo = "client.friend.example"
        if port == 465:
            session: smtplib.SMTP = smtplib.SMTP_SSL(
                self.address, port, local_hostname=helo, timeout=20, context=trusting_context()
            )
        else:
            session = smtplib.SMTP(self.address, port, local_hostname=helo, timeout=20)
        session.ehlo()
        if tls and port != 465:
            session.starttls(context=trusting_context())
            session.ehlo()
        return session
