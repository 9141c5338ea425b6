"""A process that counts, for the tests of counters that processes share. Arguments: the database, how often."""

import sys

from classifier.store.database.opening import open_store

store = open_store(sys.argv[1])
for _ in range(int(sys.argv[2])):
    store.counters.hit("desk", 600)
store.close()
