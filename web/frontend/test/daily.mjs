// What one does many times a day, and what the page is not to do then: scroll away what is worked on, leave
// out what was typed, say nothing. On the Go kernel.
//   node test/daily.mjs URL [WORD…]
import { readFileSync } from 'node:fs';
import { api, Notebook } from './lib/notebook.mjs';
import { codeCell, notebookOf } from './lib/document.mjs';
import { equal, ok, run } from './lib/run.mjs';

const unique = word => `${word}-${Date.now().toString(36)}`;

/** Opens a notebook of these cells. */
async function opened(t, cells) {
  await t.start();
  const path = `${unique('daily')}.ipynb`;
  await api(t.page, 'PUT', `api/contents/${path}`, {
    type: 'notebook',
    content: notebookOf(cells)
  });
  await t.page.goto(t.at(`/notebooks/${path}`));
  return new Notebook(t.page).ready();
}

/** The place in the window of what an element has inside. */
const top = locator => locator.evaluate(n => n.getBoundingClientRect().top);

/** Waits until nothing has moved for some pictures. */
const settled = page =>
  page.evaluate(
    () =>
      new Promise(resolve => {
        let still = 0;
        let last = NaN;
        const look = () => {
          const now = document
            .querySelector('.jp-Notebook .jp-Cell')
            ?.getBoundingClientRect().top;
          still = now === last ? still + 1 : 0;
          last = now;
          if (still > 30) resolve();
          else requestAnimationFrame(look);
        };
        look();
      })
  );

const lines = (n, text) => Array.from({ length: n }, (_, i) => text(i));

/** Running a cell that is longer than the window leaves the line that was edited where it is. */
async function longCell(t) {
  const source = [
    'total := 0',
    ...lines(150, i => `total += ${i}`),
    'total'
  ].join('\n');
  const notebook = await opened(t, [
    codeCell('a', '"above"'),
    codeCell('long', source),
    codeCell('b', '"below"')
  ]);
  const { page } = t;
  await notebook.cells.nth(1).locator('.cm-line').first().click();
  let caret = 0;
  for (const at of [20, 80, 145]) {
    // By keys, as one goes there: an editor has only those of its lines that are seen.
    for (; caret <= at; caret++) await page.keyboard.press('ArrowDown');
    const line = notebook.cells
      .nth(1)
      .locator('.cm-line')
      .filter({ hasText: new RegExp(`^total \\+= ${at}$`) });
    await settled(page);
    const before = await top(line);
    await page.keyboard.press('Control+Enter');
    await notebook.finished(1);
    await settled(page);
    const moved = (await top(line)) - before;
    await page.keyboard.press('Enter');
    ok(Math.abs(moved) < 30, `line ${at} moved by ${moved} pixels`);
  }
}

/** Running a cell again does not move what is looked at, though its output is gone for a moment. */
async function tallOutput(t) {
  const notebook = await opened(t, [
    codeCell('a', '"above"'),
    codeCell('tall', 'for i := range 60 {\n\tfmt.Println("line", i)\n}')
  ]);
  const { page } = t;
  await notebook.select(1);
  await page.keyboard.press('Control+Enter');
  await notebook.finished(1);
  await settled(page);
  await notebook.type(
    1,
    'time.Sleep(time.Second)\nfor i := range 60 {\n\tfmt.Println("line", i)\n}'
  );
  const code = notebook.cells.nth(1).locator('.cm-content');
  // The output fills the window, its code is just to be seen at the top.
  await code.evaluate(n => n.scrollIntoView({ block: 'start' }));
  await settled(page);
  const before = await top(code);
  await page.keyboard.press('Control+Enter');
  await notebook.started(1);
  await notebook.shows(1, 'line 59');
  await notebook.finished(1);
  await settled(page);
  const moved = (await top(code)) - before;
  ok(Math.abs(moved) < 30, `the code moved by ${moved} pixels`);
}

const ask =
  'fmt.Print("your name? ")\nvar name string\nfmt.Scanln(&name)\n"hello " + name';

/** Clearing outputs while a cell asks leaves the question. */
async function clearWhileAsked(t) {
  const notebook = await opened(t, [codeCell('a', ask)]);
  const { page } = t;
  await notebook.select(0);
  await page.keyboard.press('Control+Enter');
  const box = page.locator('.jp-Stdin-input');
  await box.waitFor();
  await page.locator('.lm-MenuBar-item').getByText('Edit').click();
  await page
    .locator('.lm-Menu-item')
    .getByText('Clear Outputs of All Cells')
    .click();
  await box.waitFor();
  await box.fill('Ada');
  await box.press('Enter');
  await notebook.shows(0, 'hello Ada');
}

