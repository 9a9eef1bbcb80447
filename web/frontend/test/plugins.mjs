// What each of JupyterLab's plugins that come late is there for, on the page's first notebook, which
// was there before them. On the Go kernel.
//   node test/plugins.mjs URL [WORD…]
import { api, Notebook } from './lib/notebook.mjs';
import { equal, ok, run } from './lib/run.mjs';

async function fresh(t) {
  await t.start();
  await t.page.locator('#new').click();
  await t.page.waitForURL('**/notebooks/**');
  const notebook = await new Notebook(t.page).ready();
  // The last of the late plugins' entries.
  await t.page.waitForFunction(() =>
    document.querySelector('.jp-SideBar [data-id="table-of-contents"]')
  );
  return notebook;
}

/** Runs a command by its name in the palette. */
async function palette(page, name) {
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+Shift+c');
  const input = page.locator('.lm-CommandPalette-input');
  await input.waitFor();
  await input.fill(name);
  await page
    .locator('.lm-CommandPalette-item:not(.lm-mod-disabled)')
    .filter({ hasText: name })
    .first()
    .click();
}

async function opened(page, path) {
  const list = page.locator('.jp-DirListing-content');
  if (!(await list.isVisible())) await page.keyboard.press('Control+Shift+f');
  await list.waitFor();
  await page
    .locator('.jp-DirListing-item')
    .filter({ hasText: path })
    .dblclick();
}

const unique = word => `${word}-${Date.now().toString(36)}`;

async function contextualHelp(t) {
  const notebook = await fresh(t);
  const { page } = t;
  await palette(page, 'Show Contextual Help');
  const help = page.locator('.jp-Inspector');
  await help.waitFor();
  await notebook.type(0, 'strings.ToUpper');
  await page.keyboard.press('ArrowLeft');
  await help.getByText('func ToUpper').waitFor();
}

async function cellTags(t) {
  const notebook = await fresh(t);
  const { page } = t;
  await notebook.select(0);
  await page.locator('[data-id="jp-property-inspector"]').first().click();
  await page.getByText('Common Tools').click();
  const add = page.locator('.jp-CellTags-Add');
  await add.waitFor();
  await add.click();
  await page.keyboard.type('parameters');
  await page.keyboard.press('Enter');
  await page.locator('.jp-CellTags-Applied').getByText('parameters').waitFor();
}

async function contents(t) {
  const notebook = await fresh(t);
  const { page } = t;
  await notebook.type(0, '# A heading');
  await notebook.command();
  await page.keyboard.press('m');
  await notebook.shiftEnter();
  await page.locator('[data-id="table-of-contents"]').first().click();
  await page.locator('.jp-tocItem').getByText('A heading').waitFor();
}

async function search(t) {
  const notebook = await fresh(t);
  const { page } = t;
  await notebook.type(0, 'needle := 1\nneedle = 2');
  await page.keyboard.press('Control+f');
  await page.locator('.jp-DocumentSearch-overlay').waitFor();
  await page.keyboard.type('needle');
  await page
    .locator('.jp-DocumentSearch-index-counter', { hasText: '/2' })
    .waitFor();
}

async function tooltip(t) {
  const notebook = await fresh(t);
  const { page } = t;
  await notebook.type(0, 'strings.ToUpper(');
  await page.keyboard.press('Shift+Tab');
  await page.locator('.jp-Tooltip').getByText('ToUpper returns').waitFor();
}

