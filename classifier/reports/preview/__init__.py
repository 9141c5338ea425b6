"""The preview of a change of the taxonomy: the operation, not committed, counted on the articles through both taxonomies."""
