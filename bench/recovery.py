"""bench/run recovery: time and memory to read back a journal of a million likes, one record each, for 100,000 tweets.
One process per run; the median of several."""

import argparse
import os
import pathlib
import statistics
import tempfile

import measure

ROOT = pathlib.Path(__file__).resolve().parents[1]
BIN = pathlib.Path(os.environ.get("ROOST_BIN", ROOT / "build/release/bin"))
LIKES, TWEETS, RUNS = 1_000_000, 100_000, 5
MOST_MS, MOST_MIB = 1000, 64


def recover():
    """(milliseconds, peak memory in MiB)"""
    with tempfile.TemporaryDirectory(prefix="roost-bench-") as directory:
        command = [BIN / "journal_recovery", directory, str(LIKES), str(TWEETS)]
        took_ms, peak_kib = map(float, measure.output_of(command).split())
    return took_ms, peak_kib / 1024


def main():
    argparse.ArgumentParser(prog="bench/run recovery", description=__doc__).parse_args()
    measure.need(BIN / "journal_recovery")
    runs = [recover() for _ in range(RUNS)]
    took_ms, peak_mib = (statistics.median(values) for values in zip(*runs))
    lines = [measure.environment(), "", "| likes | tweets | recovery ms | peak memory MiB |", "|--:|--:|--:|--:|",
             f"| {LIKES:,} | {TWEETS:,} | {took_ms:.0f} | {peak_mib:.1f} |"]
    print("\n".join(lines))
    results = ROOT / "bench/results"
    results.mkdir(exist_ok=True)
    (results / "recovery.md").write_text("\n".join(lines) + "\n")
    good = took_ms < MOST_MS and peak_mib < MOST_MIB
    print(f"{'within' if good else 'OVER'} the limits of {MOST_MS} ms and {MOST_MIB} MiB")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(measure.say_what_is_wrong("bench/run recovery", main))
