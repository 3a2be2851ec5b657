"""Logs in over IMAP, POP3 or ManageSieve, or delivers over LMTP, and prints what the server says."""

import imaplib
import poplib
import smtplib
import socket
import ssl
import sys

CONTEXT = ssl._create_unverified_context()


def imap(user, password):
    with imaplib.IMAP4_SSL("127.0.0.1", ssl_context=CONTEXT) as client:
        client.login(user, password)
        print(sorted(line.decode() for line in client.list()[1]))
        for folder in ("INBOX", "Junk"):
            print(folder, client.select(folder)[1][0].decode())
        print(client.getquotaroot("INBOX")[1])


def cleartext(user, password):
    client = imaplib.IMAP4("127.0.0.2")
    print(client.capability()[1])
    try:
        client.login(user, password)
    except imaplib.IMAP4.error as error:
        print("refused", error)


def pop3(user, password):
    client = poplib.POP3_SSL("127.0.0.1", context=CONTEXT)
    client.user(user)
    client.pass_(password)
    print(client.stat())


def sieve(_user, _password):
    with socket.create_connection(("127.0.0.1", 4190)) as client:
        print(client.recv(4096).decode())


def lmtp(recipient, text):
    with smtplib.LMTP("/var/spool/postfix/private/dovecot-lmtp") as client:
        try:
            message = f"From: sender@example.net\nTo: {recipient}\nSubject: {text}\n\nbody\n"
            print("delivered", client.sendmail("sender@example.net", [recipient], message))
        except smtplib.SMTPRecipientsRefused as error:
            print("refused", error)


{"imap": imap, "cleartext": cleartext, "pop3": pop3, "sieve": sieve, "lmtp": lmtp}[sys.argv[1]](*sys.argv[2:4])
