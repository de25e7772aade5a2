"""More client connections than the worker has file descriptors."""

import contextlib
import time

from harness import *


class Descriptors(FlowTest):
    def test_silent_clients_do_not_lock_out_others_or_take_the_descriptors_of_the_database(self):
        address = f"127.0.0.1:{free_port()}"
        worker = self.program("prlimit", "--nofile=200:400", BIN / "roost-api", "--listen", address,
                              "--data", self.directory / "data", environment=CHEAP_PASSWORDS)
        worker.address = address
        self._listening(worker)
        wait_until(lambda: get(address, "/readyz").status == 200, 20, "the worker to be ready")
        with contextlib.ExitStack() as stack:
            for _ in range(600):
                stack.enter_context(Connection(address))
            time.sleep(0.05)  # a connection this new is not closed for another one
            for number in range(5):
                Person(address, f"person{number}").post("here")
            self.assertEqual(get(address, "/readyz").status, 200)


if __name__ == "__main__":
    main()