/** A page that is opened anew while a cell asks shows the question. */
async function reloadWhileAsked(t) {
  const notebook = await opened(t, [codeCell('a', ask)]);
  const { page } = t;
  await notebook.select(0);
  await page.keyboard.press('Control+Enter');
  await page.locator('.jp-Stdin-input').waitFor();
  await page.reload();
  await notebook.ready();
  const box = page.locator('.jp-Stdin-input');
  await box.waitFor();
  await box.fill('Ada');
  await box.press('Enter');
  await notebook.shows(0, 'hello Ada');
}

/** Renaming to a name that is taken says so, and loses neither file. */
async function takenName(t) {
  await opened(t, [codeCell('a', '1')]);
  const { page } = t;
  const taken = unique('taken');
  await api(page, 'PUT', `api/contents/${taken}.ipynb`, {
    type: 'notebook',
    content: notebookOf([codeCell('kept', '"kept"')])
  });
  await page.locator('.lm-MenuBar-item').getByText('File').click();
  await page.locator('.lm-Menu-item').getByText('Rename Notebook').click();
  const dialog = page.locator('.jp-Dialog');
  await dialog.locator('input').fill(`${taken}.ipynb`);
  await dialog.locator('button.jp-mod-accept').click();
  await page
    .locator('.jp-Dialog, .Toastify__toast')
    .filter({ hasText: /exist|taken|overwrite/i })
    .first()
    .waitFor();
  // So does the browser, in the console.
  t.problems.splice(
    0,
    t.problems.length,
    ...t.problems.filter(problem => !/ 409 |Showing error/.test(problem))
  );
  const kept = await api(
    page,
    'GET',
    `api/contents/${taken}.ipynb?type=notebook`
  );
  equal(kept.content.cells[0].source, '"kept"', 'the file of that name');
}

/** A download has what was typed last. */
async function downloads(t) {
  const notebook = await opened(t, [codeCell('a', '"old"')]);
  const { page } = t;
  await notebook.type(0, '"typed last"');
  await page.locator('.lm-MenuBar-item').getByText('File').click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.locator('.lm-Menu-item').getByText('Download', { exact: true }).click()
  ]);
  const file = await download.path();
  ok(
    readFileSync(file, 'utf8').includes('typed last'),
    'the download is what was saved before'
  );
}

const maths = [
  {
    id: 'm',
    cell_type: 'markdown',
    metadata: {},
    source:
      'Let $x_1 < \\sqrt{2}$ be\n\n$$\\sum_{i=1}^n i = \\frac{n(n+1)}2$$\n\nand `$5` and $\\unknown$.'
  },
  codeCell('c', '1', {
    outputs: [
      {
        output_type: 'display_data',
        metadata: {},
        data: { 'text/latex': '$\\alpha + \\href{javascript:alert(1)}{b}$' }
      },
      {
        output_type: 'display_data',
        metadata: {},
        data: {
          'text/html':
            '<b>html</b><img src="x" onerror="document.title=\'ran\'"><script>document.title="ran"</script>'
        }
      }
    ]
  })
];

/** What a page, or the hidden frame that is printed, has of formulas, and that no script of an output runs in it. */
async function setFormulas(page, frame) {
  await page.waitForFunction(frame => {
    const root = frame
      ? document.querySelector(frame)?.contentDocument
      : document;
    return root?.querySelectorAll('math').length === 4;
  }, frame);
  const { text, display, links, title } = await page.evaluate(frame => {
    const root = frame
      ? document.querySelector(frame).contentDocument
      : document;
    return {
      text: [...root.querySelectorAll('main')]
        .map(main => main.textContent)
        .join(''),
      display: root.querySelectorAll('math[display="block"]').length,
      links: [...root.querySelectorAll('math [href]')].map(n =>
        n.getAttribute('href')
      ),
      title: document.title
    };
  }, frame);
  ok(!/\\(sqrt|frac|alpha)/.test(text), `TeX is left in ${text.slice(0, 500)}`);
  ok(text.includes('$5'), 'code stays');
  ok(text.includes('\\unknown'), 'a word that TeX does not know is shown');
  equal(display, 1, 'formulas in a line of their own');
  equal(links.filter(href => /script/.test(href)).length, 0, 'scripts');
  ok(title !== 'ran', 'a script of an output ran');
}

