// A notebook by somebody else on the page as it is served, with its policy: its
// charts ask and hear nothing, no script of it runs whichever way it comes in,
// and its links and forms do nothing to the server. All of it harmless: what
// would be done is a mark on the page, or a request that can be told by its name.
//   node test/strangers.mjs URL [WORD…]
import { codeCell, notebookOf } from './lib/document.mjs';
import { api, Notebook } from './lib/notebook.mjs';
import { equal, ok, run, serverAddress } from './lib/run.mjs';

const display = (data, metadata = {}) => ({
  output_type: 'display_data',
  metadata,
  data
});

/** Puts a file into the folder as one that comes from elsewhere. */
async function put(t, path, content) {
  const token = new URL(serverAddress()).searchParams.get('token');
  const saved = await t.context.request.put(t.at('/api/contents/' + path), {
    headers: { Authorization: `token ${token}` },
    data: {
      type: 'file',
      format: 'base64',
      content: Buffer.from(content).toString('base64')
    }
  });
  ok(saved.ok(), `not saved: ${saved.status()}`);
}

/** What the browser says of things that the policy refuses; the rest are problems. */
function refusals(t) {
  const refused =
    /Content Security Policy|allow-scripts|sandboxed|is not loaded|Blocked (view|window|selector|timer) |Can not resolve event source|ERR_BLOCKED_BY_CSP|csp\b/;
  for (let i = t.problems.length; i-- > 0;)
    if (refused.test(t.problems[i])) t.problems.splice(i, 1);
}

/** The requests whose address has a mark. */
function marked(t, mark) {
  const found = [];
  t.context.on('request', request => {
    if (request.url().includes(mark)) found.push(request.url());
  });
  return found;
}

const VEGA = 'application/vnd.vega.v5+json';
const LITE = 'application/vnd.vegalite.v5+json';

/** Charts that reach for what is outside of them, in each way there is; the bar and the words are what they may show. */
function charts(mark, address) {
  const url = `${address}?${mark}`;
  const vega = rest => ({
    width: 100,
    height: 100,
    data: [{ name: 'own', values: [{ v: 1 }] }],
    marks: [
      {
        type: 'text',
        from: { data: 'own' },
        encode: { update: { text: { signal: 'heard' }, y: { value: 50 } } }
      }
    ],
    ...rest,
    signals: [{ name: 'heard', value: 'nothing' }, ...(rest.signals ?? [])]
  });
  const hears = source =>
    vega({
      signals: [
        {
          name: 'key',
          value: 'none',
          on: [
            {
              events: { source, type: 'keydown' },
              update: "'key ' + event.key"
            }
          ]
        }
      ],
      marks: [
        {
          type: 'text',
          encode: { update: { text: { signal: 'key' }, y: { value: 50 } } }
        }
      ]
    });
  const bar = {
    data: { values: [{ a: 'A', b: 1 }] },
    mark: 'bar',
    encoding: {
      x: { field: 'a', type: 'nominal' },
      y: { field: 'b', type: 'quantitative' }
    }
  };
  const embed_options = {
    ast: false,
    actions: true,
    renderer: 'canvas',
    sourceHeader: '<b>header</b>',
    defaultStyle: '#jp-main-dock-panel { outline: 9px solid red }',
    bind: '#main'
  };
  return [
    [
      VEGA,
      vega({
        data: [
          { name: 'loaded', url },
          { name: 'own', values: [1] }
        ]
      })
    ],
    [
      VEGA,
      vega({
        marks: [{ type: 'image', encode: { update: { url: { value: url } } } }]
      })
    ],
    [
      VEGA,
      vega({
        marks: [
          {
            type: 'image',
            encode: {
              update: { url: { value: `https://example.invalid/?${mark}` } }
            }
          }
        ]
      })
    ],
    [VEGA, hears('window')],
    [VEGA, hears('body')],
    [
      VEGA,
      vega({
        signals: [
          {
            name: 'b',
            value: 'x',
            bind: { element: '#jp-MainMenu', input: 'text' }
          },
          { name: 'c', value: 'x', bind: { element: '.pb-SaveState' } }
        ]
      })
    ],
    [LITE, bar, { embed_options }],
    [LITE, { ...bar, usermeta: { embedOptions: embed_options } }],
    [LITE, bar, { embed_options: { config: url, patch: url } }],
    [LITE, { ...bar, usermeta: { embedOptions: { config: url, loader: {} } } }],
    [LITE, url],
    [
      LITE,
      {
        ...bar,
        config: { events: { window: true, selector: true } },
        data: { url }
      }
    ]
  ];
}

