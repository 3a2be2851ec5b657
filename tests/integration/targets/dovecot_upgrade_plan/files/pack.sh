#!/bin/sh
# pack.sh: packs the mail of all users of the test.
set -eu
cd /
tar -czf /etc/dovecot-upgrade-plan-test/mail.tar.gz \
  srv/upgrade-plan-test home/planuser var/mail/planuser var/lib/dovecot-index