/** Formulas are set in the exported page, by itself. */
async function exportsFormulas(t) {
  const notebook = await opened(t, maths);
  const { page } = t;
  const answer = await t.context.request.get(
    t.at(`/nbconvert/html/${notebook.path()}`)
  );
  const html = await answer.text();
  const other = await t.context.newPage();
  await other.setContent(html);
  await setFormulas(other);
  // The browser says in the console what the page's policy has refused.
  ok(
    t.problems.some(problem => problem.includes('Content Security Policy')),
    'the policy refused scripts'
  );
  t.problems.splice(0);
  await other.close();
  await page.locator('.jp-MarkdownOutput .MathJax').first().waitFor();
}

/** Formulas are set in what is printed. */
async function printsFormulas(t) {
  await opened(t, maths);
  const { page } = t;
  await page.locator('#jp-right-stack, .jp-SideBar').first().waitFor();
  await page.waitForFunction(() =>
    document.querySelector('.jp-SideBar [data-id="table-of-contents"]')
  );
  await page.keyboard.press('Control+p');
  await setFormulas(page, 'iframe[sandbox~="allow-modals"]');
  t.problems.splice(0);
}

/** A file that is no text can be had all the same. */
async function noText(t) {
  await opened(t, [codeCell('a', '1')]);
  const { page } = t;
  const name = `${unique('data')}.bin`;
  await api(page, 'PUT', `api/contents/${name}`, {
    type: 'file',
    format: 'base64',
    content: btoa('\xff\xfe\x00\x01')
  });
  await page.goto(t.at(`/edit/${name}`));
  const dialog = page.locator('.jp-Dialog').filter({ hasText: name });
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    dialog.getByRole('button', { name: 'Download' }).click()
  ]);
  equal(readFileSync(await download.path()).length, 4, 'bytes');
  // The browser itself says in the console that the text was refused.
  t.problems.splice(0);
}

/** What is looked for is in view as soon as it is found. */
async function findsFirst(t) {
  const notebook = await opened(
    t,
    lines(60, i =>
      codeCell(
        `c${i}`,
        i === 47
          ? lines(60, l => (l === 50 ? 'needle := 1' : `_ = ${l}`)).join('\n')
          : `_ = ${i}`
      )
    )
  );
  const { page } = t;
  // Search comes late, with the last of the side bar's entries.
  await page
    .locator('.jp-SideBar [data-id="table-of-contents"]')
    .waitFor({ state: 'attached' });
  await notebook.select(0);
  await page.keyboard.press('Control+f');
  await page.locator('.jp-DocumentSearch-overlay').waitFor();
  await page.keyboard.type('needle');
  await page
    .locator('.jp-DocumentSearch-index-counter', { hasText: '1/1' })
    .waitFor();
  await page.waitForFunction(() => {
    const found = [...document.querySelectorAll('.cm-line')].find(line =>
      line.textContent.includes('needle')
    );
    const view = document.querySelector('.jp-WindowedPanel-outer');
    if (!found || !view) return false;
    const [a, b] = [found, view].map(n => n.getBoundingClientRect());
    return a.top >= b.top && a.bottom <= b.bottom;
  });
  // What stands above, before the cursor of its cell.
  await page.keyboard.press('Control+a');
  await page.keyboard.type('_ = 3');
  await page
    .locator('.jp-DocumentSearch-index-counter', { hasText: /^[1-9]\d*\/\d/ })
    .waitFor();
}

/** The find box and its input are in the window of a phone. */
async function findBoxFits(t) {
  const notebook = await opened(t, [codeCell('a', '1')]);
  const { page } = t;
  await notebook.select(0);
  await page.waitForFunction(() =>
    document.querySelector('.jp-SideBar [data-id="table-of-contents"]')
  );
  await page.keyboard.press('Control+f');
  const box = page.locator('.jp-DocumentSearch-overlay');
  await box.waitFor();
  const cut = await box.evaluate(overlay => {
    const panel = overlay.parentElement.getBoundingClientRect();
    return [overlay, ...overlay.querySelectorAll('textarea, button')]
      .map(node => [node.className, node.getBoundingClientRect()])
      .filter(
        ([, at]) =>
          at.width && (at.left < panel.left - 1 || at.right > panel.right + 1)
      )
      .map(([name]) => name);
  });
  equal(cut.join(), '', 'parts that are cut off');
}

await run([
  ['run in a long cell', longCell],
  ['run a tall output again', tallOutput],
  ['clear while a cell asks', clearWhileAsked],
  ['reload while a cell asks', reloadWhileAsked],
  ['rename to a name that is taken', takenName],
  ['download what is not saved', downloads],
  ['export formulas', exportsFormulas],
  ['print formulas', printsFormulas],
  ['a file that is no text', noText],
  ['find what is far away', findsFirst],
  [
    'find box on a phone',
    findBoxFits,
    { viewport: { width: 390, height: 780 } }
  ]
]);
