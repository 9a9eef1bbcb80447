// The page by itself, on whatever kernel the server has: start page, running,
// interrupting, restarting, errors, editing, themes, narrow windows, axe.
//   node test/page.mjs URL [WORD…]
import { accessible } from './lib/axe.mjs';
import { code } from './lib/code.mjs';
import { api, Notebook, stored } from './lib/notebook.mjs';
import { equal, ok, run, serverAddress } from './lib/run.mjs';

/** A new notebook by the start page's button. */
async function fresh(t) {
  await t.start();
  const words = await code(t.page);
  await t.page.locator('#new').click();
  await t.page.waitForURL('**/notebooks/**');
  const notebook = await new Notebook(t.page).ready();
  return { notebook, words };
}

async function accept(page) {
  await page.locator('.jp-Dialog .jp-mod-accept').click();
  await page.locator('.jp-Dialog').waitFor({ state: 'detached' });
}

async function startPage(t) {
  await t.start();
  const { page } = t;
  equal(await page.title(), 'Poolbook', 'title');
  const tutorials = await api(page, 'GET', 'poolbook/api/tutorials');
  equal(await page.locator('.card').count(), tutorials.length, 'cards');
  ok(
    !(await page.locator('#tutorials').innerText()).includes('`'),
    'marks of code are shown as they are written'
  );
  await accessible(page);
  await page.getByRole('radio', { name: 'Dark' }).check();
  equal(
    await page.evaluate(() => document.documentElement.dataset.theme),
    'dark',
    'theme'
  );
  await accessible(page);
  await page.reload();
  await page.waitForSelector('#files:not([aria-busy])');
  equal(
    await page.evaluate(() => document.documentElement.dataset.theme),
    'dark',
    'theme after a reload'
  );
  // The choice is the notebook page's too.
  await page.locator('#new').click();
  await page.waitForURL('**/notebooks/**');
  await page.waitForSelector('body[data-jp-theme-name="Poolbook Dark"]', {
    state: 'attached'
  });
}

/** Who comes back finds what runs and recent work first, the tutorials folded; and brings files and folders. */
async function comesBackToStart(t) {
  const { notebook, words } = await fresh(t);
  const { page } = t;
  const own = notebook.path();
  await notebook.run(0, words.set);
  await notebook.finished(0);
  await notebook.save();
  await t.start();
  const [first] = await api(page, 'GET', 'poolbook/api/tutorials');
  await api(page, 'POST', `poolbook/api/tutorials/${first.name}/open`);
  await page.reload();
  await page.waitForSelector('#tutorials:not([aria-busy])', {
    state: 'attached'
  });
  await page.locator('#tutorials-fold:not([open])').waitFor();
  const order = await page
    .locator('main h2')
    .evaluateAll(all => all.map(node => node.textContent));
  equal(order.join(), 'Running now,Recent first,Tutorials', 'the order');
  const top = await page.locator('#files li').first().boundingBox();
  ok(top.y < 800, `recent work begins at ${top.y}`);
  await accessible(page);
  const running = page.locator('#running li', { hasText: own });
  await running.getByRole('button', { name: /Stop/ }).click();
  await running.waitFor({ state: 'detached' });
  // A folder, and a file brought into it.
  const name = `folder-${Date.now().toString(36)}`;
  page.once('dialog', dialog => dialog.accept(name));
  await page.locator('#new-folder').click();
  await page.locator('#folders').getByText(name).click();
  await page.locator('#crumbs').getByText(name).waitFor();
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    page.locator('#upload').click()
  ]);
  const content = await stored(page, own);
  await chooser.setFiles({
    name: 'brought.ipynb',
    mimeType: 'application/json',
    buffer: Buffer.from(JSON.stringify(content))
  });
  await page.locator('#files').getByText('brought.ipynb').waitFor();
  equal(
    (await stored(page, `${name}/brought.ipynb`)).cells.length,
    content.cells.length,
    'cells of the uploaded notebook'
  );
}

async function runs(t) {
  const { notebook, words } = await fresh(t);
  await notebook.run(0, words.print);
  await notebook.shows(0, 'hello from the cell');
  await notebook.finished(0);
  await notebook.run(1, words.set);
  await notebook.run(2, words.get);
  await notebook.shows(2, '42');
  await notebook.finished(2);
  await notebook.save();
  const saved = await stored(t.page, notebook.path());
  equal([saved.cells[0].source].flat().join(''), words.print, 'saved source');
  ok(saved.cells[2].execution_count === 3, 'the execution count is saved');
  await accessible(t.page);
}

