"""Results of the tests written in Python: a line each on standard output, and a JSON object each in the file
$ROOST_REPORT for tests/runner.py."""

import json
import os
import sys
import time
import unittest


def report(name, outcome, seconds, text=""):
    """`outcome` is "ok", "FAILED" or "skipped"."""
    print(f"{outcome:7} {name}  {seconds:.2f} s", flush=True)
    if text:
        print("        " + text.rstrip().replace("\n", "\n        "), flush=True)
    if path := os.environ.get("ROOST_REPORT"):
        with open(path, "a", encoding="utf-8") as lines:
            json.dump({"name": name, "outcome": outcome, "seconds": seconds, "text": text}, lines)
            lines.write("\n")


class LineResult(unittest.TestResult):
    """Reports every test once, with all failures of its body, subtests and clean-up."""

    def startTest(self, test):
        super().startTest(test)
        self.started_s = time.monotonic()
        self.problems, self.skip_reason = [], ""

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.problems.append(self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        if hasattr(self, "problems"):
            self.problems.append(self.errors[-1][1])
        else:  # setUpClass or an import failed, outside any test
            report(str(test), "FAILED", 0, self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            group = self.failures if issubclass(err[0], test.failureException) else self.errors
            self.problems.append(group[-1][1])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.skip_reason = reason

    def stopTest(self, test):
        super().stopTest(test)
        outcome = "FAILED" if self.problems else "skipped" if self.skip_reason else "ok"
        report(test.id().removeprefix("__main__."), outcome, time.monotonic() - self.started_s,
               "\n".join(self.problems) or self.skip_reason)
        del self.problems


def main():
    """Runs the tests of the calling file and exits; arguments select by part of a name."""
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    chosen = unittest.TestSuite()
    for group in suite:
        for test in group:
            if len(sys.argv) == 1 or any(word in test.id() for word in sys.argv[1:]):
                chosen.addTest(test)
    result = LineResult()
    chosen.run(result)
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun} tests, {failed} failed")
    sys.exit(0 if result.testsRun > 0 and result.wasSuccessful() else 1)
