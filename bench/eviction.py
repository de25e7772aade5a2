#!/usr/bin/env python3
"""bench/run eviction: hit ratios of S3-FIFO, LRU, CLOCK, SIEVE and W-TinyLFU.

    bench/run eviction                      on generated requests: popular keys, with scans, with a loop
    bench/run eviction TRACE|FOLDER…        on recorded ones; also by ROOST_TRACES, separated by colons
    --percent 1,5,10                        sizes of the cache, in percent of the distinct keys

A trace is a text of one whole number a line (lines of * are skipped) or big-endian 32-bit numbers, plain or
compressed (.gz, .xz). Writes bench/results/eviction.txt and eviction.json."""

import argparse
import array
import gzip
import json
import lzma
import os
import pathlib
import subprocess
import sys

from measure import environment, need, progress, say_what_is_wrong

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = pathlib.Path(os.environ.get("ROOST_BIN", HERE.parent / "build/release/bin")) / "eviction"
GENERATED = {"zipf": "popular keys (generated)", "scan": "popular keys and scans (generated)",
             "loop": "popular keys and a loop (generated)"}
POLICIES = ["S3-FIFO", "LRU", "CLOCK", "SIEVE", "W-TinyLFU", "optimum"]
LIMIT_S = 590


class TraceError(Exception):
    """A trace that cannot be read."""


def read_trace(path):
    """The keys of a trace, in the format that the program reads."""
    opener = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    try:
        with opener(path, "rb") as file:
            data = file.read()
        if not data[:4096].strip(b"0123456789*\r\n\t -"):
            return array.array("q", (int(line) for line in data.split() if line != b"*")).tobytes()
        if len(data) % 4:
            raise TraceError(f"{path}: neither whole numbers, one a line, nor 32-bit numbers ({len(data)} bytes)")
        numbers = array.array("i", data)
    except (OSError, EOFError, lzma.LZMAError, ValueError, OverflowError) as error:
        raise TraceError(f"{path}: {error}") from error
    if sys.byteorder == "little":
        numbers.byteswap()
    return array.array("q", numbers).tobytes()


def traces_of(arguments):
    """(name, keys for standard input or None, argument for the program or None) of each."""
    paths = []
    for text in arguments or list(filter(None, os.environ.get("ROOST_TRACES", "").split(":"))):
        path = pathlib.Path(text)
        if not path.exists():
            raise TraceError(f"{path}: no such file")
        found = sorted(p for p in path.iterdir() if ".trace" in p.name) if path.is_dir() else [path]
        if not found:
            raise TraceError(f"{path}: no file in it has .trace in its name")
        paths += found
    for path in paths:
        yield path.name.split(".")[0], path, None
    if not paths:
        for name, title in GENERATED.items():
            yield title, None, name


def measure(path, generated, percents):
    """{"requests": N, "keys": N, "hits": {percent: {policy: N}}}"""
    command = [str(PROGRAM), ",".join(percents), *([generated] if generated else [])]
    done = subprocess.run(command, input=read_trace(path) if path else b"", capture_output=True, timeout=LIMIT_S)
    if done.returncode != 0:
        raise TraceError(f"{path or generated}: {done.stderr.decode().strip()}")
    found = {"hits": {percent: {} for percent in percents}}
    for line in done.stdout.decode().splitlines():
        name, *rest = line.split()
        if len(rest) == 1:
            found[name] = int(rest[0])
        else:
            found["hits"][rest[0]][name] = int(rest[1])
    return found


def row(label, ratios):
    """A table row; the best policy, the optimum aside, is marked."""
    best = max(ratios[policy] for policy in POLICIES[:-1])
    cells = []
    for policy in POLICIES:
        mark = "*" if policy != "optimum" and ratios[policy] > best - 0.0005 else " "
        cells.append(f"{ratios[policy] * 100:>9.2f}{mark}")
    return f"  {label:<12}" + " ".join(cells)


def table(name, found):
    head = f"{name}: {found['requests']:,} requests for {found['keys']:,} keys"
    lines = [head, f"  {'size':<12}" + " ".join(f"{policy:>10}" for policy in POLICIES)]
    for percent, hits in found["hits"].items():
        lines.append(row(f"{percent}%", {policy: hits[policy] / found["requests"] for policy in POLICIES}))
    return "\n".join(lines) + "\n"


def mean_table(results, percents):
    lines = ["mean of the traces", f"  {'size':<12}" + " ".join(f"{policy:>10}" for policy in POLICIES)]
    for percent in percents:
        ratios = {policy: sum(found["hits"][percent][policy] / found["requests"] for found in results.values())
                  / len(results) for policy in POLICIES}
        lines.append(row(f"{percent}%", ratios))
    return "\n".join(lines) + "\n"


def percents_from(text):
    for part in text.split(","):
        if not 0 < float(part) <= 100:
            raise ValueError(part)
    return [f"{float(part):g}" for part in text.split(",")]


def main():
    parser = argparse.ArgumentParser(prog="bench/run eviction", description="Hit ratios of eviction policies.")
    parser.add_argument("--percent", type=percents_from, default=["1", "5", "10"], metavar="N,N")
    parser.add_argument("traces", nargs="*", metavar="TRACE", help="files or folders; none: generated requests")
    options = parser.parse_args()
    need(PROGRAM)
    title = "hit ratio in percent; size in percent of the distinct keys; * the best that does not know the future"
    print(title + "\n")
    results, tables = {}, []
    try:
        for name, path, generated in traces_of(options.traces):
            progress(name)
            results[name] = measure(path, generated, options.percent)
            progress("")
            tables.append(table(name, results[name]))
            print(tables[-1], flush=True)
    except TraceError as error:
        print(f"bench/run eviction: {error}", file=sys.stderr)
        return 2
    tables.append(mean_table(results, options.percent))
    print(tables[-1])
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / "eviction.txt").write_text(f"{title}\n\n" + "\n".join(tables))
    (folder / "eviction.json").write_text(json.dumps({"machine": environment(), "traces": results}, indent=1) + "\n")
    print("written to bench/results/eviction.txt and eviction.json")
    return 0


if __name__ == "__main__":
    sys.exit(say_what_is_wrong("bench/run eviction", main))