/** The documentation of the name that the pointer rests on; none in a comment, and none while the kernel is busy. */
async function hover(t) {
  const notebook = await fresh(t);
  const { page } = t;
  await notebook.type(
    0,
    's := "höher 𝄞"\n// ToLower\nstrings.ToUpper(s)\ntime.Sleep(time.Hour)'
  );
  const point = async text => {
    const at = await notebook.cells.nth(0).evaluate((cell, text) => {
      const nodes = document.createTreeWalker(
        cell.querySelector('.cm-content'),
        NodeFilter.SHOW_TEXT
      );
      while (nodes.nextNode()) {
        const found = nodes.currentNode.data.indexOf(text);
        if (found < 0) continue;
        const range = document.createRange();
        range.setStart(nodes.currentNode, found);
        range.setEnd(nodes.currentNode, found + text.length);
        const { x, y, width, height } = range.getBoundingClientRect();
        return [x + width / 2, y + height / 2];
      }
      throw new Error(`no ${text}`);
    }, text);
    await page.mouse.move(at[0] + 1, at[1]);
    await page.mouse.move(...at);
  };
  await page.mouse.move(5, 5);
  await point('ToUpper');
  const shown = page.locator('.pb-Hover');
  await shown.getByText('ToUpper returns').waitFor();
  await page.mouse.move(5, 5);
  await shown.waitFor({ state: 'detached' });
  // In a comment there is no name, and a kernel at work is not asked.
  let asked = 0;
  const cdp = await t.context.newCDPSession(page);
  await cdp.send('Network.enable');
  cdp.on('Network.webSocketFrameSent', ({ response }) => {
    if (atob(response.payloadData).includes('inspect_request')) asked++;
  });
  await point('ToLower');
  await page.waitForTimeout(1000);
  await notebook.shiftEnter();
  await notebook.started(0);
  await point('ToUpper');
  await page.waitForTimeout(1000);
  equal(asked, 0, 'questions');
  await notebook.button('interrupt');
  await notebook.finished(0);
}

/** Vim's keys: off, on for the editors that are there, Escape ends what is typed before it leaves the cell, off again. */
async function vim(t) {
  const notebook = await fresh(t);
  const { page } = t;
  const code = notebook.cells.nth(0).locator('.cm-content');
  await notebook.type(0, 'a := 1');
  await palette(page, 'Vim Keys');
  await page.locator('.jp-Cell .cm-vimMode').first().waitFor();
  await code.click();
  await page.keyboard.type('ob := 2');
  equal(await code.innerText(), 'a := 1\nb := 2', 'a new line');
  await page.keyboard.press('Escape');
  await page.keyboard.type('dd');
  equal(await code.innerText(), 'a := 1', 'without the line');
  ok(
    await page.locator('.jp-Notebook.jp-mod-editMode').count(),
    'Escape ended the typing alone'
  );
  await page.keyboard.press('Escape');
  await page.locator('.jp-Notebook.jp-mod-commandMode').waitFor();
  await palette(page, 'Vim Keys');
  await page.locator('.jp-Cell .cm-vimMode').waitFor({ state: 'detached' });
  await notebook.type(0, 'old');
  equal(await code.innerText(), 'old', 'typed');
  equal(await page.locator('.cm-lineNumbers').count(), 0, 'line numbers');
}

/** What the Help menu offers, and that it is there. */
async function helpMenu(t) {
  await fresh(t);
  const { page } = t;
  const open = async name => {
    await page.locator('.lm-MenuBar-item').getByText('Help').click();
    await page.locator('.lm-Menu-item').getByText(name).first().click();
  };
  await page.locator('.lm-MenuBar-item').getByText('Help').click();
  const items = await page.locator('.lm-Menu-itemLabel').allInnerTexts();
  for (const name of ['Pool', 'Keyboard Shortcuts', 'A Tour of Go', 'Tutorial'])
    ok(
      items.some(item => item.includes(name)),
      `${name} is missing in ${items.join(', ')}`
    );
  await page.keyboard.press('Escape');
  await open('Calls');
  await page.locator('.pb-Reading').getByText('What calls').first().waitFor();
  await page.keyboard.press('Escape');
  await open(/^Tutorial:/);
  await page.waitForURL(/\/notebooks\/(?!Untitled)/);
}

