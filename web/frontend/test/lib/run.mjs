// Runs tests one after another, each in a browser context of its own.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { launch, visit } from './browser.mjs';

/** Reads the server's address from the command line or POOLBOOK_URL. */
export function serverAddress() {
  const url =
    process.argv.slice(2).find(a => /^https?:/.test(a)) ??
    process.env.POOLBOOK_URL;
  if (!url) {
    console.error(
      'usage: node test/NAME.mjs URL    (with its token: http://127.0.0.1:8888/?token=…)'
    );
    process.exit(2);
  }
  return url;
}

/**
 * How often a test may be tried: in CI, where other tests have most of the machine, a second time. What
 * happened the first time is printed all the same.
 */
const TRIES = process.env.CI ? 2 : 1;

/**
 * Runs tests: functions of (t) with t.page, t.start(), t.at(path), t.problems.
 * A test fails when it throws and when its page had a problem. SCREENSHOTS
 * names a folder for a picture of each page at the end of its test. Exits with
 * 1 when a test failed, and prints one line for each and a last one with both
 * numbers.
 */
export async function run(tests, url = serverAddress()) {
  const only = process.argv
    .slice(2)
    .filter(a => !/^https?:/.test(a) && !a.startsWith('--'));
  const browser = await launch();
  let passed = 0;
  let failed = 0;
  try {
    const chosen = tests.filter(
      ([name]) => !only.length || only.some(word => name.includes(word))
    );
    const waiting = chosen.map(test => [test, TRIES]);
    while (waiting.length) {
      const [[name, test, options], tries] = waiting.shift();
      const started = performance.now();
      const t = await visit(browser, url, options);
      try {
        await test(t);
        if (t.problems.length) throw new Error(t.problems.join('\n'));
        passed++;
        console.log(
          `ok   ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`
        );
      } catch (error) {
        if (tries > 1) waiting.unshift([[name, test, options], tries - 1]);
        else failed++;
        console.log(
          `${tries > 1 ? 'once more:' : 'FAIL'} ${name}\n${String(error.stack ?? error).replace(/^/gm, '     ')}`
        );
        for (const problem of t.problems) console.log(`     also: ${problem}`);
      } finally {
        if (process.env.SCREENSHOTS) {
          mkdirSync(process.env.SCREENSHOTS, { recursive: true });
          // A test may have closed its first page.
          const page = t.context.pages().at(-1) ?? t.page;
          await page.screenshot({
            path: path.join(
              process.env.SCREENSHOTS,
              name.replace(/\W+/g, '-') + '.png'
            )
          });
        }
        await t.context.close();
      }
    }
  } finally {
    await browser.close();
  }
  console.log(`${passed} passed, ${failed} failed`);
  if (failed || !passed) process.exitCode = 1;
}

/** Fails with a message that shows both values. */
export function equal(got, want, what) {
  if (got !== want)
    throw new Error(
      `${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`
    );
}

export function ok(value, what) {
  if (!value) throw new Error(what);
}
