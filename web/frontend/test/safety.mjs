// A notebook by somebody else, with scripts in whatever it stores: none runs
// when it is opened, nor when its cells are shown anew.
//   node test/safety.mjs URL [WORD…]
import { codeCell, notebookOf } from './lib/document.mjs';
import { Notebook } from './lib/notebook.mjs';
import { equal, ok, run, serverAddress } from './lib/run.mjs';

const act = 'window.attacked=(window.attacked||0)+1';
const svg = `<svg xmlns="http://www.w3.org/2000/svg" onload="${act}"><script>${act}</script><rect width="9" height="9"/></svg>`;
const display = data => ({ output_type: 'display_data', metadata: {}, data });
const outputs = [
  display({
    'text/html': `<b>kept</b><script>${act}</script><img src="data:,x" onerror="${act}"><iframe srcdoc="<script>parent.${act}</script>"></iframe>`
  }),
  display({
    'text/html': `<form action="javascript:${act}"><button>b</button></form>`
  }),
  display({ 'text/html': `<a href="javascript:${act}" class="trap">link</a>` }),
  display({
    'text/html': `<math><mtext><style><img src="data:,x" onerror="${act}"></style></mtext></math>`
  }),
  display({ 'image/svg+xml': svg }),
  display({ 'application/javascript': act }),
  display({ 'text/markdown': `<img src="data:,x" onerror="${act}">` }),
  display({ 'text/latex': `$\\href{javascript:${act}}{x}$` }),
  {
    output_type: 'stream',
    name: 'stdout',
    text: `\u001b]8;;javascript:${act}\u001b\\link\u001b]8;;\u001b\\ <script>${act}</script>`
  },
  {
    output_type: 'error',
    ename: `<img src="data:,x" onerror="${act}">`,
    evalue: '',
    traceback: [`<img src="data:,x" onerror="${act}">`]
  }
];
const cells = [
  {
    id: 'm',
    cell_type: 'markdown',
    metadata: {},
    source: `# Title ${Date.now()} <img src="data:,x" onerror="${act}">\n\n[link](javascript:${act})\n\n<script>${act}</script>`
  },
  {
    id: 'r',
    cell_type: 'raw',
    metadata: { raw_mimetype: 'text/html' },
    source: `<script>${act}</script>`
  },
  codeCell('c', '1', {
    metadata: { trusted: true },
    execution_count: 1,
    outputs
  })
];
const notebook = notebookOf(cells, {
  title: `<img src="data:,x" onerror="${act}">`
});

async function storedScripts(t) {
  const path = `foreign-${Date.now()}.ipynb`;
  const { page } = t;
  const token = new URL(serverAddress()).searchParams.get('token');
  const saved = await t.context.request.put(t.at('/api/contents/' + path), {
    headers: { Authorization: `token ${token}` },
    data: {
      // As a file that comes from elsewhere: the user has not made it here.
      type: 'file',
      format: 'base64',
      content: Buffer.from(JSON.stringify(notebook)).toString('base64')
    }
  });
  ok(saved.ok(), `not saved: ${saved.status()}`);
  await t.start();
  await page.goto(t.at('/notebooks/' + path));
  await new Notebook(page).ready();
  await page
    .locator('.jp-OutputArea-output b')
    .filter({ hasText: 'kept' })
    .waitFor();
  const traps = page.locator(
    '.jp-Notebook a[href^="javascript:"], .jp-Notebook form[action^="javascript:"]'
  );
  equal(await traps.count(), 0, 'links and forms that would run a script');
  // Rendered again: the Markdown cell is edited and run.
  await page.locator('.jp-MarkdownOutput').first().dblclick();
  await page.keyboard.press('Shift+Enter');
  await page.locator('.jp-MarkdownOutput h1').waitFor();
  await page.waitForTimeout(500); // what a picture that fails to load would need
  equal(await page.evaluate(() => window.attacked ?? 0), 0, 'scripts that ran');
}

// Without the page's Content Security Policy, which is the second line of defence.
await run([
  [
    'scripts in a stored notebook do not run',
    storedScripts,
    { bypassCSP: true }
  ]
]);
