"""`make demo`: a PBX, phones, the daemon and a sample CRM, to watch at work."""
