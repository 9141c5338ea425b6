"""Taxonomies in and out: tables (CSV), YAML, SKOS and the JSON of IPTC. What is read becomes operations, never a replacement."""