/** Opens a notebook whose outputs are charts, and returns it when all are there. */
async function open(t, list) {
  const path = `strange-${Date.now()}.ipynb`;
  const cells = list.map(([type, spec, metadata], i) =>
    codeCell(`c${i}`, '1', {
      execution_count: 1,
      outputs: [display({ [type]: spec }, metadata ? { [type]: metadata } : {})]
    })
  );
  await put(t, path, JSON.stringify(notebookOf(cells)));
  await t.start();
  await t.page.goto(t.at('/notebooks/' + path));
  const notebook = await new Notebook(t.page).ready();
  for (let i = 0; i < list.length; i++) {
    await notebook.cells.nth(i).scrollIntoViewIfNeeded();
    await notebook.cells
      .nth(i)
      .locator('.vega-embed summary, .pb-Note')
      .first()
      .waitFor({ state: 'attached' });
  }
  return notebook;
}

/** What no chart may have done, trusted or not. */
async function nothingOutside(t) {
  const { page } = t;
  equal(
    await page
      .locator('#jp-MainMenu .vega-bind, .pb-SaveState .vega-bind')
      .count(),
    0,
    'inputs of a chart elsewhere on the page'
  );
  equal(await page.locator('#jp-MainMenu').count(), 1, 'menus');
  equal(await page.locator('#main .vega-bind').count(), 0, 'inputs');
  equal(await page.locator('.vega-embed canvas.marks').count(), 0, 'canvases');
  const style = await page
    .locator('#vega-embed-style')
    .evaluateAll(all => all.map(s => s.textContent).join());
  ok(!style.includes('9px solid red'), 'a style of the file');
  const actions = (
    await page.locator('.vega-actions a').allTextContents()
  ).filter(a => !/^Save as (SVG|PNG)$/.test(a));
  equal(actions.join(), '', 'further entries of the menu');
}

async function strangersCharts(t) {
  const mark = `chart-${Date.now()}`;
  const asked = marked(t, mark);
  const list = charts(mark, '/api/contents');
  const notebook = await open(t, list);
  for (const i of [3, 4])
    equal(
      await notebook.cells.nth(i).locator('svg text').textContent(),
      'none',
      'what a chart shows'
    );
  await t.page.keyboard.press('Shift');
  await t.page.keyboard.press('F8');
  await nothingOutside(t);
  for (const i of [3, 4])
    equal(
      await notebook.cells.nth(i).locator('svg text').textContent(),
      'none',
      'what a chart has heard'
    );
  await notebook.shows(0, 'this notebook is not trusted');
  await notebook.shows(10, 'This chart cannot be drawn');
  equal(
    await notebook.cells.nth(6).locator('.pb-Note').count(),
    0,
    'notes at a chart that loses nothing'
  );
  equal(asked.join(), '', 'requests of charts');
  refusals(t);
}

/** Charts of a run: they get files of the folder and no other address of the server. */
async function trustedCharts(t) {
  const mark = `chart-${Date.now()}`;
  const asked = marked(t, mark);
  await t.start();
  await t.page.locator('#new').click();
  await t.page.waitForURL('**/notebooks/**');
  const notebook = await new Notebook(t.page).ready();
  const paths = [
    '/api/contents',
    '../api/contents',
    'x/../../../api/contents',
    t.at('/api/contents'),
    t.at('/files/../api/contents'),
    t.at('/files/%2e%2e/api/contents')
  ];
  const load = paths.map((path, i) => ({
    name: `d${i}`,
    url: `${path}?${mark}`
  }));
  const spec = {
    width: 50,
    height: 50,
    data: load,
    signals: [
      {
        name: 'b',
        value: 'x',
        bind: { element: '#jp-MainMenu', input: 'text' }
      }
    ],
    marks: [
      {
        type: 'text',
        encode: { update: { text: { value: 'drawn' }, y: { value: 20 } } }
      },
      {
        type: 'image',
        encode: { update: { url: { value: `/api/contents?${mark}` } } }
      }
    ]
  };
  await notebook.run(
    0,
    `display.MIMEBundle(map[string]any{"${VEGA}": json.RawMessage(\`${JSON.stringify(spec)}\`)})`
  );
  await notebook.shows(0, 'drawn');
  await notebook.cells.nth(0).locator('.vega-bind').waitFor();
  const outside = asked.filter(
    url => !new URL(url).pathname.startsWith('/files/')
  );
  equal(outside.join(), '', 'addresses of the server that a chart has asked');
  equal(
    await t.page.locator('#jp-MainMenu .vega-bind').count(),
    0,
    'inputs elsewhere on the page'
  );
  // What is not there, beside the notebook, is no problem of the page.
  for (let i = t.problems.length; i-- > 0;)
    if (
      t.problems[i].includes(mark) ||
      /404|Loading failed/.test(t.problems[i])
    )
      t.problems.splice(i, 1);
  refusals(t);
}

const act = '(top ?? window).attacked = true; window.attacked = true;';

