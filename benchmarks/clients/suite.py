"""Calls of a client, each with what must come of it; a failed one is told and does not end the others."""

import contextlib
import time
import traceback


class Suite:
    """Runs the calls of areas, in order, and tells of each; what one area learnt stands in `seen` for the next."""

    def __init__(self, client, only, tell):
        self.client, self.only, self.tell, self.seen, self.area = client, only, tell, {}, None

    def run(self, areas):
        for name, area in areas.items():
            if not self.only or name in self.only:
                self.area = name
                try:
                    area.calls(self, self.client)
                except Exception as e:  # an area that cannot go on is a failed row too
                    self.row("the rest of this area", e, 0)

    @contextlib.contextmanager
    def call(self, title):
        """One row: the body of the `with` makes the calls and asserts."""
        began, problem = time.monotonic(), None
        try:
            yield
        except Exception as e:  # whatever a client throws is a failed row
            problem = e
        self.row(title, problem, time.monotonic() - began)

    def row(self, title, problem, seconds):
        if problem is not None:
            last = traceback.extract_tb(problem.__traceback__)[-1]
            problem = f"{type(problem).__name__}: {problem} ({last.filename.rsplit('/', 1)[-1]}:{last.lineno})"[:600]
        self.tell({"area": self.area, "call": title, "ok": problem is None, "problem": problem, "seconds": seconds})


def refused(error, work, **has):
    """The call must raise this error; has: fields of it, and `says`, words of its message."""
    try:
        result = work()
    except error as e:
        says = has.pop("says", "")
        assert says in str(e), f"{says!r} is not in {e}"
        for name, value in has.items():
            assert getattr(e, name) == value, f"{name} is {getattr(e, name)!r}, not {value!r}: {e}"
        return e
    raise AssertionError(f"no {error.__name__} but {result}")


def until(look, done, seconds=180, every=0.5):
    """Looks again and again until it is done."""
    end = time.monotonic() + seconds
    while not done(seen := look()):
        assert time.monotonic() < end, f"still {seen} after {seconds} s"
        time.sleep(every)
    return seen
