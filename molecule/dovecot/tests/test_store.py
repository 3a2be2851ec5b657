"""Where mail is kept, in which form, and who sees it."""

from __future__ import annotations

from client import DOMAIN


def names(session) -> list[str]:
    return [line.decode().rpartition(' "/" ')[2].strip('"') for line in session.list()[1] if line]


def test_mail_on_disk_is_compressed_and_encrypted(server, mark):
    server.send("alice", mark, f"{mark} is a secret of two\n" * 4000)
    session, numbers = server.find("alice", "INBOX", "SUBJECT", mark)
    assert mark.encode() in session.fetch(numbers[0], "(BODY[TEXT])")[1][0][1]
    session.logout()
    newest = server.host.check_output(f"ls -t /var/vmail/{DOMAIN}/alice/Maildir/cur/* | head -n 1")
    assert server.host.run("grep -q -e %s -e secret %s", mark, newest).rc == 1
    assert server.host.file(newest).size < 20000
    assert server.host.check_output("head -c 7 %s", newest) == "CRYPTED"


def test_indexes_and_control_files_are_kept_apart(server):
    server.imap("alice").logout()
    assert server.host.file(f"/var/dovecot-index/{DOMAIN}/alice/.INBOX").is_directory
    assert server.host.file(f"/var/dovecot-control/{DOMAIN}/alice/dovecot-uidlist").exists or server.host.check_output(
        f"find /var/dovecot-control/{DOMAIN}/alice -name dovecot-uidlist"
    )
    assert server.host.check_output(f"find /var/vmail/{DOMAIN}/alice/Maildir -name 'dovecot*index*'") == ""


def test_a_further_namespace_has_its_own_place_and_mailboxes(server, mark):
    session = server.imap("bob")
    assert "Old/Letters" in names(session)
    assert session.append("Old/Letters", None, None, f"Subject: {mark}\r\n\r\nhello\r\n".encode())[0] == "OK"
    session.logout()
    assert server.files_of("bob", "old/")


def test_special_use_and_automatic_deletion_are_set(server):
    session = server.imap("alice")
    flags = {line.decode() for line in session.list()[1]}
    session.logout()
    assert any(r"\Trash" in line and line.endswith("Trash") for line in flags)
    assert "30" in server.host.check_output("doveconf -n | grep -A4 'mailbox Trash' | grep autoexpunge")


def test_a_shared_folder_is_seen_by_the_other_user_only(server, mark):
    owner = server.imap("alice")
    owner.create("Team")
    assert owner.append("Team", None, None, f"Subject: {mark}\r\n\r\nhello\r\n".encode())[0] == "OK"
    assert owner.setacl("Team", f"bob@{DOMAIN}", "lr")[0] == "OK"
    owner.logout()
    shared = f"shared/alice@{DOMAIN}/Team"
    friend = server.imap("bob")
    assert shared in names(friend)
    assert friend.select(f'"{shared}"', readonly=True)[0] == "OK"
    assert friend.search(None, "SUBJECT", mark)[1][0].split()
    assert friend.append(f'"{shared}"', None, None, b"Subject: no\r\n\r\nno\r\n")[0] == "NO"
    friend.logout()
    stranger = server.imap("dave")
    assert not [name for name in names(stranger) if name.endswith("Team")]
    assert stranger.select(f'"{shared}"', readonly=True)[0] == "NO"
    stranger.logout()


def test_a_search_finds_words_of_the_body(server, mark):
    server.send("dave", "somewhere inside", f"a needle called {mark} in the hay")
    session, _numbers = server.find("dave", "INBOX", "BODY", mark)
    assert session.search(None, "BODY", f"not{mark}")[1][0].split() == []
    session.logout()
    if server.version.startswith("2.4"):
        assert server.host.check_output(f"find /var/dovecot-index/{DOMAIN}/dave -name 'fts-flatcurve'")
