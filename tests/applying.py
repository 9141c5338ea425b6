"""A process that carries out an operation on the taxonomy when it is told to, for tests that kill it, or run two at once.

Arguments: the models, the database, the operation, and the row that it is based on.
"""

import sys
from pathlib import Path

from classifier.domain.operation_lines import operation_from_text
from classifier.errors import ChangedMeanwhile
from classifier.serving.registry import Registry
from classifier.serving.taxonomy import change, publish
from classifier.store.database.opening import open_store

registry, store = Registry(Path(sys.argv[1])), open_store(sys.argv[2])
operation, based_on = operation_from_text(sys.argv[3]), int(sys.argv[4])
publish(registry, store)
sys.stdout.write("ready\n")
sys.stdout.flush()
sys.stdin.readline()
try:
    change(registry, store, [operation], "a process of its own", based_on=based_on)
except ChangedMeanwhile as error:
    sys.exit(f"changed: {error.numbers}")
store.close()