async function interrupts(t) {
  const { notebook, words } = await fresh(t);
  for (const [index, snippet] of [words.loop, words.sleep].entries()) {
    await notebook.run(index, snippet);
    await notebook.started(index);
    if (index === 1) await notebook.shows(index, 'sleeping');
    await notebook.button('interrupt');
    await notebook.finished(index, 10_000);
  }
  await notebook.run(2, words.print);
  await notebook.shows(2, 'hello from the cell');
}

async function restarts(t) {
  const { notebook, words } = await fresh(t);
  await notebook.run(0, words.set);
  await notebook.finished(0);
  await notebook.button('restart');
  await accept(t.page);
  // A new kernel counts from one and knows nothing.
  await notebook.run(1, words.get);
  await notebook.prompt(1, /^\[1\]:?$/, 30_000);
  await t.page.waitForSelector(
    '[data-mime-type="application/vnd.jupyter.stderr"]'
  );
  await notebook.run(2, words.print);
  await notebook.shows(2, 'hello from the cell');
}

async function fails(t) {
  const { notebook, words } = await fresh(t);
  await notebook.run(0, words.fail);
  await notebook.shows(0, words.failure);
  ok(
    await notebook.cells
      .nth(0)
      .locator('[data-mime-type="application/vnd.jupyter.stderr"]')
      .count(),
    'an error output'
  );
  await accessible(t.page);
}

async function edits(t) {
  const { notebook } = await fresh(t);
  const { page } = t;
  // The page's own words are offered beside the kernel's.
  await notebook.type(0, 'alphabet, alphanumeric, alph');
  await page.keyboard.press('Tab');
  await page
    .locator('.jp-Completer-item')
    .filter({ hasText: 'alphanumeric' })
    .first()
    .waitFor();
  await page.keyboard.press('Escape');
  // Undo what was typed, make it Markdown with maths, and bring it back.
  await notebook.type(0, '# Title with $x^2$');
  await notebook.command();
  await page.keyboard.press('m');
  await page.locator('.jp-MarkdownCell').waitFor();
  await notebook.shiftEnter();
  await page.locator('.jp-MarkdownOutput h1').waitFor();
  await page.locator('.jp-MarkdownOutput mjx-container').waitFor();
  await notebook.select(0);
  await notebook.command();
  // Changes within half a second of each other are undone as one.
  await page.waitForTimeout(600);
  await page.keyboard.press('d');
  await page.keyboard.press('d');
  await page.locator('.jp-MarkdownOutput').waitFor({ state: 'detached' });
  await page.keyboard.press('z');
  await page.locator('.jp-MarkdownOutput h1').waitFor();
  await page.keyboard.press('Control+f');
  await page.locator('.jp-DocumentSearch-overlay').waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+Shift+c');
  await page
    .locator('#modal-command-palette, #command-palette')
    .first()
    .waitFor();
  await page.keyboard.press('Escape');
}

async function reloads(t) {
  const { notebook, words } = await fresh(t);
  await notebook.run(0, words.set);
  await notebook.finished(0);
  await notebook.save();
  await t.page.reload();
  await notebook.ready();
  await notebook.run(1, words.get);
  await notebook.shows(1, '42');
}

/** Chooses an entry of a menu. */
async function choose(page, menu, entry) {
  await page.locator('.lm-MenuBar-item').filter({ hasText: menu }).click();
  await page
    .locator('.lm-Menu-item')
    .filter({ hasText: new RegExp(`^${entry}`) })
    .first()
    .click();
}

/** Saves that meet: none takes the other's file for a stranger's, and what is typed meanwhile is not called saved. */
async function savesMeet(t) {
  const { notebook } = await fresh(t);
  const { page } = t;
  await notebook.type(0, 'first');
  let arrived;
  let release;
  const held = new Promise(resolve => (release = resolve));
  const first = new Promise(resolve => (arrived = resolve));
  let puts = 0;
  await page.route('**/api/contents/**', async route => {
    if (route.request().method() !== 'PUT') return route.continue();
    if (puts++ > 0) return route.continue();
    // The file is written at once, the page hears of it late.
    const response = await route.fetch();
    arrived();
    await held;
    await route.fulfill({ response });
  });
  await page.keyboard.press('Control+s');
  await first;
  await page.keyboard.insertText(' second');
  await choose(page, 'File', 'Save All');
  // Time for the other save to look at the file, as it would.
  await page.waitForTimeout(500);
  equal(await page.locator('.jp-Dialog').count(), 0, 'dialogs');
  release();
  await notebook.saved();
  const { cells } = await stored(page, notebook.path());
  equal([cells[0].source].flat().join(''), 'first second', 'saved source');
}

