// Measures the notebook page of two servers in turns, each time in a new
// browser, and prints a list of values for each as JSON:
//   node test/bench.mjs RUNS POOLBOOK-URL JUPYTER-URL
// See web/bench, which starts them. It writes a notebook into both.
import { launch, visit } from './lib/browser.mjs';
import { codeCell, notebookOf } from './lib/document.mjs';

const [runs, ...urls] = process.argv.slice(2);
const editor = '.jp-CodeCell .cm-content[contenteditable="true"]';
const pages = [
  { url: urls[0], path: '/notebooks/bench.ipynb' },
  { url: urls[1], path: '/lab/tree/bench.ipynb' }
];

const notebook = notebookOf([
  codeCell('lines', 'for i := range 100_000 { fmt.Println(i) }'),
  ...Array.from({ length: 20 }, (_, i) =>
    codeCell(`c${i}`, `fmt.Println(${i})`)
  )
]);

const token = url => new URL(url).searchParams.get('token');

for (const { url } of pages) {
  const response = await fetch(new URL('/api/contents/bench.ipynb', url), {
    method: 'PUT',
    headers: { Authorization: `token ${token(url)}` },
    body: JSON.stringify({
      type: 'notebook',
      format: 'json',
      content: notebook
    })
  });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
}

const idle = page =>
  page.waitForFunction(() =>
    document
      .querySelector('#jp-main-statusbar')
      ?.textContent?.includes('| Idle')
  );

/** Opens the page; tells when its first cell takes text. */
async function open({ page, at }, path) {
  await page.goto(at(path), { waitUntil: 'commit' });
  await page.waitForSelector(editor);
  return page.evaluate(() => Math.round(performance.now()));
}

async function once({ url, path }, result) {
  const browser = await launch();
  const t = await visit(browser, url);
  // Signs in without loading the page.
  await t.context.request.get(url);
  const protocol = await t.context.newCDPSession(t.page);
  await protocol.send('Network.enable');
  await protocol.send('Performance.enable', { timeDomain: 'threadTicks' });
  let requests = 0;
  let bytes = 0;
  protocol.on('Network.responseReceived', () => requests++);
  protocol.on('Network.loadingFinished', e => (bytes += e.encodedDataLength));
  result.editable.push(await open(t, path));
  const { metrics } = await protocol.send('Performance.getMetrics');
  const busy = metrics.find(m => m.name === 'TaskDuration').value;
  result.cpu.push(Math.round(busy * 1000));
  await idle(t.page);
  result.requests.push(requests);
  result.kB.push(Math.round(bytes / 1000));
  result.warm.push(await open(t, path));
  await browser.close();
}

/** Runs the cell with the lines, and watches the main thread meanwhile. */
async function lines({ url, path }, result) {
  const browser = await launch();
  const t = await visit(browser, url);
  await t.context.request.get(url);
  await open(t, path);
  await idle(t.page);
  await t.page.waitForTimeout(3000); // what the page loads later is there
  await t.page.locator(editor).first().click();
  await t.page.evaluate(() => {
    const watch = { longest: 0, frame: 0, start: performance.now() };
    new PerformanceObserver(list => {
      for (const e of list.getEntries())
        watch.longest = Math.max(watch.longest, e.duration);
    }).observe({ type: 'longtask' });
    let last = performance.now();
    const frame = now => {
      watch.frame = Math.max(watch.frame, now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    window.benchWatch = watch;
  });
  await t.page.keyboard.press('Shift+Enter');
  const watch = await t.page.waitForFunction(
    () =>
      document
        .querySelector('.jp-CodeCell .jp-OutputArea')
        ?.textContent.trimEnd()
        .endsWith('99999') && {
        ...window.benchWatch,
        end: performance.now()
      },
    null,
    { polling: 200, timeout: 120_000 }
  );
  const { start, end, longest, frame } = await watch.jsonValue();
  result.lines.push((end - start) / 1000);
  result.longest.push(Math.round(longest));
  result.frame.push(Math.round(frame));
  await browser.close();
}

const results = pages.map(() => ({
  editable: [],
  cpu: [],
  warm: [],
  requests: [],
  kB: [],
  lines: [],
  longest: [],
  frame: []
}));
for (let i = 0; i < Number(runs); i++)
  for (const [j, page] of pages.entries()) await once(page, results[j]);
for (let i = 0; i < 3; i++)
  for (const [j, page] of pages.entries()) await lines(page, results[j]);
console.log(JSON.stringify(results));
