#!/bin/sh
# make-certificates.sh DIRECTORY: a root, an issuing CA and what it issued, each with its chain, in DIRECTORY
set -eu
cd "$1"

key() {
    case "$2" in
    rsa) openssl genrsa -out "$1.key" 2048 ;;
    *) openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" ;;
    esac
}

# sign NAME SUBJECT ISSUER SERIAL DAYS EXTENSIONS
sign() {
    openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr"
    printf '%b' "$6" > "$1.ext"
    openssl x509 -req -in "$1.csr" -CA "$3.pem" -CAkey "$3.key" -set_serial "$4" -days "$5" -extfile "$1.ext" -out "$1.pem"
}

key root ecdsa
openssl req -x509 -new -key root.key -subj "/CN=Example Root" -days 3650 -addext keyUsage=keyCertSign -out root.pem
key issuing ecdsa
sign issuing "Example Issuing CA" root 0x10 1000 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n'

mail='subjectAltName=DNS:mail.example.org,DNS:*.example.org,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n'
mail="$mail"'authorityInfoAccess=OCSP;URI:http://ocsp.example.com\ncrlDistributionPoints=URI:http://crl.example.com/1.crl\n'
for entry in ecdsa:0x4FA1079C rsa:0x5A01 renewed:0x4FA1079D; do
    name=${entry%:*}
    key "$name" "$name"
    sign "$name" mail.example.org issuing "${entry#*:}" 60 "$mail"
    cat "$name.pem" issuing.pem > "$name-chain.pem"
    cat "$name.key" "$name-chain.pem" > "$name-all.pem"
done

key other ecdsa
sign other imap.example.net issuing 0x77 10 'subjectAltName=DNS:imap.example.net\nextendedKeyUsage=serverAuth\n'
cp ecdsa-chain.pem served.pem
cp ecdsa.key served.key
chmod 0600 ./*.key ./*-all.pem