/** A notebook that is opened from the start page is alone in its window; a reload brings back what was beside it. */
async function opensAlone(t) {
  const { notebook } = await fresh(t);
  const first = notebook.path();
  const { notebook: other } = await fresh(t);
  const tabs = () =>
    t.page
      .locator('#jp-main-dock-panel .lm-TabBar-tab')
      .evaluateAll(all => all.map(tab => tab.innerText.trim()).sort());
  const second = other.path();
  equal((await tabs()).join(), second, 'the open documents');
  await t.page.keyboard.press('Control+Shift+f');
  await t.page
    .locator('.jp-DirListing-item')
    .filter({ hasText: first })
    .dblclick();
  await t.page.waitForURL(`**/${first}`);
  await t.page.reload();
  await other.ready();
  equal((await tabs()).join(), [first, second].sort().join(), 'after a reload');
}

/** File > Save and Export Notebook As gives a page of its own. */
async function exports(t) {
  const { notebook, words } = await fresh(t);
  const { page } = t;
  await notebook.run(0, words.print);
  await notebook.shows(0, 'hello from the cell');
  await notebook.finished(0);
  await notebook.save();
  await page.locator('.lm-MenuBar-item').filter({ hasText: 'File' }).click();
  await page
    .locator('.lm-Menu-item')
    .filter({ hasText: 'Save and Export Notebook As' })
    .hover();
  const asked = t.context.waitForEvent('request', request =>
    request.url().includes('/nbconvert/')
  );
  await page.locator('.lm-Menu-item').filter({ hasText: /^HTML/ }).click();
  const answer = await t.context.request.get((await asked).url());
  ok(answer.ok(), `the export is answered with ${answer.status()}`);
  ok(
    (await answer.text()).includes('hello from the cell'),
    'the output is in the page'
  );
}

async function comesBack(t) {
  const { notebook, words } = await fresh(t);
  await notebook.run(0, words.slow);
  await notebook.shows(0, 'step 1');
  await notebook.save();
  await t.page.reload();
  await notebook.ready();
  await notebook.shows(0, 'step 4');
  await notebook.finished(0);
  const steps = (await notebook.output(0)).trim().split('\n');
  equal(steps.join(), 'step 1,step 2,step 3,step 4', 'output after a reload');
}

/** A cell shows how long it has run; while it does, the tab's icon says so. */
async function runTime(t) {
  const { notebook, words } = await fresh(t);
  const icon = () => t.page.locator('link[rel="icon"]').getAttribute('href');
  await notebook.run(0, words.slow);
  await notebook.shows(0, 'step 2');
  ok((await icon()).includes('busy'), `the icon is ${await icon()}`);
  await notebook.finished(0);
  const time = await notebook.cells
    .nth(0)
    .locator('.jp-InputPrompt')
    .getAttribute('data-pb-time');
  ok(/^[2-9]\.\d s$|^\d+ s$/.test(time), `the time is ${time}`);
  await t.page.waitForSelector('link[rel="icon"].idle', { state: 'attached' });
}

async function manyLines(t) {
  const { notebook, words } = await fresh(t);
  await notebook.run(0, words.lines);
  await notebook.finished(0, 60_000);
  await notebook.run(1, words.print);
  await notebook.shows(1, 'hello from the cell');
}

async function narrow(t) {
  await t.start();
  const wide = () =>
    t.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  equal(await wide(), 0, 'the start page is wider than the window by');
  await t.page.locator('#new').click();
  await t.page.waitForURL('**/notebooks/**');
  const notebook = await new Notebook(t.page).ready();
  equal(await wide(), 0, 'the notebook page is wider than the window by');
  // What has no room in the toolbar is behind its last button.
  await t.page.waitForFunction(() => {
    const toolbar = document.querySelector('.jp-NotebookPanel-toolbar');
    const { right, bottom } = toolbar.getBoundingClientRect();
    return [...toolbar.children].every(item => {
      const box = item.getBoundingClientRect();
      return box.right <= right && box.bottom <= bottom;
    });
  });
  await notebook.run(0, (await code(t.page)).print);
  await notebook.shows(0, 'hello from the cell');
  await accessible(t.page);
  // Every menu has room.
  const last = t.page.locator('.lm-MenuBar-item').last();
  const { x, width } = await last.boundingBox();
  ok(x + width <= t.page.viewportSize().width, 'a menu is beyond the edge');
  // A panel of the side has the window to itself, until a document is chosen; the rest of the toolbar is not above it.
  const rest = t.page.locator('.jp-Toolbar-responsive-popup');
  await t.page.locator('.jp-Toolbar-responsive-opener').tap();
  await rest.locator('.pb-PoolButton').waitFor();
  const tab = t.page.locator('[data-id="filebrowser"]').first();
  await tab.tap();
  const name = notebook.path();
  const entry = t.page.locator('.jp-DirListing-item', { hasText: name });
  await entry.waitFor();
  await rest.waitFor({ state: 'hidden' });
  const panel = await t.page.locator('#jp-left-stack').boundingBox();
  ok(panel.x + panel.width >= t.page.viewportSize().width - 2, 'right edge');
  await accessible(t.page);
  await entry.dblclick();
  await t.page.locator('#jp-left-stack').waitFor({ state: 'hidden' });
}

