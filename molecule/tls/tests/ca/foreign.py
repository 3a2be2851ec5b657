"""Runs on the server: signs a certificate for a name of somebody else with the intermediate there."""

import datetime
import pathlib

import tls_config
import tls_issue
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

CA = pathlib.Path("/etc/postmaster/tls/ca")
FOLDER = pathlib.Path("/root/foreign")
FOLDER.mkdir(exist_ok=True)
key = ec.generate_private_key(ec.SECP256R1())
request = (
    x509.CertificateSigningRequestBuilder()
    .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "www.example.com")]))
    .add_extension(x509.SubjectAlternativeName([x509.DNSName("www.example.com")]), False)
    .sign(key, hashes.SHA256())
)
(FOLDER / "request").write_bytes(request.public_bytes(serialization.Encoding.PEM))
(FOLDER / "key").write_bytes(
    key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
)
source = tls_config.Source(FOLDER / "chain", FOLDER / "key", FOLDER / "request")
issuer = tls_config.Issuer("ca", 10, CA / "intermediate.pem", CA / "intermediate.key", (), 1)
config = tls_config.Config("www.example.com", (), (source,), issuer, 1, None, "", (), 1)
tls_issue.make(config, source, datetime.datetime.now(datetime.timezone.utc))
