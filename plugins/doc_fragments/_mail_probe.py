# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations

# Options that stand at several levels: the innermost one that is set wins.
_HOST = """
host:
  description:
    - Name or address of the server; IPv6 addresses with or without brackets.
  type: str
"""

_CONNECTION = """
source_address:
  description:
    - Local address to connect from, for example to be a client that the server does not trust.
  type: str
ca_path:
  description:
    - PEM file with the certificates to trust instead of those of the operating system.
  type: path
validate_certs:
  description:
    - Whether the certificate of the server has to be valid for the name and to come from a trusted issuer.
    - The default is V(true). With V(false) the certificate is only reported.
  type: bool
server_name:
  description:
    - Name for SNI that the certificate has to hold. The default is O(host).
  type: str
tls_min_version:
  description:
    - Lowest TLS version to offer.
  type: str
  choices: [TLSv1, TLSv1.1, TLSv1.2, TLSv1.3]
tls_max_version:
  description:
    - Highest TLS version to offer.
    - With V(TLSv1) or V(TLSv1.1) the security level of OpenSSL is lowered, so that really the server decides.
  type: str
  choices: [TLSv1, TLSv1.1, TLSv1.2, TLSv1.3]
connect_timeout:
  description:
    - Seconds to wait for the connection. The default is V(10).
  type: float
reply_timeout:
  description:
    - Seconds to wait for each reply. The default is V(60).
    - A server that stays silent for longer fails the probe, whatever was expected.
  type: float
"""

_CREDENTIALS = """
port:
  description:
    - TCP port.
    - The default is 25 for SMTP (587 with C(username), 465 with V(implicit)), 143 or 993 for IMAP, 110 or 995 for POP3.
  type: int
tls:
  description:
    - V(none) stays in clear text, V(starttls) demands STARTTLS (STLS), V(implicit) begins with TLS.
    - The default is V(implicit) for the ports 465, 993 and 995, and for IMAP and POP3 without a port; V(none) for
      O(dialogue); else V(starttls).
  type: str
  choices: [none, starttls, implicit]
username:
  description:
    - Name to log in with. Without it there is no login.
  type: str
password:
  description:
    - Password to log in with.
  type: str
auth_mechanism:
  description:
    - SASL mechanism. V(auto) means for SMTP the simplest one that is offered, for IMAP C(LOGIN) and for POP3 C(USER).
    - The login is really tried, also where the server does not offer it; what it replies counts.
    - The default is V(auto).
  type: str
  choices: [auto, plain, login, cram-md5, scram-sha-1, scram-sha-256]
"""

_SEND = """
helo:
  description:
    - Name to give with C(EHLO). The default is the host name if it has a dot, else the address literal.
  type: str
sender:
  description:
    - Envelope sender, which is the C(From) too. Empty means the null sender.
  type: str
recipients:
  description:
    - Envelope recipients.
  type: list
  elements: str
subject:
  description:
    - Subject, in UTF-8; encoded as RFC 2047 asks for.
  type: str
body:
  description:
    - Text of the message.
  type: str
headers:
  description:
    - Further header fields, or other values for those that the probe makes. They are compared as well.
  type: dict
attachments:
  description:
    - Files to attach.
  type: list
  elements: dict
  suboptions:
    name:
      description:
        - File name.
      type: str
      required: true
    size:
      description:
        - Size in bytes of content that is generated.
      type: int
    seed:
      description:
        - The same seed and size give the same content. The default is the name.
      type: str
    path:
      description:
        - File to take the content from, on the host where the probe runs.
      type: path
size:
  description:
    - Size in bytes of the whole message, reached by an attachment C(padding.txt).
  type: int
raw:
  description:
    - The complete message; replaces all options that make one. Line feeds become CRLF.
    - If it has no C(Message-ID), one is put at its top. One of its own should be new each time, or the probe may find
      a message of an earlier run.
  type: str
stop_before:
  description:
    - Ends the dialogue with C(QUIT) before this step, so that nothing is sent.
    - Probes with O(expect=refused) stop by themselves behind the last step of O(at).
  type: str
  choices: [ehlo, tls, auth, mail, rcpt, data]
"""

_FETCH = """
protocol:
  description:
    - Protocol to fetch with. The default is V(imap).
  type: str
  choices: [imap, pop3]
mailbox:
  description:
    - Mailbox to look into, for V(imap) only. The default is V(INBOX).
  type: str
delete:
  description:
    - Whether to delete the message after it was fetched. Otherwise not even its flags change.
  type: bool
absent:
  description:
    - The message must not arrive here within O(timeout). Without O(send) it is looked for once.
  type: bool
login_only:
  description:
    - Only logs in and out. This is so anyway if there is no message to look for.
  type: bool
"""

