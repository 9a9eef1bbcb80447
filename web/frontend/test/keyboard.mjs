// The page without a mouse: from the start page to a notebook, edit, run,
// complete, interrupt, restart, the pool panel, save, close; where the focus is
// can always be seen. On the Go kernel.
//   node test/keyboard.mjs URL [WORD…]
import { accessible } from './lib/axe.mjs';
import { Notebook, stored } from './lib/notebook.mjs';
import { equal, ok, run } from './lib/run.mjs';

/** What has the focus, in words, also inside components. */
const focused = page =>
  page.evaluate(() => {
    let node = document.activeElement;
    while (node?.shadowRoot?.activeElement)
      node = node.shadowRoot.activeElement;
    const host = node?.getRootNode().host ?? node;
    return [
      host?.getAttribute('aria-label'),
      host?.title,
      node?.textContent?.trim().slice(0, 60),
      host?.className
    ]
      .filter(Boolean)
      .join(' | ');
  });

/** Whether a person sees where the focus is: a picture of it differs from one without. */
async function visible(page, what) {
  const box = await page.evaluate(() => {
    let node = document.activeElement;
    while (node?.shadowRoot?.activeElement)
      node = node.shadowRoot.activeElement;
    const { x, y, width, height } = node.getBoundingClientRect();
    return { x, y, width, height };
  });
  const { width, height } = page.viewportSize();
  const x = Math.max(0, box.x - 6);
  const y = Math.max(0, box.y - 6);
  const clip = {
    x,
    y,
    width: Math.min(width - x, box.width + 12),
    height: Math.min(height - y, box.height + 12)
  };
  const shown = await page.screenshot({ clip, caret: 'initial' });
  const handle = await page.evaluateHandle(() => {
    const node = document.activeElement;
    const inner = node.shadowRoot?.activeElement;
    (inner ?? node).blur();
    return inner ?? node;
  });
  const without = await page.screenshot({ clip, caret: 'initial' });
  await handle.evaluate(node => node.focus());
  ok(!shown.equals(without), `the focus is not seen on ${what}`);
}

/** Goes to the tutorials, which are folded where one was opened before. */
async function toTutorials(page) {
  if (await page.locator('#tutorials-fold[open]').count()) return;
  await tabTo(page, /Tutorials/, { most: 300 });
  await page.keyboard.press('Enter');
}

/** Presses Tab until the focus is on what is asked for; checks that it is seen on each of the way. */
async function tabTo(page, pattern, { most = 60, look = false } = {}) {
  const passed = [];
  for (let i = 0; i < most; i++) {
    await page.keyboard.press('Tab');
    const at = await focused(page);
    passed.push(at);
    const some = await page.evaluate(
      () => document.activeElement !== document.body
    );
    if (look && some) await visible(page, at);
    if (pattern.test(at)) return;
  }
  throw new Error(`${pattern} is not reached by Tab:\n${passed.join('\n')}`);
}

async function startPage(t) {
  await t.start();
  const { page } = t;
  await tabTo(page, /New notebook/, { look: true });
  await toTutorials(page);
  await tabTo(page, /card$/, { look: true, most: 300 });
  await t.start();
  await tabTo(page, /New notebook/);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/notebooks/**');
}

async function notebookPage(t) {
  await startPage(t);
  const { page } = t;
  const notebook = await new Notebook(page).ready();
  // The first cell is ready to be edited.
  await page.waitForFunction(() =>
    document.activeElement?.closest('.cm-content')
  );
  await page.keyboard.insertText('text := strings.ToUpp');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() =>
    document.querySelector('.cm-content').innerText.includes('ToUpper')
  );
  await page.keyboard.insertText('("keys")\ntext');
  await page.keyboard.press('Shift+Enter');
  await notebook.shows(0, 'KEYS');
  // A list of completions, and one chosen from it.
  await page.keyboard.insertText('strings.To');
  await page.keyboard.press('Tab');
  await page.locator('.jp-Completer-item').first().waitFor();
  await accessible(page);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.locator('.jp-Completer-item').first().waitFor({ state: 'hidden' });
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText('for {}');
  await page.keyboard.press('Shift+Enter');
  await notebook.started(1);
  // Out of the editor, and interrupted.
  await page.keyboard.press('Escape');
  await visible(page, 'the notebook');
  await page.keyboard.press('i');
  await page.keyboard.press('i');
  await notebook.finished(1, 15_000);
  // The pool panel, and its timeline by keys.
  await page.keyboard.press('Control+Alt+p');
  await page.locator('.pb-PoolView').waitFor();
  await accessible(page);
  await page.keyboard.press('Control+Alt+p');
  await page.locator('.pb-PoolView').waitFor({ state: 'detached' });
  // Back in the notebook: restarted, after a question.
  await page.keyboard.press('Control+Shift+c');
  await page.locator('#modal-command-palette').waitFor();
  await accessible(page);
  await page.keyboard.insertText('restart kernel…');
  await page.keyboard.press('Enter');
  await page.locator('.jp-Dialog').waitFor();
  await accessible(page);
  await visible(page, "the dialog's button");
  await page.keyboard.press('Enter');
  await page.locator('.jp-Dialog').waitFor({ state: 'detached' });
  await page.waitForFunction(() =>
    /\\| Idle/.test(document.querySelector('#jp-main-statusbar').textContent)
  );
  // The list of shortcuts.
  await page.keyboard.press('Control+Shift+h');
  await page.locator('.jp-Dialog, .jp-Shortcuts').first().waitFor();
  await accessible(page);
  await page.keyboard.press('Escape');
  await page.locator('.jp-Dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('Control+s');
  await notebook.saved();
  equal(
    [(await stored(page, notebook.path())).cells[1].source].flat().join(''),
    'for {}',
    'saved source'
  );
  // Closed, which leads to the start page.
  await page.keyboard.press('Alt+w');
  await page.waitForURL(/\/($|\?)/);
}

/** Every button of the toolbar can be reached, and is seen to have the focus. */
async function toolbar(t) {
  await t.start();
  const { page } = t;
  await page.locator('#new').click();
  await page.waitForURL('**/notebooks/**');
  const notebook = await new Notebook(page).ready();
  await notebook.command();
  await tabTo(page, /Workers, jobs and tasks/, { look: true });
  await page.keyboard.press('Enter');
  await page.locator('.pb-PoolView').waitFor();
  await notebook.run(
    0,
    'p := pool.New(pool.Processes(2)); r, _ := pool.Map(p, func(n int) int { time.Sleep(100*time.Millisecond); return n }, pool.Range(20)); len(r)'
  );
  await notebook.finished(0);
  await notebook.command();
  await tabTo(page, /^Timeline: /, { look: true });
}

await run([
  ['keyboard start page', startPage],
  ['keyboard notebook', notebookPage],
  ['keyboard toolbar', toolbar]
]);