/** Diagrams in Markdown, with code that is fetched with the first one. */
async function diagrams(t) {
  const notebook = await fresh(t);
  const { page } = t;
  let fetched = 0;
  page.on('response', r => {
    if (/\/assets\/.*\.js$/.test(r.url())) fetched++;
  });
  await notebook.type(0, 'no diagram');
  await notebook.command();
  await page.keyboard.press('m');
  await notebook.shiftEnter();
  await notebook.cells.nth(0).locator('.jp-MarkdownOutput p').waitFor();
  const before = fetched;
  await notebook.type(1, '```mermaid\ngraph LR; Pool-->Worker\n```');
  await notebook.command();
  await page.keyboard.press('m');
  await notebook.shiftEnter();
  const picture = notebook.cells.nth(1).locator('.jp-RenderedMermaid img');
  await picture.waitFor();
  ok(fetched > before, 'the code came with the diagram');
  ok(
    !(await notebook.cells
      .nth(1)
      .locator('.jp-RenderedMermaid pre')
      .isVisible()),
    'the source is not shown below it'
  );
  ok(
    await picture.evaluate(async img => {
      await img.decode();
      return img.naturalWidth > 50;
    }),
    'the picture is shown'
  );
}

async function console_(t) {
  const notebook = await fresh(t);
  const { page } = t;
  await notebook.run(0, 'kept := 41');
  await notebook.finished(0);
  await palette(page, 'New Console for Notebook');
  const prompt = page.locator('.jp-CodeConsole-promptCell .cm-content');
  await prompt.waitFor();
  await page.waitForTimeout(300);
  await prompt.click();
  await page.keyboard.insertText('kept + 1');
  await page.keyboard.press('Shift+Enter');
  await page.locator('.jp-CodeConsole').getByText('42').first().waitFor();
}

async function logs(t) {
  await fresh(t);
  await palette(t.page, 'Show Log Console');
  await t.page.locator('.jp-LogConsolePanel').waitFor();
}

async function running(t) {
  const notebook = await fresh(t);
  await t.page.locator('[data-id="jp-running-sessions"]').first().click();
  await t.page
    .locator('.jp-RunningSessions-item')
    .filter({ hasText: notebook.path() })
    .first()
    .waitFor();
}

async function settings(t) {
  await fresh(t);
  await palette(t.page, 'Settings Editor');
  await t.page.locator('.jp-PluginList-entry').first().waitFor();
}

async function viewers(t) {
  const notebook = await fresh(t);
  const { page } = t;
  const put = (path, content, format = 'text') =>
    api(page, 'PUT', `api/contents/${path}`, { type: 'file', format, content });
  const csv = unique('table') + '.csv';
  const md = unique('text') + '.md';
  const png = unique('picture') + '.png';
  const go = unique('code') + '.go';
  await put(csv, 'a,b\n1,2\n');
  await put(md, '# Read me\n\n$x^2$\n');
  await put(go, 'package main\n');
  await put(
    png,
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64'
  );
  await opened(page, csv);
  await page.locator('.jp-CSVViewer').waitFor();
  await opened(page, png);
  await page.locator('.jp-ImageViewer img').waitFor();
  await opened(page, go);
  await page
    .locator('.jp-FileEditor .cm-content')
    .getByText('package')
    .waitFor();
  await page
    .locator('.jp-DirListing-item')
    .filter({ hasText: md })
    .click({ button: 'right' });
  await page.locator('.lm-Menu-item', { hasText: /^Open With/ }).hover();
  await page.locator('.lm-Menu-item', { hasText: 'Markdown Preview' }).click();
  await page.locator('.jp-MarkdownViewer h1').getByText('Read me').waitFor();
  await page.locator('.jp-MarkdownViewer mjx-container').waitFor();
  equal(await page.locator('.jp-Dialog').count(), 0, 'dialogs');
  void notebook;
}

