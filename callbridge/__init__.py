"""callbridge: tells CRMs what really happens to every call on an Asterisk PBX."""

__version__ = "0.1.0"
