# Runs on the server: kills the program at each call that changes something on the disk, with another pair each time.
# What daemons would read has to be of one pair, whenever it ends. Prints how often it was killed.
set -eu
others=/srv/others
place=/etc/postmaster/tls/mail.example.org
kills=0

public_of_key() { openssl pkey -in "$1" -pubout; }
public_of_certificate() { openssl x509 -in "$1" -noout -pubkey; }

bring_another_pair() {
  pair=newer
  [ "$(public_of_key "$place/privkey.pem")" != "$(public_of_key "$others/newer-key.pem")" ] || pair=good
  for kind in key chain; do
    cp "$others/$pair-$kind.pem" "$others/live-$kind.pem"
  done
}

is_one_pair() {
  key="$(public_of_key "$place/privkey.pem")"
  [ "$key" = "$(public_of_key "$place/combined.pem")" ] &&
    [ "$key" = "$(public_of_certificate "$place/combined.pem")" ] &&
    [ "$key" = "$(public_of_certificate "$place/fullchain.pem")" ]
}

# Each line has what one call is named on different machines.
for calls in '?mkdir,?mkdirat' '?write' '?fchmod' '?fsync' '?symlink,?symlinkat' '?rename,?renameat,?renameat2' '?unlink,?unlinkat' '?rmdir'; do
  number=1
  while :; do
    bring_another_pair
    ended=0
    strace -qq -o /dev/null -e trace="$calls" -e inject="$calls:signal=KILL:when=$number" \
      postmaster-mail-tls install mail.example.org >/dev/null || ended=$?
    is_one_pair || {
      echo "killed at call $number of $calls the key is of another pair than the chain" >&2
      exit 1
    }
    case "$ended" in
      0) break ;;
      137) number=$((number + 1)) kills=$((kills + 1)) ;;
      *) exit "$ended" ;;
    esac
  done
done
echo "$kills"
