"""Replays of dated archives through the product's own retraining, on real stores and real versions.

faults, __main__   what the gate stops of faults that are put in, and what it holds back on honest nights
year               what a year of retraining is worth
"""