/** Go is indented with tabs, and formatted by a key; a mistake is named and changes nothing. */
async function gofmt(t) {
  const notebook = await fresh(t);
  const { page } = t;
  const text = () =>
    notebook.cells
      .nth(0)
      .locator('.cm-line')
      .evaluateAll(lines => lines.map(line => line.textContent).join('\n'));
  const editor = notebook.cells.nth(0).locator('.cm-content').first();
  await editor.click();
  await page.keyboard.type('for i := range 3 {');
  await page.keyboard.press('Enter');
  await page.keyboard.type('x := i');
  equal(await text(), 'for i := range 3 {\n\tx := i', 'what Enter indents');
  await notebook.type(
    0,
    'import "fmt"\ntype T struct {\n  A int\n  Long string\n}\nx:=T{ }\nx'
  );
  await page.keyboard.press('Alt+Shift+f');
  const want =
    'import "fmt"\n\ntype T struct {\n\tA    int\n\tLong string\n}\nx := T{}\nx';
  for (let i = 0; i < 50 && (await text()) !== want; i++)
    await page.waitForTimeout(100);
  equal(await text(), want, 'what is formatted');
  await notebook.type(0, 'x := (');
  await page.keyboard.press('Alt+Shift+f');
  await page.getByText('not formatted: line 1').first().waitFor();
  equal(await text(), 'x := (', 'what cannot be formatted');
  for (let i = t.problems.length; i-- > 0;)
    if (t.problems[i].includes('422')) t.problems.splice(i, 1);
  // A file of Go too.
  const go = unique('code') + '.go';
  await api(page, 'PUT', `api/contents/${go}`, {
    type: 'file',
    format: 'text',
    content: 'package main\nfunc main( ){\n    println( 1 )\n}\n'
  });
  await opened(page, go);
  const file = page.locator('.jp-FileEditor .cm-content');
  await file.getByText('println').click();
  await page.keyboard.press('Alt+Shift+f');
  await file.getByText('func main() {').waitFor();
}

/** The toolbar has one line, and nothing of it is cut off, whatever the width and the state. */
async function toolbars(t) {
  const notebook = await fresh(t);
  const { page } = t;
  await notebook.type(0, 'x := 1');
  const faults = () =>
    page.evaluate(() => {
      const toolbar = document.querySelector('.jp-NotebookPanel-toolbar');
      const box = toolbar.getBoundingClientRect();
      const shown = [...toolbar.children].filter(
        item => item.getBoundingClientRect().width > 0
      );
      const bad = shown.filter(item => {
        const { left, right, top, bottom } = item.getBoundingClientRect();
        return (
          left < box.left - 1 ||
          right > box.right + 1 ||
          top < box.top - 1 ||
          bottom > box.bottom + 1
        );
      });
      const overlap = shown.filter((item, i) =>
        shown.some((other, j) => {
          if (j <= i) return false;
          const a = item.getBoundingClientRect();
          const b = other.getBoundingClientRect();
          return a.left < b.right - 1 && b.left < a.right - 1;
        })
      );
      return [...bad, ...overlap].map(
        item => item.dataset.jpItemName ?? item.className
      );
    });
  for (let width = 380; width <= 1000; width += 20) {
    await page.setViewportSize({ width, height: 700 });
    let found = ['?'];
    for (let i = 0; i < 20 && found.length; i++) {
      await page.waitForTimeout(100);
      found = await faults();
    }
    equal(found.join(), '', `cut off or overlapping at ${width}`);
    if (width % 100 === 0) {
      // The state changes while the width stays.
      await page.keyboard.press('Control+s');
      // What has no room is kept beside the document.
      await page
        .locator('.pb-SaveState[data-state="saved"]')
        .waitFor({ state: 'attached' });
      equal((await faults()).join(), '', `saved at ${width}`);
      await notebook.type(0, `x := ${width}`);
      await page
        .locator('.pb-SaveState[data-state="unsaved"]')
        .waitFor({ state: 'attached' });
      equal((await faults()).join(), '', `unsaved at ${width}`);
      if (process.env.SCREENSHOTS)
        await page.screenshot({
          path: `${process.env.SCREENSHOTS}/toolbar-${width}.png`
        });
    }
  }
}

await run([
  ['contextual help', contextualHelp],
  ['cell tags', cellTags],
  ['table of contents', contents],
  ['search', search],
  ['tooltip', tooltip],
  ['hover', hover],
  ['vim', vim],
  ['help menu', helpMenu],
  ['diagrams', diagrams],
  ['console', console_],
  ['log console', logs],
  ['running', running],
  ['settings', settings],
  ['viewers', viewers],
  ['gofmt', gofmt],
  ['toolbar widths', toolbars]
]);