/** Each way by which a file beside the notebook, or a text in it, could become a script of the page. */
function waysIn(script) {
  const src = `/files/${script}`;
  const attribute = text =>
    text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  return {
    'script element': `<script src="${src}"></script>`,
    module: `<script type="module" src="${src}"></script>`,
    'import map': `<script type="importmap">{"imports":{"x":"${src}"}}</script><script type="module">import "x"</script>`,
    inline: `<script>${act}</script>`,
    'frame with a document': `<iframe srcdoc="${attribute(`<script src="${src}"></script><script>${act}</script>`)}"></iframe>`,
    'frame of data': `<iframe src="data:text/html,${encodeURIComponent(`<script>${act}</script>`)}"></iframe>`,
    'frame of a file': `<iframe src="/files/${script}.html"></iframe>`,
    'frame of a script': `<iframe src="javascript:${act}"></iframe>`,
    object: `<object data="/files/${script}.html"></object><embed src="/files/${script}.html">`,
    base: `<base href="/files/"><script src="${script}"></script>`,
    'svg script': `<svg><script href="${src}"></script></svg>`,
    'svg use': `<svg><use href="/files/${script}.svg#x"></use></svg>`,
    handler: `<img src="data:," onerror="${act}"><details open ontoggle="${act}">x</details>`,
    style: `<style>@import url("javascript:${act}"); p { background: url("javascript:${act}") }</style>`,
    refresh: `<meta http-equiv="refresh" content="0; url=javascript:${act}">`,
    preload: `<link rel="modulepreload" href="${src}"><link rel="stylesheet" href="javascript:${act}">`
  };
}

async function noScriptRuns(t) {
  const script = `act-${Date.now()}.js`;
  await put(t, script, act);
  await put(
    t,
    script + '.html',
    `<script>try { ${act} } catch { parent.postMessage('attacked', '*') }</script>`
  );
  await put(
    t,
    script + '.svg',
    `<svg xmlns="http://www.w3.org/2000/svg"><g id="x" onclick="${act}"><script>${act}</script></g></svg>`
  );
  await t.start();
  await t.page.locator('#new').click();
  await t.page.waitForURL('**/notebooks/**');
  const notebook = await new Notebook(t.page).ready();
  let i = 0;
  for (const [name, html] of Object.entries(waysIn(script)))
    for (const kind of ['HTML', 'Markdown']) {
      const shown = `shown ${i}`;
      const text = `<b>${shown}</b> ${html}`;
      await notebook.run(i, `display.${kind}(${JSON.stringify(text)})`);
      await notebook.shows(i, shown);
      const attacked = async frame =>
        frame.evaluate(() => window.attacked).catch(() => undefined);
      for (const frame of [t.page.mainFrame(), ...t.page.frames()])
        if (frame === t.page.mainFrame() || frame.url().includes('srcdoc'))
          equal(await attacked(frame), undefined, `${name} in ${kind} has run`);
      i++;
    }
  // Once more when all that is late has come.
  await t.page.waitForLoadState('networkidle').catch(() => undefined);
  equal(
    await t.page.evaluate(() => window.attacked),
    undefined,
    'a script has run'
  );
  for (let j = t.problems.length; j-- > 0;)
    if (
      t.problems[j].includes(script) ||
      /javascript:|import map|"x"|specifier/.test(t.problems[j])
    )
      t.problems.splice(j, 1);
  refusals(t);
}

/** Links and forms in a trusted output that would start a command of the page, or call the server. */
async function linksAndForms(t) {
  const mark = `form-${Date.now()}`;
  const asked = marked(t, mark);
  await t.start();
  await t.page.locator('#new').click();
  await t.page.waitForURL('**/notebooks/**');
  const { page } = t;
  const notebook = await new Notebook(page).ready();
  const html = `<a class="trap" href="#x" data-commandlinker-command="notebook:insert-cell-below" data-commandlinker-args="{}">command</a>
<button class="trap" data-commandlinker-command="notebook:insert-cell-below">command</button>
<form method="post" action="/api/kernels?${mark}" enctype="text/plain" target="_blank"><button class="trap">form</button></form>
<form method="get" action="/api/status?${mark}"><button class="trap">form</button></form>
<img class="out" src="/logout" alt="">`;
  await notebook.run(0, `display.HTML(\`${html}\`)`);
  const traps = notebook.cells.nth(0).locator('.jp-OutputArea-output .trap');
  await traps.first().waitFor();
  const cells = await notebook.cells.count();
  const address = page.url();
  const count = await traps.count();
  equal(count, 4, 'traps');
  for (let i = 0; i < count; i++)
    await traps.nth(i).evaluate(trap => trap.click());
  equal(await page.locator('.jp-Dialog').count(), 0, 'dialogs');
  equal(await notebook.cells.count(), cells, 'cells');
  equal(
    page.url().replace(/#.*/, ''),
    address.replace(/#.*/, ''),
    'the address'
  );
  equal(asked.join(), '', 'requests of forms');
  // The picture has not signed out.
  await api(page, 'GET', 'api/status');
  refusals(t);
}

await run([
  ["a stranger's charts", strangersCharts],
  ['trusted charts', trustedCharts],
  ['no script runs', noScriptRuns],
  ['links and forms', linksAndForms]
]);
