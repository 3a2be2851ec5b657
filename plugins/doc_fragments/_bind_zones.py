# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    """Zones and the policies that they are signed by."""

    DOCUMENTATION = r"""
options:
  dnssec_policies:
    description: Policies for the signing of zones, besides BIND's own V(default), V(insecure) and V(none).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the policy.
        type: str
        required: true
      keys:
        description: The keys of a zone. Without them, BIND uses one key for all, without an end.
        type: list
        elements: dict
        suboptions:
          role:
            description: Whether the key signs keys, the zone, or both.
            type: str
            choices: [ksk, zsk, csk]
            required: true
          lifetime:
            description: After what time it is replaced, such as V(P90D), or V(unlimited).
            type: str
            default: unlimited
          algorithm:
            description: Algorithm of the key.
            type: str
            default: ecdsap256sha256
          bits:
            description: Length of an RSA key, in bits.
            type: int
      nsec3:
        description: Whether denials are made by NSEC3, without salt and further iterations, instead of NSEC.
        type: bool
        default: false
      settings:
        description: Further statements of the policy, in the form of O(options).
        type: dict
        default: {}
  zones:
    description: The zones, each once in each view.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the zone.
        type: str
        required: true
      type:
        description: V(primary) has the records, V(secondary) copies them, V(forward) asks others.
        type: str
        choices: [primary, secondary, forward]
        default: primary
      view:
        description: The view that the zone is in.
        type: str
      records:
        description: The records besides SOA, as P(postmaster.mail.mail_dns_records#filter) returns them.
        type: list
        elements: dict
        default: []
      nameservers:
        description: Names of the name servers. The first one is named in the SOA record, all get an NS record.
        type: list
        elements: str
        default: []
      contact:
        description: Mail address of who is responsible. The default is C(hostmaster) at the zone.
        type: str
      ttl:
        description: Time to live of the SOA and NS records, in seconds.
        type: int
        default: 3600
      soa:
        description: The timers C(refresh), C(retry), C(expire) and C(minimum) of the SOA record, in seconds.
        type: dict
        default: {}
      primaries:
        description: Where a secondary copies from, each an address, C(address@port), or a mapping of C(address),
          C(port) and C(key).
        type: list
        elements: raw
        default: []
      transfer_to:
        description: Who may copy the whole zone - addresses, networks or C(key NAME). Nobody by default.
        type: list
        elements: str
        default: []
      notify:
        description: Servers that are told of changes, in the form of O(zones[].primaries).
        type: list
        elements: raw
        default: []
      forwarders:
        description: Servers that are asked about a zone of type V(forward), as address or C(address@port).
        type: list
        elements: raw
        default: []
      update_policy:
        description: Rules such as V(grant ddns name host.example.org. A AAAA). They make the zone dynamic.
        type: list
        elements: str
        default: []
      allow_update:
        description: Who may update any record of the zone. Makes the zone dynamic.
        type: list
        elements: str
        default: []
      dnssec_policy:
        description:
          - The policy by which C(named) signs the zone and replaces its keys. To stop signing use V(insecure) until the
            parent's DS record is gone from all caches, and then none.
        type: str
      settings:
        description: Further statements of the zone, in the form of O(options).
        type: dict
        default: {}
"""
