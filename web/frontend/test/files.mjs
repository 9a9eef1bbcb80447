// Files in the notebook page, as a person handles them: new, rename, upload by
// button and by dragging, download, delete to the trash; a file that changed on
// disk; scripts in outputs; Enter after Tab. On the Go kernel.
//   node test/files.mjs URL [WORD…]
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { accessible } from './lib/axe.mjs';
import { api, Notebook, stored } from './lib/notebook.mjs';
import { equal, ok, run } from './lib/run.mjs';

async function fresh(t) {
  await t.start();
  await t.page.locator('#new').click();
  await t.page.waitForURL('**/notebooks/**');
  return new Notebook(t.page).ready();
}

const entry = (page, name) =>
  page.locator('.jp-DirListing-item').filter({ hasText: name });

async function menu(page, name, label) {
  await entry(page, name).click({ button: 'right' });
  const item = page
    .locator('.lm-Menu-item')
    .filter({ hasText: new RegExp(`^${label}`) });
  await item.first().click();
}

const shot = (page, name) =>
  process.env.SCREENSHOTS &&
  page.screenshot({ path: `${process.env.SCREENSHOTS}/files-${name}.png` });

/** A name that no other run has used. */
const unique = word => `${word}-${Date.now().toString(36)}`;

async function handles(t) {
  const notebook = await fresh(t);
  const { page } = t;
  await page.keyboard.press('Control+Shift+f');
  await entry(page, notebook.path()).waitFor();
  await accessible(page);
  await shot(page, 'browser');

  // Uploaded by the button.
  const data = unique('data') + '.csv';
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    page.locator('jp-button[title="Upload Files"]').click()
  ]);
  await chooser.setFiles({
    name: data,
    mimeType: 'text/csv',
    buffer: Buffer.from('a,b\n1,2\n')
  });
  await entry(page, data).waitFor();

  // Dropped on the list.
  const dropped = unique('dropped') + '.txt';
  const folder = await mkdtemp(path.join(tmpdir(), 'poolbook-drop-'));
  const file = path.join(folder, dropped);
  await writeFile(file, 'dropped here\n');
  const list = await page.locator('.jp-DirListing-content').boundingBox();
  const mouse = await t.context.newCDPSession(page);
  for (const type of ['dragEnter', 'dragOver', 'drop'])
    await mouse.send('Input.dispatchDragEvent', {
      type,
      x: list.x + list.width / 2,
      y: list.y + list.height - 20,
      data: { items: [], files: [file], dragOperationsMask: 1 }
    });
  await entry(page, dropped).waitFor();
  equal(
    (await api(page, 'GET', `api/contents/${dropped}?type=file&format=text`))
      .content,
    'dropped here\n',
    'the dropped file'
  );
  await rm(folder, { recursive: true });

  // Opened, and downloaded.
  await entry(page, data).dblclick();
  await page.locator('.jp-CSVViewer, .jp-CSVDocumentWidget').first().waitFor();
  await shot(page, 'table');
  const [loaded] = await Promise.all([
    page.waitForEvent('download'),
    menu(page, data, 'Download')
  ]);
  equal(
    await readFile(await loaded.path(), 'utf8'),
    'a,b\n1,2\n',
    'the downloaded file'
  );

  // Renamed by the keyboard, as files are everywhere.
  const named = unique('named') + '.txt';
  await entry(page, dropped).click();
  await page.keyboard.press('F2');
  await page.locator('.jp-DirListing-editor').waitFor();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(named);
  await page.keyboard.press('Enter');
  await entry(page, named).waitFor();

  // Deleted, after a question.
  await menu(page, named, '(Move to Trash|Delete)');
  await page.locator('.jp-Dialog').waitFor();
  await accessible(page);
  await shot(page, 'delete');
  await page.locator('.jp-Dialog .jp-mod-accept').click();
  await entry(page, named).waitFor({ state: 'detached' });

  // A new Go file, by the list's own menu; each entry is there once, and none needs another host.
  const name = 'New Go File';
  await page
    .locator('.jp-DirListing-content')
    .click({ button: 'right', position: { x: 60, y: list.height - 10 } });
  await page.locator('.lm-Menu-item', { hasText: name }).first().waitFor();
  equal(
    await page.locator('.lm-Menu-item', { hasText: name }).count(),
    1,
    name
  );
  equal(
    await page.locator('.lm-Menu-item', { hasText: 'Python' }).count(),
    0,
    'entries for Python files'
  );
  await page.locator('.lm-Menu-item', { hasText: name }).click();
  await page.locator('.jp-DirListing-editor').waitFor();
  const go = unique('made');
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(go + '.go');
  await page.keyboard.press('Enter');
  await entry(page, go).waitFor();

  // A new notebook beside this one: two tabs, each with a kernel of its own.
  await page.locator('.lm-MenuBar-item').filter({ hasText: 'File' }).click();
  equal(
    await page.locator('.lm-Menu-item', { hasText: 'Open from URL' }).count(),
    0,
    'entries to open an address'
  );
  await page.locator('.lm-Menu-item').filter({ hasText: /^New$/ }).hover();
  await page.locator('.lm-Menu-item', { hasText: /^Go File/ }).waitFor();
  await page
    .locator('.lm-Menu-item')
    .filter({ hasText: /^Notebook/ })
    .first()
    .click();
  const select = page.locator('.jp-Dialog');
  await select.waitFor();
  await accessible(page);
  await shot(page, 'kernel');
  await page.locator('.jp-Dialog .jp-mod-accept').click();
  await page.waitForFunction(
    () => document.querySelectorAll('.jp-NotebookPanel').length === 2
  );
  await shot(page, 'two');
}

