// The pool panel as an extension of a whole JupyterLab, on Jupyter's own server
// with the Go kernel:
//   node test/extension.mjs URL        the server's address with its token
// Its own problems count, not those of a JupyterLab with an older server.
import { codeCell, notebookOf } from './lib/document.mjs';
import { launch, visit } from './lib/browser.mjs';
import { equal, ok, serverAddress } from './lib/run.mjs';

const url = serverAddress();
const code = `p := pool.New(pool.Processes(3))
r := pool.MapAsync(p, func(n int) int { time.Sleep(100 * time.Millisecond); return n * n }, pool.Range(40), pool.Label("squares"), pool.ChunkSize(1))
squares, err := r.Get()
fmt.Println(len(squares), err)`;
const notebook = notebookOf([codeCell('map', code)]);

const browser = await launch();
const t = await visit(browser, url);
const { page } = t;
const picture = async name =>
  process.env.SCREENSHOTS &&
  page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}.png` });
try {
  const token = new URL(url).searchParams.get('token');
  const saved = await t.context.request.put(t.at('/api/contents/pool.ipynb'), {
    headers: { Authorization: `token ${token}` },
    data: { type: 'notebook', format: 'json', content: notebook }
  });
  ok(saved.ok(), `the notebook is not saved: ${saved.status()}`);
  await page.goto(t.at(`/lab/tree/pool.ipynb?token=${token}`));
  const panel = page.locator('.jp-NotebookPanel');
  await page
    .locator('#jp-main-statusbar')
    .filter({ hasText: 'Go (Poolbook) | Idle' })
    .waitFor();

  await panel.locator('.pb-PoolButton').click();
  await page.locator('.pb-PoolView.pb-mod-empty').waitFor();
  await panel.locator('.cm-content').first().click();
  await page.keyboard.press('Shift+Enter');

  // The map is there and goes on: the bar has been seen between none and all.
  const job = page.locator('.pb-Job').filter({ hasText: 'squares' });
  await job.waitFor();
  await page.waitForFunction(() => {
    const text =
      [...document.querySelectorAll('.pb-Job')].find(e =>
        e.textContent.includes('squares')
      )?.textContent ?? '';
    const [, done, all] = text.match(/(\d+) of (\d+)/) ?? [];
    return Number(done) > 0 && Number(done) < Number(all);
  });
  await picture('extension-running');
  await job.filter({ hasText: '40 of 40' }).waitFor();
  await panel
    .locator('.jp-OutputArea-output')
    .filter({ hasText: '40 <nil>' })
    .waitFor();
  await picture('extension-done');
  equal(await page.locator('.pb-Job').count(), 1, 'jobs in the panel');
  const own = t.problems.filter(p => p.includes('/poolbook-pool/'));
  ok(!own.length, own.join('\n'));
  console.log('1 passed, 0 failed');
} catch (error) {
  await picture('extension-failed');
  console.log(`FAIL ${error.stack ?? error}\n${t.problems.join('\n')}`);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
} finally {
  await browser.close();
}