_DIALOGUE = """
protocol:
  description:
    - How replies are read. V(smtp) reads replies with codes, of several lines; V(imap) and V(pop3) read single lines.
    - The default is V(smtp).
  type: str
  choices: [smtp, imap, pop3]
port:
  description:
    - TCP port.
  type: int
tls:
  description:
    - V(implicit) begins with TLS. The default is V(none); for STARTTLS see O(dialogue.exchanges[].starttls).
  type: str
  choices: [none, implicit]
silence:
  description:
    - Seconds without a word that prove O(dialogue.exchanges[].silent). The default is V(2).
  type: float
exchanges:
  description:
    - What to send and to hear, in order. The first that comes out otherwise ends the dialogue.
  type: list
  elements: dict
  required: true
  suboptions:
    send:
      description:
        - Text to send as it is; write line ends as C(\\r\\n) within double quotes. Empty only listens.
        - It is no secret, so no passwords of real accounts in here.
      type: str
    expect_code:
      description:
        - Reply codes that are right, with O(dialogue.protocol=smtp).
      type: list
      elements: int
    expect:
      description:
        - Regular expression that the reply (code and text) has to match.
      type: str
    replies:
      description:
        - How many replies to read, each of which has to be right. The default is V(1).
      type: int
    silent:
      description:
        - The server must not say anything, not even what is still unread.
      type: bool
    closed:
      description:
        - The server must close the connection; what it says before is recorded.
      type: bool
    starttls:
      description:
        - Afterwards begin with TLS. Clear text that is unread by then is thrown away.
      type: bool
"""

_PROBE = """
expect:
  description:
    - What has to come of the probe.
    - V(delivered) (the default if there is a message to fetch), the message arrived in each of O(fetch).
    - V(accepted) (the default for O(send) alone), the server took all steps.
    - V(login) (the default for O(fetch) alone), the login worked.
    - V(refused), one of the steps O(at) was refused by a reply as described. Everything accepted is a failure, and so
      is a refusal elsewhere or in other words.
  type: str
  choices: [delivered, accepted, login, refused]
at:
  description:
    - The steps where the refusal is right, with O(expect=refused).
    - V(rcpt) means that every recipient is refused. V(data) is the reply to the command, V(message) the one to the
      final dot. V(tls) is a handshake refused by the server, V(certificate) our own refusal of its certificate.
    - V(login) and V(fetch) belong to O(fetch), all others to O(send); V(connect), V(certificate), V(greeting),
      V(starttls) and V(tls) to both.
  type: list
  elements: str
  choices: [connect, certificate, greeting, ehlo, starttls, tls, auth, mail, rcpt, data, message, login, fetch]
code:
  description:
    - SMTP reply codes that are right, with O(expect=refused).
  type: list
  elements: int
enhanced:
  description:
    - The enhanced status code that is right, for example C(5.7.1), with O(expect=refused).
  type: str
response:
  description:
    - Regular expression that the text of the refusal has to match, with O(expect=refused).
    - The way to tell IMAP and POP3 refusals apart, for example C(AUTHENTICATIONFAILED).
  type: str
message_id:
  description:
    - The C(Message-ID) to look for, with angle brackets, if nothing is sent.
  type: str
timeout:
  description:
    - Seconds to wait for the message, counted from the moment it was sent. The default is V(30).
  type: float
interval:
  description:
    - Longest pause in seconds between two looks; the first pauses are shorter. The default is V(1).
  type: float
body_equal:
  description:
    - Whether all MIME parts have to arrive byte for byte as they were sent. The default is V(true).
    - The line ends of text are made uniform before.
  type: bool
headers_equal:
  description:
    - Whether C(From), C(To), C(Subject), C(Message-ID) and O(send.headers) have to arrive with the values sent.
    - The default is V(true).
  type: bool
max_hops:
  description:
    - Highest number of C(Received) header fields that is right.
  type: int
"""


def _indented(text: str, depth: int) -> str:
    return "".join(f"{'  ' * depth}{line}\n" if line else "\n" for line in text.strip("\n").split("\n"))


def _options(depth: int) -> str:
    blocks = (
        ("send", "A message to send by SMTP.", "dict", _HOST + _CREDENTIALS + _SEND),
        ("fetch", "Mailboxes to log in to, and to fetch the message from.", "list", _HOST + _CREDENTIALS + _FETCH),
        ("dialogue", "Raw dialogue instead of O(send) and O(fetch).", "dict", _HOST + _DIALOGUE),
    )
    text = _indented(_PROBE + _HOST + _CONNECTION, depth)
    for name, description, kind, suboptions in blocks:
        text += _indented(f"{name}:\n  description:\n    - {description}\n  type: {kind}\n", depth)
        if kind == "list":
            text += _indented("  elements: dict", depth)
        text += _indented("  suboptions:", depth)
        text += _indented(suboptions + _CONNECTION, depth + 2)
    return text


class ModuleDocFragment:
    DOCUMENTATION: str = f"""
options:
{_options(1)}
  probes:
    description:
      - Several probes, run one after the other unless O(parallel) says more; options of the module itself hold for all
        that do not set them. These are O(host), the connection options, O(timeout), O(interval), O(body_equal) and
        O(headers_equal).
      - All are run, and the task fails in the end if any did not come out as expected.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the probe. The default is C(probe) and its number.
        type: str
{_options(3)}
  parallel:
    description:
      - How many of the O(probes) may run at the same time. Results keep the order of the probes.
      - Servers answer refusals slowly on purpose, so that probes of what must be refused gain most. Probes that need
        what an earlier one did, such as a message that it sent, have to run one after the other.
      - Fails if it is less than 1. The server's limit of connections from one address holds for the probes as well.
    type: int
    default: 1
"""
