// Measures how fast the pages are there, cold, each time in a new profile:
//   node test/measure.mjs URL NOTEBOOK [RUNS]
// NOTEBOOK is a path in the served folder that has a code cell. `editable` is
// the time until the first code cell takes text, `kernel` until its kernel is
// idle, both in ms from the start of navigation.
import { launch, visit } from './lib/browser.mjs';
import { serverAddress } from './lib/run.mjs';

const url = serverAddress();
const [notebook, runs = '5'] = process.argv.slice(2).filter(a => a !== url);
const median = list =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const since = page => page.evaluate(() => Math.round(performance.now()));

async function once(path, steps) {
  const browser = await launch();
  const t = await visit(browser, url);
  // Signs in without loading the page.
  await t.context.request.get(url);
  await t.page.goto(t.at(path), { waitUntil: 'commit' });
  const result = {};
  for (const [name, wait] of steps) {
    await wait(t.page);
    result[name] = await since(t.page);
  }
  Object.assign(
    result,
    await t.page.evaluate(() => {
      const files = performance
        .getEntriesByType('resource')
        .filter(e => e.name.includes('/static/'));
      return {
        requests: files.length,
        kB: Math.round(files.reduce((sum, e) => sum + e.transferSize, 0) / 1000)
      };
    })
  );
  await browser.close();
  return result;
}

const pages = {
  start: ['/', [['listed', p => p.waitForSelector('#files:not([aria-busy])')]]],
  notebook: [
    '/notebooks/' + notebook,
    [
      [
        'editable',
        p =>
          p.waitForSelector('.jp-CodeCell .cm-content[contenteditable="true"]')
      ],
      [
        'kernel',
        p =>
          p.waitForFunction(() =>
            document
              .querySelector('#jp-main-statusbar')
              ?.textContent?.includes('| Idle')
          )
      ]
    ]
  ]
};
for (const [name, [path, steps]] of Object.entries(pages)) {
  const results = [];
  for (let i = 0; i < Number(runs); i++) results.push(await once(path, steps));
  const keys = Object.keys(results[0]);
  console.log(
    name,
    Object.fromEntries(keys.map(k => [k, median(results.map(r => r[k]))])),
    'worst',
    Object.fromEntries(keys.map(k => [k, Math.max(...results.map(r => r[k]))]))
  );
}