/** Renaming an open notebook keeps its kernel, and its address follows. */
async function renames(t) {
  const notebook = await fresh(t);
  const { page } = t;
  await notebook.run(0, 'kept := 41');
  await notebook.finished(0);
  const name = unique('renamed') + '.ipynb';
  const old = notebook.path();
  await page.locator('.lm-MenuBar-item').filter({ hasText: 'File' }).click();
  await page
    .locator('.lm-Menu-item')
    .filter({ hasText: /^Rename/ })
    .first()
    .click();
  const input = page.locator('.jp-Dialog input');
  await input.waitFor();
  await accessible(page);
  await input.fill(name);
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/${name}`);
  await notebook.run(1, 'kept + 1');
  await notebook.shows(1, '42');
  await notebook.save();
  const { cells } = await stored(page, name);
  equal([cells[1].source].flat().join(''), 'kept + 1', 'saved source');
  // When the page saves by itself just before, JupyterLab asks for the checkpoints by the old name.
  for (let i = t.problems.length; i-- > 0;)
    if (
      t.problems[i].includes(`${old}/checkpoints`) ||
      t.problems[i].includes(`no such file or folder: "${old}"`)
    )
      t.problems.splice(i, 1);
}

/** Somebody else writes the file while it is open with changes: nothing is lost unasked. */
async function conflicts(t) {
  const notebook = await fresh(t);
  const { page } = t;
  await notebook.type(0, 'mine := 1');
  await notebook.save();
  const theirs = await stored(page, notebook.path());
  theirs.cells[0].source = 'theirs := 2';
  await page.waitForTimeout(1100);
  await api(page, 'PUT', `api/contents/${notebook.path()}`, {
    type: 'notebook',
    format: 'json',
    content: theirs
  });
  await notebook.type(0, 'mine := 3');
  await page.keyboard.press('Control+s');
  const dialog = page.locator('.jp-Dialog');
  await dialog.waitFor();
  await shot(page, 'conflict');
  await accessible(page);
  equal(
    (await stored(page, notebook.path())).cells[0].source,
    'theirs := 2',
    'what is on disk before the answer'
  );
  await dialog.getByText('+ mine := 3').waitFor();
  await dialog.getByText('− theirs := 2').waitFor();
  await dialog.getByRole('button', { name: /Overwrite/ }).click();
  await dialog.waitFor({ state: 'detached' });
  await notebook.saved();
  equal(
    (await stored(page, notebook.path())).cells[0].source,
    'mine := 3',
    'what is on disk after it'
  );
}

/** What is typed is saved by itself, and the page says so. */
async function savesItself(t) {
  const notebook = await fresh(t);
  await notebook.type(0, 'by := "itself"');
  await t.page.locator('.pb-SaveState[data-state="unsaved"]').waitFor();
  await notebook.saved();
  equal(
    (await stored(t.page, notebook.path())).cells[0].source,
    'by := "itself"',
    'what is on disk'
  );
}

/** No script of an output runs, and the output says so; what has none says nothing. */
async function scripts(t) {
  const notebook = await fresh(t);
  const { page } = t;
  const outputs = [
    '<p>by element</p><script>document.title = "attacked"</script>',
    '<button onclick="document.title = \'attacked\'">by handler</button>',
    '<a href="javascript:document.title = \'attacked\'">by address</a>',
    '<style>p { color: red }</style><p>on time = off duty</p>'
  ];
  for (const [i, html] of outputs.entries()) {
    await notebook.run(i, `display.HTML(\`${html}\`)`);
    await notebook.finished(i);
    const note = notebook.cells.nth(i).locator('.pb-Note');
    if (i < 3) await note.waitFor();
    else equal(await note.count(), 0, 'notes where there is no script');
  }
  await page.locator('.jp-OutputArea button').click();
  await page.locator('.jp-OutputArea a').click();
  ok((await page.title()) !== 'attacked', 'a script has run');
  await accessible(page);
}

