"""Keeping the service running: backups and its status."""
