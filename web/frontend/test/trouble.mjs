// What goes wrong between a page, its server and other pages: a server that is away or was started
// anew, a sign-in that has ended, a file that somebody else saves or renames. Nothing that was typed is lost.
//   node test/trouble.mjs URL [WORD…]
import { Notebook, api, stored } from './lib/notebook.mjs';
import { behind } from './lib/proxy.mjs';
import { equal, ok, run, serverAddress } from './lib/run.mjs';

const direct = serverAddress();
const way = await behind(direct);

async function fresh(t) {
  await t.start();
  await t.page.locator('#new').click();
  await t.page.waitForURL('**/notebooks/**');
  return new Notebook(t.page).ready();
}

/** Forgets the problems that a server which is away makes in the console. */
function forgive(t, pattern) {
  for (let i = t.problems.length; i-- > 0;)
    if (pattern.test(t.problems[i])) t.problems.splice(i, 1);
}
const unreachable =
  /ERR_CONNECTION|ERR_EMPTY|ERR_SOCKET|Connection lost|WebSocket|Failed to fetch|NetworkError|status of 403|403|Kernel error|Could not/i;

const bar = page => page.locator('.pb-Trouble:not([hidden])');
const source = cell => [cell.source].flat().join('');

/** Waits until the file of a notebook has a source in its first cell. */
async function onDisk(page, path, want) {
  for (let i = 0; i < 100; i++) {
    if (source((await stored(page, path)).cells[0]) === want) return;
    await page.waitForTimeout(200);
  }
  equal(source((await stored(page, path)).cells[0]), want, 'what is on disk');
}

/** A page whose server goes away says so with what it has, and saves when it is back. */
async function away(t) {
  // Nothing that is fetched late is there to say it.
  const first = new Set();
  await t.page.route('**/static/assets/*.js', async (route, request) => {
    const tags = await t.page
      .locator('script[src]')
      .evaluateAll(all => all.map(node => node.src));
    tags.forEach(src => first.add(src));
    return first.has(request.url()) || tags.length === 0
      ? route.continue()
      : route.abort();
  });
  const notebook = await fresh(t);
  const { page } = t;
  await notebook.type(0, 'before := 1');
  await notebook.save();
  await way.down();
  await notebook.type(0, 'meanwhile := 2');
  await bar(page).getByText('The server does not answer').waitFor();
  await page.locator('.pb-SaveState[data-state="failed"]').waitFor();
  await page.keyboard.press('Control+s');
  await page.waitForTimeout(500);
  equal(await page.locator('.jp-Dialog').count(), 0, 'dialogs');
  await way.up();
  await bar(page).waitFor({ state: 'hidden' });
  await onDisk(page, notebook.path(), 'meanwhile := 2');
  await notebook.saved();
  forgive(t, unreachable);
  forgive(t, /ChunkLoadError|ERR_FAILED|Loading chunk/);
}

/** A sign-in that has ended, as after a new start with another key: one signs in elsewhere, and goes on. */
async function signedOut(t) {
  const notebook = await fresh(t);
  const { page } = t;
  await notebook.run(0, 'kept := 41');
  await notebook.finished(0);
  await notebook.save();
  await t.context.clearCookies();
  await notebook.type(1, 'kept + 1');
  await page.keyboard.press('Control+s');
  await bar(page).getByText('signed out').waitFor();
  equal(await page.locator('.jp-Dialog').count(), 0, 'dialogs');
  const [login] = await Promise.all([
    t.context.waitForEvent('page'),
    bar(page).getByRole('link', { name: 'Sign in' }).click()
  ]);
  await login.locator('#token').fill(direct);
  await login.getByRole('button', { name: 'Sign in' }).click();
  await login.waitForSelector('#files');
  await login.close();
  await bar(page).waitFor({ state: 'hidden' });
  await notebook.saved();
  equal(
    source((await stored(page, notebook.path())).cells[1]),
    'kept + 1',
    'what is on disk'
  );
  await notebook.cells.nth(1).locator('.cm-content').click();
  await notebook.shiftEnter();
  await notebook.shows(1, '42');
  forgive(t, unreachable);
}

/** What was typed while the server was away is there when the page is opened again, also after it was closed. */
async function draft(t) {
  const notebook = await fresh(t);
  const { page } = t;
  await notebook.type(0, 'saved := 1');
  await notebook.save();
  const path = notebook.path();
  const address = page.url();
  await way.down();
  await notebook.type(0, 'typed := 2');
  await bar(page).waitFor();
  await page.waitForTimeout(2500);
  const other = await t.context.newPage();
  await page.close({ runBeforeUnload: false });
  await way.up();
  await other.goto(address);
  const again = await new Notebook(other).ready();
  await other.getByText('What was not saved').first().waitFor();
  equal(
    await again.cells.nth(0).locator('.cm-content').innerText(),
    'typed := 2',
    'what the page shows'
  );
  await other.keyboard.press('Control+s');
  await onDisk(other, path, 'typed := 2');
  // It is not brought back a second time.
  await again.saved();
  await other.reload();
  await again.ready();
  await other.waitForTimeout(500);
  equal(await other.getByText('What was not saved').count(), 0, 'notes');
  forgive(t, unreachable);
}

