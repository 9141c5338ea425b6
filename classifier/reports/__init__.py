"""Reports that people read: on an archive before training, on the desk, on drift, and on each retraining."""