/** The first choice of a theme, when the system's was followed before, is the one that is seen. */
async function choosesTheme(t) {
  await t.start();
  const id = encodeURIComponent('@jupyterlab/apputils-extension:themes');
  await api(t.page, 'PUT', `poolbook/api/settings/${id}`, { raw: '{}' });
  await fresh(t);
  const dark = 'body[data-jp-theme-name="Poolbook Dark"]';
  await choose(t.page, 'Settings', 'Theme');
  await t.page.locator('.lm-Menu-item').filter({ hasText: /^Dark/ }).click();
  await t.page.waitForSelector(dark, { state: 'attached' });
  // It is the start page's too.
  await t.page.waitForFunction(() =>
    Object.values(localStorage).includes('dark')
  );
  await api(t.page, 'PUT', `poolbook/api/settings/${id}`, { raw: '{}' });
}

/** Code that is fetched late comes although the network was away when it was asked for. */
async function comesLate(t) {
  const page = await t.context.request.get(t.at('/notebooks/none.ipynb'), {
    headers: {
      Authorization: `token ${new URL(serverAddress()).searchParams.get('token')}`
    }
  });
  const first = new Set((await page.text()).match(/[^/"]+\.js/g));
  let lost = '';
  await t.page.route('**/static/assets/*.js', route => {
    const name = route.request().url().split('/').at(-1);
    if (lost || first.has(name) || name.startsWith('start.'))
      return route.continue();
    lost = name;
    return route.abort('internetdisconnected');
  });
  const { notebook } = await fresh(t);
  await notebook.command();
  for (let i = 0; i < 40; i++) {
    await t.page.keyboard.press('Control+f');
    if (await t.page.locator('.jp-DocumentSearch-overlay').count()) break;
    await t.page.waitForTimeout(500);
  }
  await t.page.locator('.jp-DocumentSearch-overlay').waitFor();
  ok(lost, 'nothing was fetched late');
  for (let i = t.problems.length; i-- > 0;)
    if (t.problems[i].includes(lost)) t.problems.splice(i, 1);
}

/** A kernel that is stopped elsewhere: the page says so, and the next cell has a new one. */
async function stoppedElsewhere(t) {
  const { notebook, words } = await fresh(t);
  await notebook.run(0, words.set);
  await notebook.finished(0);
  await notebook.save();
  const path = notebook.path();
  const sessions = await api(t.page, 'GET', 'api/sessions');
  const { id } = sessions.find(session => session.path === path);
  await api(t.page, 'DELETE', `api/sessions/${id}`);
  await t.page.getByText(`The kernel of ${path} was stopped`).first().waitFor();
  await t.page
    .locator('#jp-main-statusbar', { hasText: 'No Kernel' })
    .waitFor();
  await notebook.run(1, words.print);
  await notebook.prompt(1, /^\[1\]:?$/, 30_000);
  await notebook.shows(1, 'hello from the cell');
  // One that is shut down by the page's own menu is no news.
  await choose(t.page, 'Kernel', 'Shut Down Kernel');
  await t.page
    .locator('#jp-main-statusbar', { hasText: 'No Kernel' })
    .waitFor();
  const news = t.page.getByText(`The kernel of ${path} was stopped`);
  equal(await news.count(), 1, 'notes');
}

const phone = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true
};

await run([
  ['start page', startPage],
  ['start page, later', comesBackToStart],
  ['run and save', runs],
  ['run and save, dark', runs, { colorScheme: 'dark' }],
  ['interrupt', interrupts],
  ['restart', restarts],
  ['error', fails],
  ['error, dark', fails, { colorScheme: 'dark' }],
  ['edit', edits],
  ['saves that meet', savesMeet],
  ['reload', reloads],
  ['opens alone', opensAlone],
  ['export', exports],
  ['come back', comesBack],
  ['stopped elsewhere', stoppedElsewhere],
  ['code that comes late', comesLate],
  ['first choice of a theme', choosesTheme],
  ['run time', runTime],
  ['100,000 lines', manyLines],
  ['phone', narrow, phone]
]);
