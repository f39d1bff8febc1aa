"""The hash that LevelLogTest holds: a file of records as W&B's own writer frames them.

pip install wandb==0.19.11 (the last whose writer is Python); python wandb_log.py
"""

import hashlib
import os
import tempfile

import wandb

wandb._assert_is_internal_process = True
from wandb.sdk.internal.datastore import DataStore  # noqa: E402

# The second leaves three bytes of its block, the fourth exactly a fragment's head.
LENGTHS = [10, 32768 - 7 - 17 - 7 - 3, 40000, 25508, 70000, 1, 0]


class Bytes:
    def __init__(self, number, length):
        self.bytes = bytes((number * 31 + j) % 251 for j in range(length))

    def ByteSize(self):
        return len(self.bytes)

    def SerializeToString(self):
        return self.bytes


path = os.path.join(tempfile.mkdtemp(), "log")
store = DataStore()
store.open_for_write(path)
for number, length in enumerate(LENGTHS):
    print(number, length, store.write(Bytes(number, length)))
store.close()
print(hashlib.sha256(open(path, "rb").read()).hexdigest())
