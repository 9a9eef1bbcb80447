// Cells that never stop putting out: the page goes on answering, an interrupt from it ends them, it
// shows the first and the last, and its memory stays as it was. On the Go kernel.
//   node test/flood.mjs URL [WORD…]
import { Notebook, stored } from './lib/notebook.mjs';
import { equal, ok, run } from './lib/run.mjs';

async function fresh(t) {
  await t.start();
  await t.page.locator('#new').click();
  await t.page.waitForURL('**/notebooks/**');
  return new Notebook(t.page).ready();
}

/** What a page may be busy with without an answer, in ms: a machine with other work is given time. */
const STALL = 1000;
const INTERRUPT = 5000;

/** Has the page count how long its thread is busy at a time. */
async function watchTasks(page) {
  await page.evaluate(() => {
    window.longest = 0;
    new PerformanceObserver(list => {
      for (const { duration } of list.getEntries())
        window.longest = Math.max(window.longest, duration);
    }).observe({ type: 'longtask' });
  });
  return () => page.evaluate(() => Math.round(window.longest));
}

async function heap(t) {
  const cdp = await t.context.newCDPSession(t.page);
  await cdp.send('HeapProfiler.enable');
  await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  await cdp.detach();
  return usedSize;
}

const endless = body => `for i := 0; ; i++ {\n\t${body}\n}`;

/** Floods that go on until they are interrupted, and the last thing that the page then shows. */
const floods = {
  print: [endless('fmt.Println("flood", i)'), /flood \d+$/],
  line: [endless('fmt.Print("flood ", i, " ")'), /flood \d+$/],
  return: [endless('fmt.Print("\\rflood ", i)'), /flood \d+$/],
  display: [endless('display.Show(fmt.Sprint("flood ", i))'), /flood \d+"?$/],
  HTML: [
    endless('display.HTML(fmt.Sprintf("<b>flood %d</b>", i))'),
    /flood \d+$/
  ],
  clear: [endless('display.Clear()\n\tfmt.Println("flood", i)')],
  clearing: [endless('display.ClearWait()\n\tfmt.Println("flood", i)')]
};

function floodOf(name) {
  const [code, last] = floods[name];
  return async t => {
    const notebook = await fresh(t);
    const { page } = t;
    await notebook.run(0, code);
    await notebook.shows(0, 'flood');
    const longest = await watchTasks(page);
    const before = await heap(t);
    await page.waitForTimeout(4000);
    const started = performance.now();
    await notebook.button('interrupt');
    await notebook.finished(0, 60_000);
    const took = Math.round(performance.now() - started);
    const stall = await longest();
    const grown = ((await heap(t)) - before) / 1e6;
    console.log(
      `     ${name}: interrupted after ${took} ms, longest task ${stall} ms, ${grown.toFixed(1)} MB more`
    );
    ok(took < INTERRUPT, `the interrupt took ${took} ms`);
    ok(stall < STALL, `the page did not answer for ${stall} ms`);
    ok(grown < 50, `${grown} MB of memory stay`);
    // The last of it is there, before the error that the interrupt makes.
    const outputs = await notebook.cells
      .nth(0)
      .locator('.jp-OutputArea-output')
      .allInnerTexts();
    const shown = outputs.map(text => text.trim()).filter(Boolean);
    ok(/interrupt/i.test(shown.at(-1)), `the last output is ${shown.at(-1)}`);
    // One that clears may have been interrupted right after it.
    if (last)
      ok(
        last.test(shown.at(-2)),
        `before it stands ${shown.at(-2)?.slice(-80)}`
      );
    // The kernel takes the next cell at once.
    await notebook.run(1, '"and " + "on"');
    await notebook.shows(1, 'and on');
  };
}

/** Many lines that end: all are counted, the note opens them, and what is saved has the first, the note and the last. */
async function millions(t) {
  const notebook = await fresh(t);
  const { page } = t;
  const n = 10_000_000;
  const longest = await watchTasks(page);
  await notebook.run(0, `for i := range ${n} {\n\tfmt.Println("line", i)\n}`);
  await notebook.finished(0, 300_000);
  const stall = await longest();
  console.log(`     ${n} lines: longest task ${stall} ms`);
  ok(stall < STALL, `the page did not answer for ${stall} ms`);
  const texts = await notebook.cells
    .nth(0)
    .locator('.jp-OutputArea-output')
    .allInnerTexts();
  equal(texts.length, 3, 'outputs');
  const count = text => text.trimEnd().split('\n').length;
  const note = /^([\d,]+) more lines/.exec(texts[1].trim());
  ok(note, `the note is ${texts[1]}`);
  equal(
    count(texts[0]) + Number(note[1].replaceAll(',', '')) + count(texts[2]),
    n,
    'lines in all'
  );
  equal(texts[2].trimEnd().split('\n').at(-1), `line ${n - 1}`, 'last line');
  const href = await page.locator('.pb-Held a').first().getAttribute('href');
  const held = await page.evaluate(async href => {
    const response = await fetch(href);
    const reader = response.body.getReader();
    const first = new TextDecoder().decode((await reader.read()).value);
    let bytes = first.length;
    let tail = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
      tail = new TextDecoder().decode(value.slice(-40));
    }
    return { status: response.status, first: first.slice(0, 40), tail, bytes };
  }, href);
  equal(held.status, 200, 'status');
  ok(held.first.startsWith(`line ${count(texts[0])}\n`), held.first);
  ok(held.tail.endsWith(`line ${n - 1}\n`), held.tail);
  await notebook.save();
  const { cells } = await stored(page, notebook.path());
  equal(cells[0].outputs.length, 3, 'saved outputs');
  ok(JSON.stringify(cells[0]).length < 1e6, 'the saved cell is large');
  // A page that is opened anew shows the same.
  await page.reload();
  await notebook.ready();
  await page.locator('.pb-Held').waitFor();
}

/** A page that is opened in the middle of a flood sees it, and can end it. */
async function reloaded(t) {
  const notebook = await fresh(t);
  await notebook.run(0, floods.print[0]);
  await notebook.shows(0, 'so far');
  // It is never saved for long: each output makes it unsaved again.
  await Promise.all([
    t.page.waitForResponse(answer => answer.request().method() === 'PUT'),
    t.page.keyboard.press('Control+s')
  ]);
  await t.page.reload();
  await notebook.ready();
  await notebook.shows(0, 'so far');
  await notebook.button('interrupt');
  await notebook.finished(0, 20_000);
  equal(await t.page.locator('.pb-Held').count(), 1, 'notes');
}

await run([
  ...Object.keys(floods).map(name => [`flood: ${name}`, floodOf(name)]),
  ['flood of lines that ends', millions],
  ['flood and reload', reloaded]
]);
