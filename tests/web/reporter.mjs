// Reports results like tests/reporting.py: a line each on standard output, and a JSON object in the file $ROOST_REPORT.

import { appendFileSync } from "node:fs";

export class Reporter {
  constructor(label) {
    this.label = label;
    this.failed = 0;
  }

  /** Runs one test; answers whether it passed. */
  async test(name, body) {
    const begun_ms = Date.now();
    let text = "";
    try {
      await body();
    } catch (error) {
      this.failed += 1;
      text = error.stack || String(error);
    }
    this.#report(name, text ? "FAILED" : "ok", (Date.now() - begun_ms) / 1000, text);
    return !text;
  }

  /** Tests of which each needs what the ones before it did: after a failure the rest are skipped. */
  async sequence(tests) {
    let passed = true;
    for (const [name, body] of tests) {
      if (passed) passed = await this.test(name, body);
      else this.#report(name, "skipped", 0, "an earlier test of the sequence failed");
    }
  }

  #report(name, outcome, seconds, text) {
    const line = { name: `${this.label}: ${name}`, outcome, seconds, text };
    console.log(`${outcome.padEnd(7)} ${line.name}  ${seconds.toFixed(2)} s`);
    if (text) console.log(`        ${text.replaceAll("\n", "\n        ")}`);
    if (process.env.ROOST_REPORT) appendFileSync(process.env.ROOST_REPORT, `${JSON.stringify(line)}\n`);
  }
}
