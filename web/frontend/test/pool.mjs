// The pool panel on a Go kernel: it shows what runs, stops a job while a cell
// waits for it, marks what failed, and is there again after a reload.
//   node test/pool.mjs URL [WORD…]
import { Notebook } from './lib/notebook.mjs';
import { accessible } from './lib/axe.mjs';
import { equal, ok, run } from './lib/run.mjs';

async function fresh(t) {
  await t.start();
  await t.page.locator('#new').click();
  await t.page.waitForURL('**/notebooks/**');
  const notebook = await new Notebook(t.page).ready();
  await t.page.keyboard.press('Control+Alt+p');
  await t.page.locator('.pb-PoolView.pb-mod-empty').waitFor();
  return notebook;
}

const job = (page, label) => page.locator('.pb-Job').filter({ hasText: label });

async function follows(t) {
  const { page } = t;
  const notebook = await fresh(t);
  await notebook.run(
    0,
    `p := pool.New(pool.Processes(3))
r := pool.MapAsync(p, func(n int) int {
	time.Sleep(100 * time.Millisecond)
	if n == 7 {
		panic("seven is too much")
	}
	return n
}, pool.Range(30), pool.Label("squares"), pool.ChunkSize(1))
_, err := r.Get()
fmt.Println("over", err != nil)`
  );
  await job(page, 'squares').waitFor();
  await page.locator('.pb-Worker[data-state="busy"]').first().waitFor();
  await notebook.shows(0, 'over true');
  await page.locator('.pb-Job[data-state="failed"]').waitFor();
  ok(
    (await job(page, 'squares').innerText()).includes('1 failed'),
    'the job says what failed'
  );
  equal(await page.locator('.pb-Worker').count(), 3, 'workers');
  await page.waitForFunction(() =>
    /\b30 tasks/.test(document.querySelector('.pb-Sum').textContent)
  );
  await accessible(page);
  // The pointer over the lanes finds the failed task.
  await page.getByRole('button', { name: 'Show all tasks' }).click();
  const { x, y, width } = await page.locator('.pb-Timeline').boundingBox();
  const failed = page.locator('.pb-Tip.pb-mod-failed:not([hidden])');
  for (let at = 0; at < width && !(await failed.count()); at += 8) {
    for (let lane = 0; lane < 3 && !(await failed.count()); lane++)
      await page.mouse.move(x + at, y + 34 + lane * 24);
  }
  ok(
    (await failed.innerText()).includes('seven is too much'),
    'the failed task says why'
  );
  await page.getByRole('button', { name: 'Keep a picture' }).click();
  const picture = page.locator('.jp-MarkdownOutput img');
  await picture.waitFor();
  ok(
    await picture.evaluate(img =>
      img.decode().then(() => img.naturalWidth > 300)
    ),
    'a picture in the notebook'
  );
  ok(
    (await page.locator('.jp-MarkdownOutput').innerText()).includes(
      'squares: 30/30'
    ),
    'the summary beside it'
  );
  await notebook.save();
  await page.reload();
  await notebook.ready();
  if (!(await page.locator('.pb-PoolView').isVisible()))
    await page.keyboard.press('Control+Alt+p');
  await job(page, 'squares').waitFor();
  await page.waitForFunction(() =>
    /\b30 tasks/.test(document.querySelector('.pb-Sum').textContent)
  );
}

async function stops(t) {
  const { page } = t;
  const notebook = await fresh(t);
  await notebook.run(
    0,
    `p := pool.New(pool.Processes(2))
_, err := pool.Map(p, func(n int) int { time.Sleep(time.Minute); return n }, pool.Range(10), pool.Label("endless"))
fmt.Println("ended:", err)
p.Terminate()`
  );
  await job(page, 'endless').getByRole('button', { name: 'Stop' }).click();
  await notebook.shows(0, 'ended:', 15_000);
  await page.locator('.pb-Job[data-state="cancelled"]').waitFor();
}

async function many(t) {
  const { page } = t;
  const notebook = await fresh(t);
  await notebook.run(
    0,
    `p := pool.New(pool.Processes(2))
got, err := pool.Map(p, func(n int) int { return n * n }, pool.Range(50000), pool.ChunkSize(50))
fmt.Println("over", len(got), err)
p.Close()`
  );
  await notebook.shows(0, 'over 50000', 120_000);
  await page.getByRole('button', { name: 'Show all tasks' }).click();
  // Zooming stays smooth: no picture takes long.
  const longest = await page.evaluate(
    () =>
      new Promise(resolve => {
        const canvas = document.querySelector('.pb-Timeline');
        const times = [];
        let last = performance.now();
        const step = () => {
          const now = performance.now();
          times.push(now - last);
          last = now;
          canvas.dispatchEvent(
            new WheelEvent('wheel', {
              deltaY: times.length % 2 ? 30 : -30,
              ctrlKey: true,
              cancelable: true
            })
          );
          if (times.length < 60) requestAnimationFrame(step);
          else resolve(times.sort((a, b) => a - b)[30]);
        };
        requestAnimationFrame(step);
      })
  );
  ok(
    longest < 100,
    `half of the pictures took more than ${Math.round(longest)} ms`
  );
}

await run([
  ['panel follows', follows],
  ['panel stops a job', stops],
  ['panel of 50,000 tasks', many]
]);
