"""Certificates for receivers of a test: an authority, and what it signs."""

import ssl
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from callbridge.clock import SystemClock

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Signed:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def written(self, file: Path) -> Path:
        """Write both into one PEM file, the key last."""
        key = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM) + key)
        return file

    def server(self, folder: Path) -> ssl.SSLContext:
        """Return what a receiver with this certificate listens with."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.written(folder / f"{self.certificate.serial_number}.pem"))
        return context


class Authority:
    """Signs for any name and time; `of_itself` is a certificate nobody else vouches for."""

    def __init__(self, name: str = "an authority of these tests") -> None:
        self.own = _sign(name, (), None, lasts=(-DAY, DAY))

    def trusted(self, folder: Path) -> Path:
        """Write what whoever trusts this authority must know."""
        file = folder / "authority.pem"
        file.write_bytes(self.own.certificate.public_bytes(serialization.Encoding.PEM))
        return file

    def signs(self, *names: str, lasts: tuple[timedelta, timedelta] = (-DAY, DAY)) -> Signed:
        return _sign(names[0], names, self.own, lasts=lasts)

    @staticmethod
    def of_itself(*names: str) -> Signed:
        return _sign(names[0], names, None, lasts=(-DAY, DAY))


def _sign(called: str, names: tuple[str, ...], by: Signed | None, *, lasts: tuple[timedelta, timedelta]) -> Signed:
    key, now = ec.generate_private_key(ec.SECP256R1()), SystemClock().now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name if by is None else by.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + lasts[0])
        .not_valid_after(now + lasts[1])
        .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(list(map(_name, names))), critical=False)
    return Signed(builder.sign(key if by is None else by.key, hashes.SHA256()), key)


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)
