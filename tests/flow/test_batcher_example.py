"""The example in docs/batcher.md works and is the same as the source file."""

from harness import *


class BatcherExample(FlowTest):
    def test_counters_add_up_over_several_runs(self):
        directory = self.directory / "example"
        directory.mkdir()
        code, output = self.run_program("batcher-example", directory, 7, 8, 7)
        self.assertEqual(code, 0, output)
        self.assertEqual(output.count("cannot be lost any more"), 3, output)
        self.assertEqual(output.splitlines()[-2:], ["counter-7 2", "counter-8 1"])
        code, output = self.run_program("batcher-example", directory, 7)
        self.assertEqual((code, output.splitlines()[-2:]), (0, ["counter-7 3", "counter-8 1"]), output)
        self.assertEqual(list((directory / "journal").iterdir()), [])

    def test_the_page_shows_its_code(self):
        page = (ROOT / "docs/batcher.md").read_text()
        shown = page.partition("```cpp\n")[2].partition("```")[0]
        self.assertIn(shown, (ROOT / "batcher/example.cc").read_text())
        self.assertGreater(len(shown.splitlines()), 15)


if __name__ == "__main__":
    main()
