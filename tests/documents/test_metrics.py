"""docs/metrics.md names every metric with its meaning, and its alerts ask for series that there are."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
from harness import *  # noqa: E402, F403

import metrics  # noqa: E402

SERIES = re.compile(r"(roost_\w+)(?:\{([^}]*)\})?")
SUFFIX = re.compile(r"_(bucket|sum|count)$")


def expressions():
    """The alerts' expressions, and those worth a picture."""
    text = metrics.PAGE.read_text()
    found = re.findall(r"(?m)^\| [^|]+ \| `([^|`]+)`", text.partition("## roost-proxy")[0])
    pictures = re.search(r"(?s)Worth a picture each: (.*?)\n\n", text)[1]
    return [*found, *re.findall(r"`([^`]+)`", pictures)]


class Metrics(FlowTest):
    def stack(self):
        """What /metrics of a worker and of a proxy before it say, after a few requests."""
        worker = self.api()
        proxy = self.proxy(worker, admin=True)
        person = Person(worker.address, "ann")
        person.post("hello")
        for _ in range(2):
            get(proxy.address, "/api/tweets")
        request(proxy.address, "POST", "/like/1", (), b"")
        return get(proxy.admin, "/metrics").body.decode(), get(worker.address, "/metrics").body.decode()

    def test_the_tables_are_those_of_the_code(self):
        self.assertEqual(metrics.PAGE.read_text(), metrics.page(metrics.PAGE.read_text()),
                         "run tests/documents/metrics.py")

    def test_what_programs_show_is_in_their_table(self):
        """And nearly all of the table is shown at once; the rest when something of the kind has happened."""
        common = metrics.declared("both")
        for which, text in zip(("proxy", "api"), self.stack()):
            known = metrics.declared(which) | common
            shown = dict(re.findall(r"(?m)^# HELP (\w+) (.+)$", text))
            for name, meaning in shown.items():
                self.assertEqual(known.get(name), meaning, name)
            self.assertGreater(len(shown), 0.8 * len(known), sorted(set(known) - set(shown)))

    def test_alerts_ask_for_series_that_there_are(self):
        text = "\n".join(self.stack())
        asked = [(name, labels) for expression in expressions() for name, labels in SERIES.findall(expression)]
        self.assertGreater(len(asked), 25)
        for name, labels in asked:
            plain = SUFFIX.sub("", name)
            self.assertRegex(text, rf"(?m)^# TYPE ({name}|{plain}) ", name)
            for label, values in re.findall(r'(\w+)=~?"([^"]*)"', labels):
                self.assertRegex(text, rf'(?m)^{name}\{{[^}}]*{label}="{values}"', f"{name} {label}")

    def test_by_names_labels_that_there_are(self):
        text = "\n".join(self.stack())
        for expression in expressions():
            for label in re.findall(r"by \((\w+)\)", expression):
                self.assertIn(f'{label}="', text)


if __name__ == "__main__":
    main()
