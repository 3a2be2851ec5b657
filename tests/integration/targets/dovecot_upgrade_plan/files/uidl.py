"""Print the UIDLs that a POP3 client gets: uidl.py USER, the password on standard input."""

import poplib
import sys

client = poplib.POP3("127.0.0.1", timeout=20)
client.user(sys.argv[1])
client.pass_(sys.stdin.readline().rstrip("\n"))
print("\n".join(line.decode() for line in client.uidl()[1]))
client.quit()
