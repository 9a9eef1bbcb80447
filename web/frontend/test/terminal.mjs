// Terminals: from the start page and from a notebook, after a reload, in two windows, in a folder, and how they end.
//   node test/terminal.mjs URL [WORD…]
import { api, Notebook } from './lib/notebook.mjs';
import { equal, ok, run } from './lib/run.mjs';

const unique = word => `${word}-${Date.now().toString(36)}`;

/** Keeps what the shells of a page write: they are drawn, so the page has no text of it. */
function listen(page) {
  const heard = { text: '' };
  page.on('websocket', socket => {
    if (!socket.url().includes('/terminals/websocket/')) return;
    socket.on('framereceived', ({ payload }) => {
      const [word, text] = JSON.parse(payload);
      if (word === 'stdout') heard.text += text;
    });
  });
  return heard;
}

async function until(page, what, holds) {
  for (let i = 0; i < 600; i++) {
    if (await holds()) return;
    await page.waitForTimeout(50);
  }
  throw new Error(`not in time: ${what}`);
}

async function ready(page) {
  await page.locator('.jp-Terminal .xterm-screen').first().waitFor();
  await page.locator('.jp-Terminal .xterm-helper-textarea').first().focus();
}

async function type(page, line) {
  await page.keyboard.type(line);
  await page.keyboard.press('Enter');
}

/** Types a line and waits for what it prints, which is not what was typed. */
async function says(page, heard, line, want) {
  await type(page, line);
  await until(page, `${want} from ${line}`, () => heard.text.includes(want));
}

async function fromStart(t) {
  await t.start();
  await t.page.locator('#new-terminal').click();
  await t.page.waitForURL(/\/terminals\/(?!new)/);
  await ready(t.page);
  return new URL(t.page.url()).pathname;
}

async function startPage(t) {
  const { page } = t;
  const heard = listen(page);
  const path = await fromStart(t);
  await says(page, heard, 'kept=41; echo =$((kept+1))=', '=42=');

  // The same shell after a reload, and its past.
  await page.reload();
  heard.text = '';
  await ready(page);
  await until(page, 'what was there before', () => heard.text.includes('=42='));
  equal(new URL(page.url()).pathname, path, 'the address');
  await says(page, heard, 'echo =$((kept+2))=', '=43=');

  // Another window shows it too.
  const other = await t.context.newPage();
  const too = listen(other);
  await other.goto(t.at(path));
  await ready(other);
  await says(other, too, 'echo =$((kept+3))=', '=44=');
  await until(page, 'what the other one did', () =>
    heard.text.includes('=44=')
  );
  await other.close();

  // The start page lists it, and ends it.
  await t.start();
  const row = page
    .locator('#running li')
    .filter({ hasText: `Terminal ${path.split('/').at(-1)}` });
  // What else runs may be listed before it.
  const more = page.locator('#running .more');
  await page.locator('#running li').first().waitFor();
  if (await more.isVisible()) await more.click();
  await row.getByRole('button').click();
  await row.waitFor({ state: 'detached' });
}

async function fromNotebook(t) {
  const { page } = t;
  const heard = listen(page);
  await t.start();
  await page.locator('#new').click();
  await page.waitForURL('**/notebooks/**');
  const notebook = new Notebook(page);
  await notebook.ready();
  const path = new URL(page.url()).pathname;
  await page.getByRole('menuitem', { name: 'File', exact: true }).click();
  await page
    .locator('.lm-Menu-item')
    .filter({ hasText: /^New/ })
    .first()
    .hover();
  await page
    .locator('.lm-Menu-item')
    .filter({ hasText: /^Terminal$/ })
    .click();
  await ready(page);
  await page.waitForURL(/\/terminals\//);
  await says(page, heard, 'echo =$((6*7))=', '=42=');
  // Ctrl-C in a flood is heard at once.
  await type(page, 'yes poolbook');
  await until(page, 'the flood', () => heard.text.length > 2_000_000);
  await page.keyboard.press('Control+c');
  await until(page, 'the prompt', async () => {
    const before = heard.text.length;
    await page.waitForTimeout(500);
    return heard.text.length === before;
  });
  await says(page, heard, 'echo =$((6*8))=', '=48=');
  // The shell's end closes its tab, and the address is the notebook's again.
  await type(page, 'exit');
  await page.locator('.jp-Terminal').waitFor({ state: 'detached' });
  await page.waitForURL(`**${path}`);
}

async function inFolder(t) {
  const { page } = t;
  const heard = listen(page);
  const name = unique('folder');
  await t.start();
  const made = await api(page, 'POST', 'api/contents', { type: 'directory' });
  await api(page, 'PATCH', `api/contents/${made.path}`, { path: name });
  await page.goto(t.at(`/?folder=${name}`));
  await page.locator('#new-terminal').click();
  await ready(page);
  await says(page, heard, 'echo =$(basename "$PWD")=', `=${name}=`);
  ok(page.url().includes('/terminals/'), page.url());
}

await run([
  ['a terminal from the start page', startPage],
  ['a terminal from a notebook', fromNotebook],
  ['a terminal in a folder', inFolder]
]);