/** A server that was started anew has no kernels: the next cell starts one. */
async function startedAnew(t) {
  const notebook = await fresh(t);
  const { page } = t;
  await notebook.run(0, 'kept := 41');
  await notebook.finished(0);
  await notebook.save();
  const path = notebook.path();
  await way.down();
  await bar(page).waitFor();
  const { searchParams, origin } = new URL(direct);
  const headers = { Authorization: `token ${searchParams.get('token')}` };
  const sessions = await (
    await fetch(`${origin}/api/sessions`, { headers })
  ).json();
  const { id } = sessions.find(session => session.path === path);
  await fetch(`${origin}/api/sessions/${id}`, { method: 'DELETE', headers });
  await way.up();
  await bar(page).waitFor({ state: 'hidden' });
  await page.getByText(`The kernel of ${path} was stopped`).first().waitFor();
  await notebook.run(1, '"new " + "kernel"');
  await notebook.shows(1, 'new kernel');
  forgive(t, unreachable);
}

/** Two pages on one notebook: each sees what the other saves. */
async function twoTabs(t) {
  const notebook = await fresh(t);
  const { page } = t;
  await notebook.type(0, 'one := 1');
  await notebook.save();
  const path = notebook.path();
  const page2 = await t.context.newPage();
  await page2.goto(page.url());
  const second = await new Notebook(page2).ready();
  // Without changes of its own it follows.
  await notebook.type(0, 'one := 2');
  await notebook.save();
  await page2.waitForFunction(
    () => document.querySelector('.cm-content').innerText === 'one := 2'
  );
  await second.saved();
  // With some it says so, and asks when it is told to save: one Escape leaves everything as it was.
  await second.type(0, 'mine := 3');
  await notebook.type(0, 'theirs := 4');
  await notebook.save();
  const state = page2.locator('.pb-SaveState[data-state="foreign"]');
  await state.getByText('Changed elsewhere').waitFor();
  await page2.keyboard.press('Control+s');
  const dialog = page2.locator('.jp-Dialog');
  await dialog.getByText('+ mine := 3').waitFor();
  await dialog.getByText('− theirs := 4').waitFor();
  if (process.env.SCREENSHOTS)
    await page2.screenshot({
      path: `${process.env.SCREENSHOTS}/difference.png`
    });
  await page2.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await state.waitFor();
  await page2.waitForTimeout(500);
  equal(await dialog.count(), 0, 'dialogs after Escape');
  equal(
    source((await stored(page2, path)).cells[0]),
    'theirs := 4',
    'what is on disk'
  );
  await state.getByRole('button').click();
  await dialog.getByRole('button', { name: 'Overwrite the file' }).click();
  await dialog.waitFor({ state: 'detached' });
  await onDisk(page2, path, 'mine := 3');
  await second.saved();
  await page.waitForFunction(
    () => document.querySelector('.cm-content').innerText === 'mine := 3'
  );
}

/** A notebook that is renamed in another tab keeps its new name here. */
async function renamedElsewhere(t) {
  const notebook = await fresh(t);
  const { page } = t;
  await notebook.type(0, 'one := 1');
  await notebook.save();
  const old = notebook.path();
  const name = `moved-${Date.now().toString(36)}.ipynb`;
  const page2 = await t.context.newPage();
  await page2.goto(page.url());
  await new Notebook(page2).ready();
  await page2.locator('.lm-MenuBar-item').filter({ hasText: 'File' }).click();
  await page2
    .locator('.lm-Menu-item')
    .filter({ hasText: /^Rename/ })
    .first()
    .click();
  await page2.locator('.jp-Dialog input').fill(name);
  await page2.keyboard.press('Enter');
  await page2.waitForURL(`**/${name}`);
  await page.waitForURL(`**/${name}`);
  ok((await page.title()).includes(name), `the title is ${await page.title()}`);
  await notebook.type(0, 'one := 2');
  await notebook.save();
  await onDisk(page, name, 'one := 2');
  const { content } = await api(page, 'GET', 'api/contents/?content=1');
  ok(
    !content.some(entry => entry.path === old),
    `${old} is there again beside ${name}`
  );
  forgive(t, /404|checkpoints|no such file/);
}

await run(
  [
    ['server away', away],
    ['signed out', signedOut],
    ['draft', draft],
    ['server started anew', startedAnew],
    ['two tabs', twoTabs],
    ['renamed in another tab', renamedElsewhere]
  ],
  way.url
);
await way.down();
