#!/bin/sh
# serve.sh CONFIGURATION USER QUOTA [FOLDER [FRIEND]]: starts Dovecot, gives the user mail if a FOLDER is named, shares
# that folder with a FRIEND, prints what the user sees, and stops Dovecot. Two servers that show the same print the same.
set -eu
config=$1 user=$2 quota=$3 folder=${4:-} friend=${5:-}
password='Wonder-land 1'

dovecot -c "$config"
trap 'doveadm -c "$config" stop' EXIT
if [ -n "$folder" ]; then
  for number in 1 2 3; do
    printf 'From: <bob@example.org>\nSubject: Message %s\nMessage-ID: <%s@example.org>\n\nText %s.\n' \
      "$number" "$number" "$number" | doveadm -c "$config" save -u "$user" -m INBOX
  done
  doveadm -c "$config" mailbox create -u "$user" -s Projects "$folder"
  printf 'Subject: Nested\n\nDeep.\n' | doveadm -c "$config" save -u "$user" -m "$folder"
  doveadm -c "$config" flags add -u "$user" '\Flagged \Seen $Label1' mailbox INBOX uid 2
  doveadm -c "$config" expunge -u "$user" mailbox INBOX uid 1
  if [ -n "$friend" ]; then
    doveadm -c "$config" acl set -u "$user" "$folder" "user=$friend" lookup read
  fi
fi
echo "== folders"
doveadm -c "$config" -f tab mailbox status -u "$user" 'messages uidnext uidvalidity' '*' | sort
echo "== all folders"
doveadm -c "$config" mailbox list -u "$user" '*' 'shared/alice@example.org/*' | sort
echo "== subscriptions"
doveadm -c "$config" mailbox list -u "$user" -s '*' | sort
echo "== messages"
doveadm -c "$config" -f tab fetch -u "$user" 'mailbox uid guid flags size.virtual' ALL | sed 's/\\Recent *//' | sort
if [ "$quota" = yes ]; then
  echo "== quota"
  doveadm -c "$config" quota recalc -u "$user"
  doveadm -c "$config" -f tab quota get -u "$user" | sort
fi
if echo "$password" | doveadm -c "$config" auth test "$user" >/dev/null 2>&1; then
  echo "== login"
  echo "$password" | python3 /etc/dovecot-upgrade-plan-test/uidl.py "$user"
else
  echo "== login refused"
fi
