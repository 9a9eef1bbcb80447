// Opens the tutorials from the start page, runs each with Shift-Enter through
// all its cells, and compares the outputs with those that ship with it.
//   node test/tutorial.mjs URL [WORD…]     only tutorials with a word in their name
// OUT names a folder for the notebooks as they were saved.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { launch, visit } from './lib/browser.mjs';
import { differences } from './lib/compare.mjs';
import { api, Notebook, stored } from './lib/notebook.mjs';
import { ok, run, serverAddress } from './lib/run.mjs';

/** Opens a tutorial by its card and runs it; the page is left as it is then. */
async function tutorial(t, name) {
  const { page } = t;
  await t.start();
  const card = page.locator(`[data-tutorial="${name}"]`);
  await card.waitFor({ state: 'attached' });
  if (!(await card.isVisible()))
    // folded: one was opened before
    await page.locator('#tutorials-fold > summary').click();
  await card.click();
  await page.waitForURL('**/notebooks/**');
  const notebook = await new Notebook(page).ready();
  const before = await stored(page, notebook.path());
  ok(
    before.cells.some(c => c.outputs?.length),
    'the tutorial ships without outputs'
  );
  await notebook.select(0);
  for (let i = 0; i < before.cells.length; i++) {
    const cell = before.cells[i];
    await notebook.shiftEnter();
    if (cell.cell_type === 'code' && cell.source.length)
      await notebook.finished(i, 180_000);
  }
  await notebook.save();
  const after = await stored(page, notebook.path());
  if (process.env.OUT) {
    mkdirSync(process.env.OUT, { recursive: true });
    writeFileSync(
      path.join(process.env.OUT, name + '.ipynb'),
      JSON.stringify(after, null, 1) + '\n'
    );
  }
  const found = differences(before, after);
  ok(found.length === 0, found.join('\n'));
}

// The list comes from the server, so that a new tutorial is tested by being there.
const browser = await launch();
const t = await visit(browser, serverAddress());
await t.start();
const list = await api(t.page, 'GET', 'poolbook/api/tutorials');
await browser.close();
await run(list.map(({ name }) => [`tutorial ${name}`, t => tutorial(t, name)]));