/** Vega-Lite charts: from a file beside the notebook, which a screen reader can read. */
async function charts(t) {
  const notebook = await fresh(t);
  const { page } = t;
  const data = unique('points') + '.csv';
  await api(page, 'PUT', `api/contents/${data}`, {
    type: 'file',
    format: 'text',
    content: 'a,b\nA,28\nB,55\nC,43\n'
  });
  const show = spec => `display.VegaLite(\`${JSON.stringify(spec)}\`)`;
  const encoding = {
    x: { field: 'a', type: 'nominal' },
    y: { field: 'twice', type: 'quantitative' }
  };
  const transform = [{ calculate: 'datum.b * 2', as: 'twice' }];
  const bar = url => ({ data: { url }, transform, mark: 'bar', encoding });
  await notebook.run(0, show(bar(data)));
  const bars = notebook.cells
    .nth(0)
    .locator('path[aria-roledescription="bar"]');
  await bars.first().waitFor();
  equal(await bars.count(), 3, 'bars');
  equal(
    await bars.first().getAttribute('aria-label'),
    'a: A; twice: 56',
    'what a screen reader says of a bar'
  );
  await accessible(page);
  // What cannot be shown says so.
  await notebook.run(1, show({ mark: 'nothing' }));
  await notebook.shows(1, 'This chart cannot be drawn');
  const other = 'https://example.invalid/points.csv';
  await notebook.run(2, show({ data: { url: other }, mark: 'bar' }));
  await notebook.shows(2, 'Data from example.invalid was not loaded');
  for (let i = t.problems.length; i-- > 0;)
    if (t.problems[i].includes(other)) t.problems.splice(i, 1);
}

/** An Enter that is there before the completions waits for them. */
async function completes(t) {
  const notebook = await fresh(t);
  const { page } = t;
  const text = () =>
    notebook.cells.nth(0).locator('.cm-content').first().innerText();
  for (let i = 0; i < 5; i++) {
    await notebook.type(0, 'strings.ToUpp');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() =>
      document.querySelector('.cm-content').innerText.includes('ToUpper')
    );
    equal(await text(), 'strings.ToUpper', 'what is completed');
  }
  // Nothing to wait for: a new line.
  await page.keyboard.press('Escape');
  await notebook.type(0, 'first');
  await page.keyboard.press('Enter');
  await page.keyboard.insertText('second');
  equal(await text(), 'first\nsecond', 'two lines');
}

await run([
  ['files', handles],
  ['rename', renames],
  ['conflict', conflicts],
  ['autosave', savesItself],
  ['scripts in outputs', scripts],
  ['charts', charts],
  ['enter after tab', completes]
]);
